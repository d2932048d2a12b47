"""What every family must do, on a tiny random model of its own architecture."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.experiment.model import LoRA, Model
from harness.experiment.recipe import Training
from harness.models.base import BaseModel, load_base
from harness.models.saving import save_model
from harness.models.trainable import trainable
from harness.training.examples import PACKABLE
from tests.conformance.conftest import LEARNS, NUMBERS, answers, items, trained
from tests.conftest import FAMILIES

ONE_EPOCH = Training(epochs=1, batch_size=4, learning_rate=1e-2)


def _weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def _changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_it_learns_ten_items_and_where_answers_end_and_is_the_same_when_loaded_again(
    base: BaseModel, config: Model, tmp_path: Path
) -> None:
    seen: list[list[tuple[str, int]]] = []

    def look(model) -> None:
        predictions = answers(base, model)
        seen.append([(one.text, one.new_tokens) for one in predictions])
        save_model(model, base.tokenizer, tmp_path / "saved")

    trained(base, config, then=look)
    assert [text for text, _ in seen[0]] == list(NUMBERS)
    # with max_new_tokens of 12, only the eos that was learned can have ended them
    assert [n for _, n in seen[0]] == [len(one.target_ids) for one in items(base)]
    again = load_base(config.model_copy(update={"name": str(tmp_path / "saved")}))
    assert [(one.text, one.new_tokens) for one in answers(again)] == seen[0]


def test_a_batch_of_one_is_a_batch_of_many(base: BaseModel) -> None:
    def look(model) -> None:
        alone = answers(base, model, batch_size=1)
        assert len({one.text for one in alone}) > 3, "answers must differ for this to say much"
        assert answers(base, model, batch_size=10) == alone
        assert answers(base, model, batch_size=3) == alone
        assert answers(base, model, batch_size=3, shortest_first=True) == alone

    half_way = LEARNS.model_copy(update={"max_steps": 40})
    trained(base, Model(name="any"), half_way, then=look)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_tokenizers_padding_side_does_not_matter(base: BaseModel, side: str) -> None:
    expected = answers(base, batch_size=1)
    base.tokenizer.padding_side = side
    assert answers(base, batch_size=4) == expected
    logs: dict[str, list[float]] = {side: [], "one": []}
    for name, batch_size in ((side, 5), ("one", 1)):
        base.tokenizer.padding_side = side
        config = Training(
            max_steps=1, batch_size=batch_size, gradient_accumulation=10 // batch_size
        )
        heard = logs[name]
        trained(
            base,
            Model(name="any", adapter=LoRA()),
            config,
            on_log=lambda step, values, heard=heard: heard.append(values.get("train_loss", 0.0)),
        )
    assert logs[side][0] == pytest.approx(logs["one"][0], rel=1e-5)


def test_the_same_seed_gives_the_same_weights(base: BaseModel) -> None:
    config = Model(name="any", adapter=LoRA(r=2, dropout=0.2))
    runs: list[dict[str, torch.Tensor]] = []
    for seed in (3, 3, 4):
        trained(base, config, ONE_EPOCH, seed=seed, then=lambda m: runs.append(_weights(m)))
    assert not _changed(runs[0], runs[1])
    assert _changed(runs[0], runs[2])


def test_lora_changes_nothing_but_its_own_weights(base: BaseModel) -> None:
    own = _weights(base.model)
    with trainable(base, Model(name="any", adapter=LoRA(r=2)), seed=0) as model:
        before = _weights(model)
    after: list[dict[str, torch.Tensor]] = []
    trained(
        base,
        Model(name="any", adapter=LoRA(r=2)),
        ONE_EPOCH,
        then=lambda model: after.append(_weights(model)),
    )
    changed = _changed(before, after[0])
    assert changed == {name for name in before if "lora_" in name}
    assert not _changed(own, _weights(base.model))


def test_freezing_changes_nothing_but_what_is_not_frozen(base: BaseModel) -> None:
    before = _weights(base.model)
    after: list[dict[str, torch.Tensor]] = []
    trained(
        base,
        Model(name="any", freeze={"except_layers": [-1]}),
        ONE_EPOCH,
        then=lambda model: after.append(_weights(model)),
    )
    changed = _changed(before, after[0])
    last = {
        name for name in before if any(f".{part}.1." in name for part in ("layers", "h", "block"))
    }
    assert changed == last
    assert not _changed(before, _weights(base.model))


@pytest.mark.parametrize("adapter", [None, LoRA(r=2)], ids=["full", "lora"])
def test_gradient_checkpointing_gives_the_same_gradients(
    base: BaseModel, adapter: LoRA | None
) -> None:
    norms: list[float] = []
    calls = [0, 0]
    layers = next(m for m in base.model.modules() if isinstance(m, torch.nn.ModuleList))
    inside = next(m for m in layers[0].modules() if "norm" in type(m).__name__.lower())
    for checkpointing in (0, 1):

        def count(module, args, checkpointing=checkpointing) -> None:
            calls[checkpointing] += 1

        handle = inside.register_forward_pre_hook(count)
        trained(
            base,
            Model(name="any", adapter=adapter),
            Training(
                max_steps=3,
                batch_size=5,
                learning_rate=1e-2,
                gradient_checkpointing=bool(checkpointing),
            ),
            on_log=lambda step, values: norms.append(values["gradient_norm"]),
        )
        handle.remove()
    assert norms[:3] == pytest.approx(norms[3:], rel=1e-5)
    assert min(norms) > 0
    assert calls == [3, 6], "what was not kept is computed again"
    assert not base.model.is_activation_checkpointing


def test_bf16_training_is_close_to_fp32(base: BaseModel) -> None:
    losses: list[float] = []
    for bf16 in (False, True):
        config = Training(max_steps=3, batch_size=5, learning_rate=1e-3, bf16=bf16)
        heard: list[float] = []
        trained(
            base,
            Model(name="any"),
            config,
            on_log=lambda step, values, heard=heard: heard.append(values.get("train_loss", 0.0)),
        )
        losses.append(heard[2])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[0] != losses[1], "nothing was computed in bf16"


@pytest.mark.parametrize("family", sorted(PACKABLE & set(FAMILIES)))
def test_packing_leaves_the_loss_alone(base: BaseModel) -> None:
    losses: list[float] = []
    for packing in (False, True):
        trained(
            base,
            Model(name="any", adapter=LoRA()),
            Training(max_steps=1, batch_size=10, packing=packing),
            on_log=lambda step, values: losses.append(values["train_loss"]),
        )
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("adapter", [None, LoRA(r=2)], ids=["full", "lora"])
def test_training_leaves_nothing_but_weights_behind(
    base: BaseModel, adapter: LoRA | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model trained under bf16 must not answer in bf16: arms would differ in decoding too."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    kinds: set[torch.dtype] = set()
    use_cache = base.model.config.use_cache
    everything = Training(max_steps=2, batch_size=5, bf16=True, gradient_checkpointing=True)

    def look(model) -> None:
        def note(module, args, output) -> None:
            kinds.add(output.dtype)

        linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
        handles = [one.register_forward_hook(note) for one in linear]
        answers(base, model)
        for handle in handles:
            handle.remove()
        assert "forward" not in vars(model)
        assert not model.training
        assert not model.is_activation_checkpointing
        assert model.config.use_cache == use_cache

    trained(base, Model(name="any", adapter=adapter), everything, then=look)
    assert kinds == {torch.float32}


def test_learning_does_not_depend_on_accumulation(base: BaseModel) -> None:
    finals: list[dict[str, torch.Tensor]] = []
    for batch_size in (10, 5):
        config = LEARNS.model_copy(
            update={
                "max_steps": 3,
                "batch_size": batch_size,
                "gradient_accumulation": 10 // batch_size,
            }
        )
        trained(base, Model(name="any"), config, then=lambda m: finals.append(_weights(m)))
    for name, value in finals[0].items():
        torch.testing.assert_close(value, finals[1][name], rtol=1e-2, atol=1e-3)
