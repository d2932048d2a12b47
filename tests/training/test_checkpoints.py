"""A training that was interrupted ends as if it had not been, whatever the interruption left."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from harness.experiment.model import Model
from harness.experiment.recipe import Best, Training
from harness.models.base import BaseModel
from harness.models.trainable import trainable
from harness.training import Checkpoints, TrainingSummary
from harness.training.checkpoints import newest, seal
from tests.training.conftest import examples, run, trained_weights

LORA = {"r": 2, "dropout": 0.3}
PLAIN = Training(max_steps=9, learning_rate=1e-2, batch_size=3, schedule="constant")
BEST = PLAIN.model_copy(update={"evaluate_every": 2, "best": Best(metric="f1")})
PATIENT = PLAIN.model_copy(update={"evaluate_every": 1, "best": Best(metric="f1", patience=3)})
SCORES = {2: 3.0, 4: 5.0, 6: 4.0, 8: 2.0, 9: 1.0}
"""By step: the state of step 4 is the best one."""


class Outcome(NamedTuple):
    weights: torch.Tensor
    summary: TrainingSummary
    steps: list[int]


def _train(
    base: BaseModel,
    config: Training,
    folder: Path | None,
    *,
    adapter: dict[str, Any] | None = LORA,
    until: int | None = None,
    pause: float = 0.0,
) -> Outcome | None:
    """Train, or be interrupted after a step."""
    steps: list[int] = []

    def on_step(done: int, total: int) -> None:
        steps.append(done)
        time.sleep(pause)
        if done == until:
            raise KeyboardInterrupt

    chosen = Model.model_validate({"name": "any", "adapter": adapter})
    with trainable(base, chosen, seed=0) as model:
        try:
            summary = run(
                base,
                model,
                config,
                validation=examples(base, 3) if config.best else [],
                on_step=on_step,
                score=(lambda items: {"f1": SCORES.get(steps[-1], 0.0)}) if config.best else None,
                checkpoints=Checkpoints(folder, 2) if folder else None,
            )
        except KeyboardInterrupt:
            return None
        return Outcome(trained_weights(model).clone(), summary, steps)


def _same(one: Outcome, other: Outcome) -> bool:
    return torch.equal(one.weights, other.weights) and one.summary[:2] == other.summary[:2]


@pytest.mark.parametrize("config", [PLAIN, BEST, PATIENT], ids=["last", "best", "patience"])
@pytest.mark.parametrize(
    "adapter", [LORA, None, {"kind": "prompt_tuning", "virtual_tokens": 3}], ids=str
)
def test_an_interrupted_training_ends_with_the_same_weights(
    base: BaseModel, config: Training, adapter: dict[str, Any] | None, tmp_path: Path
) -> None:
    whole = _train(base, config, None, adapter=adapter)
    stop = 7 if config is PATIENT else 5  # after two evaluations that were no better
    assert _train(base, config, tmp_path / "c", adapter=adapter, until=stop) is None
    resumed = _train(base, config, tmp_path / "c", adapter=adapter)
    assert resumed.steps[0] == stop, "it went on from the step before"
    assert _same(resumed, whole)
    assert resumed.summary.tokens == whole.summary.tokens
    if config is PATIENT:
        assert whole.summary[:2] == (7, 4)


@pytest.mark.parametrize("config", [PLAIN, BEST], ids=["last", "best"])
@pytest.mark.parametrize("stops", [(1,), (2,), (3, 5, 7), (7, 8, 9)], ids=str)
def test_it_may_be_interrupted_anywhere_and_often(
    llama: BaseModel, config: Training, stops: tuple[int, ...], tmp_path: Path
) -> None:
    whole = _train(llama, config, None)
    for stop in stops:
        assert _train(llama, config, tmp_path, until=stop) is None
    resumed = _train(llama, config, tmp_path)
    assert resumed.steps[0] == {1: 1, 2: 1, 7: 7, 9: 9}[stops[-1]]
    assert _same(resumed, whole)


@pytest.mark.parametrize("config", [PLAIN, BEST, PATIENT], ids=["last", "best", "patience"])
def test_a_training_that_had_ended_ends_the_same_again(
    llama: BaseModel, config: Training, tmp_path: Path
) -> None:
    """The run may be interrupted later, while its answers are generated."""
    whole = _train(llama, config, tmp_path)
    again = _train(llama, config, tmp_path)
    assert len(again.steps) < len(whole.steps), "something was gone on from"
    assert again.steps[-1] == whole.steps[-1]
    assert _same(again, whole)


def test_seconds_before_the_interruption_count(llama: BaseModel, tmp_path: Path) -> None:
    assert _train(llama, PLAIN, tmp_path, until=5, pause=0.2) is None
    file = tmp_path / "checkpoint-4" / "trainer_state.json"
    state = json.loads(file.read_text())
    told = state["stateful_callbacks"]["Listener"]["attributes"]
    assert 0.8 < told["seconds"] < 100
    told["seconds"] = 1_000.0
    file.write_text(json.dumps(state))
    seal(file.parent)
    assert 1_000 < _train(llama, PLAIN, tmp_path).summary.seconds < 1_100


def _without(name: str) -> Callable[[Path], None]:
    return lambda checkpoint: (checkpoint / name).unlink()


def _truncated(name: str) -> Callable[[Path], None]:
    def damage(checkpoint: Path) -> None:
        content = (checkpoint / name).read_bytes()
        (checkpoint / name).write_bytes(content[: len(content) // 2])

    return damage


DAMAGES = {
    **{
        f"{how.__name__} {name}": how(name)
        for how in (_without, _truncated)
        for name in (
            "trainer_state.json",
            "adapter_model.safetensors",
            "optimizer.pt",
            "scheduler.pt",
            "rng_state.pth",
            "complete.json",
        )
    },
    "empty": lambda checkpoint: [one.unlink() for one in checkpoint.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_half_written_checkpoint_does_not_count(
    llama: BaseModel, damage: str, tmp_path: Path
) -> None:
    whole = _train(llama, BEST, None)
    assert _train(llama, BEST, tmp_path, until=5) is None
    assert {one.name for one in tmp_path.iterdir()} == {"checkpoint-2", "checkpoint-4"}
    DAMAGES[damage](tmp_path / "checkpoint-4")
    resumed = _train(llama, BEST, tmp_path)
    assert resumed.steps[0] == 3, "it went on from step 2"
    assert _same(resumed, whole)


def test_without_any_whole_checkpoint_a_training_starts_anew(
    llama: BaseModel, tmp_path: Path
) -> None:
    whole = _train(llama, PLAIN, None)
    assert _train(llama, PLAIN, tmp_path, until=5) is None
    for one in tmp_path.iterdir():
        _truncated("optimizer.pt")(one)
    resumed = _train(llama, PLAIN, tmp_path)
    assert resumed.steps[0] == 1
    assert _same(resumed, whole)


def test_a_checkpoint_whose_best_state_is_lost_does_not_count(
    llama: BaseModel, tmp_path: Path
) -> None:
    """At step 8, the best state is that of step 4; without it, the last one would be kept."""
    whole = _train(llama, BEST, None)
    assert whole.summary.kept_step == 4
    assert _train(llama, BEST, tmp_path, until=9) is None
    assert {one.name for one in tmp_path.iterdir()} == {"checkpoint-4", "checkpoint-8"}
    shutil.copytree(tmp_path, tmp_path.parent / "moved")
    _truncated("adapter_model.safetensors")(tmp_path / "checkpoint-4")
    for folder in (tmp_path, tmp_path.parent / "moved"):
        resumed = _train(llama, BEST, folder)
        assert resumed.steps[0] in (1, 5)
        assert _same(resumed, whole)


def test_two_checkpoints_are_kept_at_most(llama: BaseModel, tmp_path: Path) -> None:
    _train(llama, PLAIN, tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"checkpoint-8", "checkpoint-9"}


def test_the_newest_sealed_checkpoint_is_found_and_newer_ones_are_removed(tmp_path: Path) -> None:
    for step in (2, 10, 9):
        (tmp_path / f"checkpoint-{step}").mkdir()
        state = json.dumps({"best_model_checkpoint": None})
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert newest(str(tmp_path / "none")) is None
    seal(tmp_path / "checkpoint-2")
    seal(tmp_path / "checkpoint-9")
    assert newest(str(tmp_path)) == str(tmp_path / "checkpoint-9")
    assert {one.name for one in tmp_path.iterdir()} == {"checkpoint-2", "checkpoint-9"}
