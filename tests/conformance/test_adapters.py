"""What every kind of adapter must do, in every family and on quantized bases."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch

from harness.errors import ModelError
from harness.experiment.model import Model, OtherAdapter
from harness.experiment.recipe import Best, Training
from harness.models.base import BaseModel, load_base
from harness.models.inspection import inspect
from harness.models.saving import save_model
from harness.models.sources import find_model
from harness.models.trainable import count_parameters
from harness.training import train
from tests.conformance.conftest import answers, items, trained

METHODS = get_args(OtherAdapter.model_fields["method"].annotation)
NOT_IN_PEFT = {
    ("gpt_neo", "LN_TUNING"),  # has no usual targets
    *(("gpt2", method) for method in ("HRA", "LOHA", "LOKR", "OFT")),  # know no Conv1D
}
KINDS: dict[str, dict[str, object]] = {
    "lora": {"r": 4},
    "lora-family": {"r": 4, "targets": "family"},
    "lora-last-layer": {"r": 4, "layers": [1]},
    "dora": {"kind": "dora", "r": 4},
    "ia3": {"kind": "ia3"},
    "prompt_tuning": {"kind": "prompt_tuning", "virtual_tokens": 4},
    **{method: {"kind": "peft", "method": method} for method in METHODS},
}
FEW = Training(max_steps=10, learning_rate=1e-2, batch_size=10)


def _state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_learns_and_leaves_the_base_alone_and_can_be_loaded_again(
    family: str, base: BaseModel, config: Model, kind: str, tmp_path: Path
) -> None:
    from peft import PeftModel

    chosen = Model.model_validate({"name": config.name, "adapter": KINDS[kind]})
    if (family, kind) in NOT_IN_PEFT:
        with pytest.raises(ModelError, match="the adapter does not fit the model"):
            inspect(chosen, find_model(chosen))
        return
    before, untrained = _state(base.model), answers(base)
    losses: list[float] = []
    found: list[object] = []

    def look(model) -> None:
        found.extend([answers(base, model), answers(base, model, batch_size=1)])
        assert count_parameters(model)[:2] == inspect(chosen, find_model(chosen))[:2]
        save_model(model, base.tokenizer, tmp_path)

    trained(
        base,
        chosen,
        FEW,
        then=look,
        on_log=lambda step, values: losses.append(values["train_loss"]),
    )
    assert losses[-1] < losses[0]
    assert found[0] == found[1], "alone and in a batch"
    after = _state(base.model)
    assert after.keys() == before.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert answers(base) == untrained
    again = PeftModel.from_pretrained(load_base(config).model, str(tmp_path))
    assert answers(base, again) == found[0]


@pytest.mark.parametrize(
    ("kind", "precision"),
    [("lora", "int8"), ("lora", "nf4"), ("lora", "fp4"), ("dora", "nf4"), ("dora", "fp4")],
)
@pytest.mark.parametrize("family", ["t5", "llama"])
def test_adapters_learn_on_quantized_bases_as_on_full_ones(
    model_folders: dict[str, Path], family: str, kind: str, precision: str
) -> None:
    losses: dict[str, list[float]] = {}
    for held in ("full", precision):
        config = Model.model_validate(
            {"name": str(model_folders[family]), "adapter": KINDS[kind], "precision": held}
        )
        heard = losses[held] = []
        trained(
            load_base(config),
            config,
            FEW,
            on_log=lambda step, values, heard=heard: heard.append(values["train_loss"]),
        )
    assert losses[precision][-1] < losses[precision][0]
    drop = {held: one[0] - one[-1] for held, one in losses.items()}
    assert drop[precision] == pytest.approx(drop["full"], rel=0.3, abs=0.05)


@pytest.mark.parametrize("kind", ["lora", "ia3", "prompt_tuning", None])
@pytest.mark.parametrize("family", ["t5", "llama"])
def test_the_best_state_is_the_one_that_is_kept(
    model_folders: dict[str, Path], family: str, kind: str | None
) -> None:
    """The learning rate is so high that a later state is worse than an earlier one."""
    config = Model.model_validate(
        {"name": str(model_folders[family]), "adapter": KINDS[kind] if kind else None}
    )
    base = load_base(config)
    training = Training(
        max_steps=12,
        learning_rate=0.3 if kind else 0.02,
        batch_size=5,
        schedule="constant",
        evaluate_every=2,
        best=Best(),
        overfit_batches=2,
    )
    measured: dict[int, float] = {}
    finals: list[float] = []

    def measure(model) -> None:
        """The loss of the kept state, by a training whose steps are too small to matter."""
        train(
            model,
            base.tokenizer,
            items(base),
            items(base),
            Training(max_steps=1, learning_rate=1e-12, batch_size=5, evaluate_every=1),
            seed=0,
            encoder_decoder=base.encoder_decoder,
            on_log=lambda step, values: finals.append(values.get("validation_loss", 0.0)),
            on_step=lambda done, total: None,
        )

    summary = trained(
        base,
        config,
        training,
        then=measure,
        on_log=lambda step, values: measured.update(
            {step: values["validation_loss"]} if "validation_loss" in values else {}
        ),
    )
    best = min(measured, key=measured.__getitem__)
    assert summary.kept_step == best
    assert summary.steps == 12
    assert max(finals) == pytest.approx(measured[best], rel=1e-3)


@pytest.mark.parametrize("precision", ["int8", "nf4"])
@pytest.mark.parametrize("family", ["t5", "llama", "mistral"])
def test_gradient_checkpointing_changes_nothing_on_quantized_bases(
    model_folders: dict[str, Path], family: str, precision: str
) -> None:
    config = Model.model_validate(
        {"name": str(model_folders[family]), "adapter": KINDS["lora"], "precision": precision}
    )
    norms: list[float] = []
    for checkpointing in (False, True):
        trained(
            load_base(config),
            config,
            FEW.model_copy(update={"max_steps": 3, "gradient_checkpointing": checkpointing}),
            on_log=lambda step, values: norms.append(values["gradient_norm"]),
        )
    assert norms[:3] == pytest.approx(norms[3:], rel=1e-4)
    assert min(norms) > 0
