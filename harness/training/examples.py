"""Encoded items as what a model is trained on, and their batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.data.encoding import Encoded
from harness.errors import ModelError
from harness.training.loss import IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["PACKABLE", "check_packing", "collator", "features"]

PACKABLE = frozenset({"gpt2", "llama", "mistral", "qwen2"})
"""Model types whose attention was seen to stay inside each item of a packed batch."""


def features(examples: Sequence[Encoded], encoder_decoder: bool) -> list[dict[str, list[int]]]:
    """Model inputs; the loss is on target tokens only, the ending eos among them."""
    if encoder_decoder:
        return [
            {
                "input_ids": one.prompt_ids,
                "attention_mask": [1] * len(one.prompt_ids),
                "labels": one.target_ids,
            }
            for one in examples
        ]
    return [
        {
            "input_ids": one.prompt_ids + one.target_ids,
            "attention_mask": [1] * (len(one.prompt_ids) + len(one.target_ids)),
            "labels": [IGNORED] * len(one.prompt_ids) + one.target_ids,
        }
        for one in examples
    ]


def collator(
    model: Any, tokenizer: PreTrainedTokenizerBase, *, encoder_decoder: bool, packing: bool
) -> Any:
    """What makes a batch of items: padded on the right, or packed end to end."""
    from transformers import DataCollatorForSeq2Seq, DataCollatorWithFlattening

    if packing:
        flatten: Any = DataCollatorWithFlattening  # untyped
        return flatten()
    tokenizer.padding_side = "right"
    return DataCollatorForSeq2Seq(
        tokenizer,
        model=model if encoder_decoder else None,  # it shifts the labels for the decoder
        label_pad_token_id=IGNORED,
    )


def check_packing(model_type: str, *, learns_prompts: bool) -> None:
    """See that packing leaves a model's loss as it is.

    Raises
    ------
    ModelError
        It is not known to, since attention would cross from one item into the next.
    """
    if model_type not in PACKABLE or learns_prompts:
        raise ModelError(
            "packing is not known to keep the items of a batch apart in this model",
            where="base.training.packing",
            got=f"{model_type} with prompt tuning" if learns_prompts else model_type,
            allowed=", ".join(sorted(PACKABLE)),
            fix="leave training.packing out",
        )
