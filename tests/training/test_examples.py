"""What may be packed, and how batches are laid out."""

from __future__ import annotations

import pytest

from harness.errors import ModelError
from harness.models.base import BaseModel
from harness.training.examples import PACKABLE, check_packing, collator, features
from harness.training.loss import IGNORED
from tests.training.conftest import examples


@pytest.mark.parametrize("model_type", ["bloom", "gpt_neo", "t5"])
def test_packing_is_refused_where_items_would_see_each_other(model_type: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_packing(model_type, learns_prompts=False)
    for part in ("base.training.packing", model_type, "llama", "leave training.packing out"):
        assert part in str(caught.value)


def test_packing_is_refused_with_learned_prompts() -> None:
    for model_type in PACKABLE:
        check_packing(model_type, learns_prompts=False)
        with pytest.raises(ModelError, match="with prompt tuning"):
            check_packing(model_type, learns_prompts=True)


def test_a_batch_is_padded_on_the_right_and_padding_is_no_target(base: BaseModel) -> None:
    base.tokenizer.padding_side = "left"
    made = features(examples(base, 4), base.encoder_decoder)
    join = collator(base.model, base.tokenizer, encoder_decoder=base.encoder_decoder, packing=False)
    batch = join([dict(one) for one in made])
    for row, one in enumerate(made):
        n, m = len(one["input_ids"]), len(one["labels"])
        assert batch["input_ids"][row].tolist()[:n] == one["input_ids"]
        assert batch["attention_mask"][row].tolist() == [1] * n + [0] * (
            batch["input_ids"].shape[1] - n
        )
        assert batch["labels"][row].tolist()[:m] == one["labels"]
        assert set(batch["labels"][row].tolist()[m:]) <= {IGNORED}


def test_packed_items_begin_anew(llama: BaseModel) -> None:
    made = features(examples(llama, 3), encoder_decoder=False)
    join = collator(llama.model, llama.tokenizer, encoder_decoder=False, packing=True)
    batch = join(made)
    lengths = [len(one["input_ids"]) for one in made]
    assert batch["input_ids"].tolist() == [[t for one in made for t in one["input_ids"]]]
    assert batch["position_ids"].tolist() == [[p for n in lengths for p in range(n)]]
    counted = [t for t in batch["labels"][0].tolist() if t != IGNORED]
    assert counted == [t for one in examples(llama, 3) for t in one.target_ids]
