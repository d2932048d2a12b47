from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import reports.sensitivity
from harness.experiment import Contrast, Plan
from harness.experiment.contrasts import contrast_between
from harness.experiment.tuning import ArmTuning
from harness.results import RunRecord
from reports.analysis import analyse
from reports.scores import ScoreTable
from reports.sensitivity import finding_of, sensitivities, turned
from reports.study import study_of
from tests.reports.tunings import RATE, arm_of, tuning_of

TWO = contrast_between({"f": ("b", "a")}, {"a": {"f": "a"}, "b": {"f": "b"}})
RATES = [{RATE: rate, "training.epochs": 2} for rate in (1e-4, 1e-3, 1e-2)]


def found(
    arms: dict[str, ArmTuning], contrast: Contrast = TWO, **changes: Any
) -> reports.sensitivity.Sensitivity:
    rng = np.random.default_rng(0)
    (one,) = sensitivities([contrast], tuning_of(arms, **changes), 0.95, rng)
    return one


def values(one: reports.sensitivity.Sensitivity) -> dict[int, float]:
    return {at.budget: at.value for at in one.at_budgets}


def test_a_difference_by_how_much_the_arms_were_tuned() -> None:
    one = found({"a": arm_of([1, 4, 7], default=5), "b": arm_of([10, 2, 3], default=4)})
    assert (one.at_default, one.at_best) == (-1, 3)
    # of all pairs of three: the larger is the middle one once and the largest twice
    assert values(one) == pytest.approx({1: 5 - 4, 2: (3 + 20) / 3 - (4 + 14) / 3, 3: 10 - 7})
    first = one.at_budgets[0]
    assert first.low < first.value < first.high


def test_losses_are_minimized_and_keep_their_unit() -> None:
    arms = {"a": arm_of([1, 4, 7], loss=True), "b": arm_of([10, 2, 3], loss=True)}
    one = found(arms, metric="validation_loss")
    assert one.at_best == 2 - 1
    assert values(one) == pytest.approx({1: 5 - 4, 2: (3 + 4) / 3 - (4 + 2) / 3, 3: 2 - 1})
    assert math.isnan(one.at_default)


def test_other_searches_have_what_was_observed_and_no_interval() -> None:
    one = found(
        {"a": arm_of([1, 4, 7], default=5), "b": arm_of([3, 10, 2], default=4)}, sampler="tpe"
    )
    assert values(one) == {1: 4 - 5, 2: 10 - 5, 3: 10 - 7}
    assert all(math.isnan(at.low) and math.isnan(at.high) for at in one.at_budgets)


def test_main_effects_average_over_the_other_factors() -> None:
    arms = {f"{a} / {x}": {"f": a, "g": x} for a in "ab" for x in "xy"}
    contrast = contrast_between({"f": ("b", "a")}, arms)
    by_arm = {"a / x": [1, 2], "a / y": [3, 4], "b / x": [10, 20], "b / y": [30, 40]}
    one = found({name: arm_of(scores) for name, scores in by_arm.items()}, contrast)
    assert values(one) == {1: 25 - 2.5, 2: 30 - 3}
    assert one.at_best == 30 - 3
    assert all(math.isnan(at.low) for at in one.at_budgets)


def test_random_trials_are_compared_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = reports.sensitivity.expected_best_difference

    def spy(control: Any, treatment: Any, **options: Any) -> Any:
        asked.append((control.tolist(), treatment.tolist(), options["paired"]))
        return real(control, treatment, **options)

    monkeypatch.setattr(reports.sensitivity, "expected_best_difference", spy)
    a, b = arm_of([1, 4, 7], params=RATES), arm_of([10, 2, 3, 8], params=[*RATES, RATES[0]])
    lost = a.model_copy(update={"trials": (a.trials[0], a.trials[2])})
    other = arm_of([10, 2, 3], params=RATES[::-1])
    assert list(values(found({"a": lost, "b": b}))) == [1, 2]
    found({"a": a, "b": other})
    assert asked == [([1, 7], [10, 3], True), ([1, 4, 7], [10, 2, 3], False)]


@pytest.mark.parametrize("scores", [[], [None, None, None]])
def test_an_arm_without_a_score_leaves_it_unknown(scores: list[float | None]) -> None:
    one = found({"a": arm_of([1, 4, 7]), "b": arm_of(scores)})
    assert one.known == ()
    assert [one.contrast, len(one.at_budgets)] == [TWO.name, 3]
    assert found({"a": arm_of([1])}).known == ()


def test_what_tuning_turns_round() -> None:
    def told(default: float, best: float) -> int:
        arms = {"a": arm_of([50], default=40), "b": arm_of([best], default=default)}
        return len(turned([TWO], tuning_of(arms)))

    assert [told(30, 60), told(45, 46), told(45, 60), told(30, 45), told(40, 60)] == [1, 1, 0, 0, 0]


def test_a_comparison_as_it_is_stored(plan: Plan, records: list[RunRecord]) -> None:
    study = study_of(plan)
    analysis = analyse(study, ScoreTable.from_records(records, study, ("title",)), records)
    one, other = analysis.comparisons
    stored = [finding_of(one), finding_of(other)]
    assert stored[0].hypothesis == "context: question+context vs question, better, F1"
    assert stored[1].hypothesis == "precision: nf4 vs full, non-inferior by 3, F1"
    assert (stored[0].verdict, stored[0].sentence) == (one.verdict, one.sentence)
    assert (stored[0].estimate, stored[0].low) == (one.estimate, one.ci_low)
    study = study_of(plan)
    nothing = analyse(study, ScoreTable.from_records([], study, ("title",)), []).comparisons[0]
    assert finding_of(nothing).estimate is None
