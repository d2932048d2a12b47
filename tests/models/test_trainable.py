"""Training: a run leaves the shared base as it was, and starts from its seed alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import ModelError
from harness.experiment.model import LoRA, Model
from harness.models.base import BaseModel, load_base
from harness.models.trainable import count_parameters, trainable


def training(adapter: LoRA | None) -> Model:
    return Model(name="any", adapter=adapter)


@pytest.fixture(params=["t5", "llama"])
def base(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders[request.param])))


def _weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize("adapter", [LoRA(r=2), None], ids=["lora", "full"])
def test_the_base_is_the_same_afterwards(base: BaseModel, adapter: LoRA | None) -> None:
    before = _weights(base.model)
    with trainable(base, training(adapter), seed=0) as model:
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data.add_(1.0)
        assert not _same(_weights(model), before)
    assert _same(_weights(base.model), before)


def test_the_base_is_given_back_when_a_run_fails(base: BaseModel) -> None:
    before = _weights(base.model)
    with pytest.raises(RuntimeError, match="boom"), trainable(base, training(LoRA()), seed=0):
        raise RuntimeError("boom")
    assert _same(_weights(base.model), before)


def test_all_weights_are_trained_without_an_adapter_even_after_one(base: BaseModel) -> None:
    with trainable(base, training(LoRA()), seed=0):
        pass
    with trainable(base, training(None), seed=0) as model:
        counted = count_parameters(model)
    assert counted.trained == counted.total


def test_an_adapter_starts_from_the_seed_alone(base: BaseModel) -> None:
    def start(seed: int) -> dict[str, torch.Tensor]:
        torch.rand(seed + 1)  # whatever was drawn before must not matter
        with trainable(base, training(LoRA(r=2)), seed=seed) as model:
            return {n: p.clone() for n, p in model.named_parameters() if p.requires_grad}

    assert _same(start(1), start(1))
    assert not _same(start(1), start(2))


def test_only_the_adapter_is_trained(base: BaseModel) -> None:
    with trainable(base, training(LoRA(r=2)), seed=0) as model:
        counted = count_parameters(model)
        assert 0 < counted.trained < counted.total
        assert all("lora_" in name for name, p in model.named_parameters() if p.requires_grad)


def test_quantized_weights_are_counted_as_what_they_stand_for(
    model_folders: dict[str, Path],
) -> None:
    counts = {}
    for precision in ("full", "nf4"):
        base = load_base(
            Model(name=str(model_folders["t5"]), precision=precision, adapter=LoRA(r=2))
        )
        with trainable(base, training(LoRA(r=2)), seed=0) as model:
            counts[precision] = count_parameters(model)
    assert counts["full"] == counts["nf4"]


def test_targets_that_do_not_exist_are_explained(base: BaseModel) -> None:
    adapter = LoRA(targets=("no_such_layer",))
    with (
        pytest.raises(ModelError, match=r"adapter\.targets") as caught,
        trainable(base, training(adapter), seed=0),
    ):
        pass
    assert "all-linear" in str(caught.value)
    assert "q" in str(caught.value)
