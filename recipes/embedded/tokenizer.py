"""Trains the base model's tokenizer: a byte-level BPE of 2,048 entries.

Bytes are its alphabet, so any text can be encoded and decoded again. Its merges come from
pretraining text, that is, from names that the data set does not hold.
"""

from __future__ import annotations

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from recipes.embedded.curriculum import N_SENTINELS, Curriculum

VOCABULARY_SIZE = 2048
PAD, EOS, UNKNOWN = "<pad>", "</s>", "<unk>"
MAX_LENGTH = 512


def train_tokenizer(seed: int, n_texts: int = 20_000) -> PreTrainedTokenizerFast:
    """Train the tokenizer on freshly written pretraining text.

    Parameters
    ----------
    seed : int
        Seed of the text.
    n_texts : int
        How many passages and question answering examples to train on.

    Returns
    -------
    PreTrainedTokenizerFast
        With pad 0, end of text 1 (appended to every text) and `<extra_id_0>` to `<extra_id_15>`.
    """
    sentinels = [f"<extra_id_{index}>" for index in range(N_SENTINELS)]
    tokenizer = Tokenizer(models.BPE())
    # A word is one token wherever it stands: every text gets the blank that precedes inner words,
    # and loses it again when it is decoded. Without it an answer is spelled differently from the
    # same words in the context, and cannot be copied token by token.
    tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[PAD, EOS, UNKNOWN, *sentinels],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    curriculum = Curriculum(seed)
    texts = [curriculum.text() for _ in range(n_texts // 2)]
    for _ in range(n_texts // 2):
        texts += curriculum.answer()
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {EOS}",
        pair=f"$A {EOS} $B {EOS}",
        special_tokens=[(EOS, tokenizer.token_to_id(EOS))],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        additional_special_tokens=sentinels,
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )
