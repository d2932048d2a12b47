"""The accelerator that is asked for: taken where it is, refused where it is not."""

from __future__ import annotations

from pathlib import Path

import accelerate.utils
import pytest
import torch

from harness.errors import ExperimentError, ModelError
from harness.experiment.model import LoRA, Model
from harness.models.base import load_base
from harness.models.devices import device_for
from harness.models.precision import load_options


@pytest.mark.parametrize(
    ("asked", "cuda", "device"),
    [("auto", False, "cpu"), ("auto", True, "cuda"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_the_device_is_the_one_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, cuda: bool, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert device_for(asked) == device


@pytest.mark.parametrize("asked", ["cuda", "tpu"])
def test_one_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ExperimentError) as caught:
        device_for(asked)
    assert f"{asked}, which" in str(caught.value)
    assert "allowed: auto, cpu\n" in str(caught.value)


def test_a_tpu_is_never_taken_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(accelerate.utils, "is_torch_xla_available", lambda **_: True)
    assert device_for("auto") == "cpu"


def test_a_model_is_put_there(model_folders: dict[str, Path]) -> None:
    base = load_base(Model(name=str(model_folders["llama"])), device="meta")
    assert base.model.device.type == "meta"


def test_quantized_weights_stay_on_the_cpu_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nf4 = Model(name="any", precision="nf4", adapter=LoRA())
    assert "device_map" not in load_options(nf4, "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert load_options(nf4, "cpu")["device_map"] == {"": "cpu"}
    assert "device_map" not in load_options(nf4, "cuda")
    with pytest.raises(ModelError, match="TPU"):
        load_options(nf4, "xla:0")
