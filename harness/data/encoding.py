"""Items to token ids, for training and for generation alike, with every cut counted.

Works with any tokenizer of `transformers` without importing it; pads nothing and batches
nothing for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from harness.data.cutting import Ends, Tokenise, cut_to_fit
from harness.data.items import Item
from harness.data.prompts import render
from harness.errors import ExperimentError, ModelError
from harness.experiment.data import names_in

if TYPE_CHECKING:
    from harness.experiment.data import Prompt

__all__ = ["Encoded", "Tokenizer", "encode"]

_CHUNK = 2_048  # texts per call: bounds the memory that offsets and words take meanwhile


class Tokenizer(Protocol):
    """What is used of a `transformers` tokenizer."""

    @property
    def eos_token_id(self) -> int | None:
        """Id of the end-of-sequence token."""

    @property
    def is_fast(self) -> bool:
        """Whether it reports offsets."""

    def __call__(self, text: Any = None, **options: Any) -> Any:
        """Ids, and offsets where asked for, of a list of texts."""


class Encoded(NamedTuple):
    """One item as tokens.

    Attributes
    ----------
    item_id : str
        The item.
    prompt : str
        The input as text, after cutting; the tokenizer makes `prompt_ids` of it.
    prompt_ids : list of int
        The input. Ends with eos for an encoder-decoder whose tokenizer adds one, never for a
        decoder.
    target_ids : list of int
        What the model learns to produce; eos occurs once, at the end.
    context_cut : int
        How many tokens shorter the input is since its `truncate` field was shortened.
    prompt_cut : int
        How many more it lost at its end, after that field was used up: the question is damaged.
    target_cut : int
        How many tokens the target lost at its end.
    """

    item_id: str
    prompt: str
    prompt_ids: list[int]
    target_ids: list[int]
    context_cut: int
    prompt_cut: int
    target_cut: int


def encode(
    items: Sequence[Item], prompt: Prompt, tokenizer: Tokenizer, *, encoder_decoder: bool
) -> list[Encoded]:
    """Tokens of some items.

    Input and target are tokenised apart from each other, so that the input has the same
    tokens at training, where the target is known, and at generation, where it is not.

    Parameters
    ----------
    items : sequence of Item
        The items.
    prompt : Prompt
        Templates and the greatest lengths.
    tokenizer : Tokenizer
        The model's own.
    encoder_decoder : bool
        Whether the target goes to a decoder of its own (T5) or follows the input (Llama).

    Returns
    -------
    list of Encoded
        One per item, in their order.

    Raises
    ------
    ExperimentError
        A template names an unknown field, `max_tokens` has no room for any text, or an input
        has no tokens at all.
    ModelError
        The tokenizer has no end-of-sequence token.
    """
    eos = tokenizer.eos_token_id
    if eos is None:
        raise ModelError(
            "the tokenizer has no end-of-sequence token",
            where="base.model.name",
            got=type(tokenizer).__name__,
            fix="use a model whose tokenizer has one; without it generation never stops",
        )

    def tokenise(texts: Sequence[str]) -> list[list[int]]:
        all_ids = _ids(tokenizer, texts)
        return all_ids if encoder_decoder else [_without_last(ids, eos) for ids in all_ids]

    _check_room(len(tokenise([""])[0]), prompt.max_tokens)
    rendered = [render(prompt, item) for item in items]
    fitted = _fit(items, [pair.prompt for pair in rendered], prompt, tokenise, _ends(tokenizer))
    targets = [pair.target for pair in rendered]
    options: dict[str, Any] = {} if encoder_decoder else {"add_special_tokens": False}
    target_ids = [
        [token for token in ids if token != eos]
        for ids in _ids(tokenizer, targets, as_target=encoder_decoder, **options)
    ]
    room = prompt.max_target_tokens - 1
    return [
        Encoded(item.id, fit.text, fit.ids, [*ids[:room], eos], *fit.cuts, max(len(ids) - room, 0))
        for item, fit, ids in zip(items, fitted, target_ids, strict=True)
    ]


class _Fitted(NamedTuple):
    text: str
    ids: list[int]
    cuts: tuple[int, int]


def _fit(
    items: Sequence[Item],
    texts: Sequence[str],
    prompt: Prompt,
    tokenise: Tokenise,
    ends: Ends,
) -> list[_Fitted]:
    """Inputs of at most `max_tokens`: first the `truncate` field is cut, then the whole."""
    whole = tokenise(texts)
    name = prompt.truncate

    def with_field(index: int, piece: str) -> str:
        return render(prompt, items[index], **{name: piece}).prompt

    fields = [
        item.fields.get(name, "") if name in names_in(prompt.template_for(item.fields)) else ""
        for item in items
    ]
    pieces, after_field = cut_to_fit(fields, with_field, whole, prompt.max_tokens, tokenise, ends)
    shorter = [
        text if piece == field else with_field(index, piece)
        for index, (text, piece, field) in enumerate(zip(texts, pieces, fields, strict=True))
    ]
    final, after_all = cut_to_fit(
        shorter, lambda _, text: text, after_field, prompt.max_tokens, tokenise, ends
    )
    for item, ids in zip(items, after_all, strict=True):
        if not ids:
            raise ExperimentError(
                f"the input of item {item.id!r} has no tokens",
                where="base.prompt.template and base.prompt.max_tokens",
                got=f"{prompt.template!r} with at most {prompt.max_tokens} tokens",
                fix="name {question} in the template, and allow more tokens",
            )
    return [
        _Fitted(text, last, (len(first) - len(middle), len(middle) - len(last)))
        for text, first, middle, last in zip(final, whole, after_field, after_all, strict=True)
    ]


def _check_room(specials: int, limit: int) -> None:
    if specials >= limit:
        raise ExperimentError(
            "there is no room for any text in the input",
            where="base.prompt.max_tokens",
            got=limit,
            allowed=f"more than the {specials} tokens that the tokenizer adds to every input",
        )


def _ids(
    tokenizer: Tokenizer, texts: Sequence[str], *, as_target: bool = False, **options: Any
) -> list[list[int]]:
    """Ids of any number of texts; nothing padded, nothing truncated."""
    found: list[list[int]] = []
    for start in range(0, len(texts), _CHUNK):
        chunk = list(texts[start : start + _CHUNK])
        given = {"text_target": chunk} if as_target else {"text": chunk}
        found += tokenizer(**given, return_attention_mask=False, verbose=False, **options)[
            "input_ids"
        ]
    return found


def _without_last(ids: list[int], eos: int) -> list[int]:
    """Some tokenizers end every text with eos; a decoder would take it as the answer's end."""
    end = len(ids)
    while end and ids[end - 1] == eos:
        end -= 1
    return ids[:end]


def _ends(tokenizer: Tokenizer) -> Callable[[Sequence[str]], list[list[int]]]:
    """Finds where each token of a text ends, in characters."""

    def from_offsets(texts: Sequence[str]) -> list[list[int]]:
        found: list[list[int]] = []
        for start in range(0, len(texts), _CHUNK):
            offsets = tokenizer(
                text=list(texts[start : start + _CHUNK]),
                add_special_tokens=False,
                return_offsets_mapping=True,
                verbose=False,
            )["offset_mapping"]
            found += [[end for _, end in pairs] for pairs in offsets]
        return found

    def from_lengths(texts: Sequence[str]) -> list[list[int]]:
        # Written in Python, such as ByT5's: these report no offsets, so tokens are taken to
        # be equally long. A wrong guess costs another round, not a wrong length.
        counts = [len(ids) for ids in _ids(tokenizer, texts, add_special_tokens=False)]
        return [
            [-(-len(text) * place // count) for place in range(1, count + 1)]
            for text, count in zip(texts, counts, strict=True)
        ]

    return from_offsets if tokenizer.is_fast else from_lengths
