"""The other rules are tested where their cases are made, in `test_analysis`."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from harness.experiment import Plan
from harness.experiment.declaration import Declaration, with_declaration
from harness.experiment.tuning import ArmTuning
from harness.results import RunRecord
from reports.analysis import analyse
from reports.scores import ScoreTable
from reports.study import study_of
from tests.reports.tunings import RATE, SPACE, arm_of, tuning_of

N_ITEMS = 200


def answers(n_wrong: int) -> list[str]:
    return ["tarn" if i < n_wrong else f"mola{i}" for i in range(N_ITEMS)]


@pytest.fixture
def noise_warnings(make_experiment: Callable[..., Plan]) -> Callable[..., list[str]]:
    """Warnings about noise when the treatment, and second answers, have so many items wrong."""
    levels = {"control": {"full": {}}, "treatments": {"nf4": {"model.precision": "nf4"}}}

    def warnings(treatment_wrong: int, again_wrong: tuple[int, ...], *metrics: str) -> list[str]:
        hypotheses = [
            {"factor": "precision", "claim": "different", "metric": m} for m in metrics or ("f1",)
        ]
        plan = make_experiment(
            factors={"precision": levels}, seeds=(0, 1), analysis={"hypotheses": hypotheses}
        )
        records = []
        for run in plan.runs:
            control = run.arm.name == "full"
            table = pd.DataFrame(
                {
                    "item": [f"q{i}" for i in range(N_ITEMS)],
                    "title": [f"Region {i % 20}" for i in range(N_ITEMS)],
                    "references": [[f"mola{i}"] for i in range(N_ITEMS)],
                    "prediction": answers(0 if control else treatment_wrong),
                }
            )
            if control and run.seed < len(again_wrong):
                table["again"] = answers(again_wrong[run.seed])
            records.append(RunRecord(run.arm.name, run.seed, "finished", "f", predictions=table))
        analysis = analyse(
            study_of(plan), ScoreTable.from_records(records, study_of(plan), ("title",)), records
        )
        assert len(analysis.noise) == len(again_wrong)
        assert analysis.comparisons[0].estimate == pytest.approx(-treatment_wrong / 2)
        return [text for text in analysis.warnings if "batch" in text]

    return warnings


def test_a_difference_within_the_noise_is_named(
    noise_warnings: Callable[..., list[str]],
) -> None:
    (text,) = noise_warnings(3, (0, 4))  # 1.5 points, where batching moved 2 of one run
    assert "moved F1 by up to 2.0 points" in text
    assert "precision: nf4 vs full (−1.5)" in text


@pytest.mark.parametrize(
    ("treatment_wrong", "again_wrong", "n_warnings"),
    [(4, (4,), 1), (5, (4, 1), 0), (3, (), 0), (0, (0, 0), 0)],
    ids=["as large", "larger", "answered once", "no noise"],
)
def test_a_difference_beyond_the_noise_needs_no_word(
    treatment_wrong: int,
    again_wrong: tuple[int, ...],
    n_warnings: int,
    noise_warnings: Callable[..., list[str]],
) -> None:
    assert len(noise_warnings(treatment_wrong, again_wrong)) == n_warnings


def test_each_metric_has_its_own_noise(noise_warnings: Callable[..., list[str]]) -> None:
    texts = noise_warnings(1, (2,), "em", "bleu")  # one word cannot have four in a row: BLEU is 0
    assert len(texts) == 1
    assert "moved EM by up to 1.0 points" in texts[0]
    assert texts[0].endswith("No larger: precision: nf4 vs full (−0.5).")


def test_a_debugging_run_is_called_one(make_experiment: Callable[..., Plan]) -> None:
    levels = {
        "control": {"all": {}},
        "treatments": {"two batches": {"training.overfit_batches": 2}},
    }
    plan = make_experiment(factors={"items": levels}, analysis={})
    table = ScoreTable.from_records([], study_of(plan), ("title",))
    (text,) = [one for one in analyse(study_of(plan), table, []).warnings if "debugging" in one]
    assert text.endswith("the training of two batches to a few batches.")


@pytest.mark.parametrize(("counts", "n_warnings"), [((1, 1), 0), ((1, 2), 1), ((2,), 0), ((), 0)])
def test_runs_by_different_numbers_of_processes_are_pointed_out(
    counts: tuple[int, ...], n_warnings: int, make_experiment: Callable[..., Plan]
) -> None:
    plan = make_experiment(analysis={})
    records = [
        RunRecord(run.arm.name, run.seed, "finished", "f", metrics={"processes": count})
        for run, count in zip(plan.runs, counts, strict=False)
    ]
    table = ScoreTable.from_records([], study_of(plan), ("title",))
    found = [
        one for one in analyse(study_of(plan), table, records).warnings if "several (1, 2)" in one
    ]
    assert len(found) == n_warnings


def test_what_was_declared_after_results_is_told(make_experiment: Callable[..., Plan]) -> None:
    plan = make_experiment()
    first = {"alpha": 0.05, "seeds": [0]}
    history = with_declaration((), first, at="2026-01-01T00:00", n_known=0, n_runs=12)
    table = ScoreTable.from_records([], study_of(plan), ("title",))

    def told(history: tuple[Declaration, ...]) -> list[str]:
        warnings = analyse(study_of(plan, history), table, []).warnings
        return [one for one in warnings if "results were seen" in one]

    assert not told(history)
    changed = with_declaration(history, first | {"alpha": 0.1}, at="t", n_known=5, n_runs=12)
    (text,) = told(changed)
    assert text.startswith("What was declared was changed (alpha) when 5 runs of this")
    seeds = with_declaration(changed, first | {"seeds": [1]}, at="u", n_known=0, n_runs=12)
    assert told(seeds) == [text], "seeds are added, but alpha went back before there were results"
    again = with_declaration(
        changed, first | {"seeds": [1]}, at="u", n_known=0, n_runs=12, n_earlier=7
    )
    assert told(again)[0].startswith("What was declared was changed (alpha, seeds) when 7 runs")
    late = with_declaration((), first, at="t", n_known=4, n_runs=12)
    assert told(late)[0].startswith("It was declared when 4 runs")


@pytest.fixture
def tuned_warnings(make_experiment: Callable[..., Plan]) -> Callable[..., list[str]]:
    """Warnings about two arms, full and nf4, that were tuned like this."""
    levels = {"control": {"full": {}}, "treatments": {"nf4": {"model.precision": "nf4"}}}
    plan = make_experiment(factors={"precision": levels}, analysis={})

    def warnings(full: ArmTuning, nf4: ArmTuning) -> list[str]:
        study = study_of(plan, tuning=tuning_of({"full": full, "nf4": nf4}))
        table = ScoreTable.from_records([], study, ("title",))
        words = ("tuned", "Tuning", "searched")
        return [one for one in analyse(study, table, []).warnings if any(w in one for w in words)]

    return warnings


def test_arms_tuned_alike_need_no_word(tuned_warnings: Callable[..., list[str]]) -> None:
    half = arm_of([50, None, None], default=40)
    assert tuned_warnings(half, arm_of([60, 70, 80], default=50)) == []


def test_arms_that_were_not_tuned_alike_are_named(
    tuned_warnings: Callable[..., list[str]],
) -> None:
    wide = {**SPACE, RATE: {**SPACE[RATE], "high": 1.0}}
    (text,) = tuned_warnings(arm_of([50, 60]), arm_of([50, 60, 70], space=wide))
    assert f"nf4 (3 trials instead of 2 trials and another space for {RATE})" in text


def test_a_difference_that_tuning_turns_round_is_named(
    tuned_warnings: Callable[..., list[str]],
) -> None:
    (text,) = tuned_warnings(arm_of([50], default=40), arm_of([60], default=30))
    assert text.startswith("Tuning turns the difference “precision: nf4 vs full” round")
    assert tuned_warnings(arm_of([50], default=40), arm_of([60], default=41)) == []


def test_an_arm_of_mostly_failed_trials_is_named(
    tuned_warnings: Callable[..., list[str]],
) -> None:
    (text,) = tuned_warnings(arm_of([50] * 5), arm_of([None, None, None, 50, 60]))
    assert text.startswith("3 of the 5 trials that tuned nf4 failed")
    assert tuned_warnings(arm_of([50] * 4), arm_of([None, None, 50, 60])) == []


def test_settings_on_the_edge_of_the_space_are_named(
    tuned_warnings: Callable[..., list[str]],
) -> None:
    params = [{RATE: 1e-5, "training.epochs": 5}]
    (text,) = tuned_warnings(arm_of([50]), arm_of([50], params=params))
    assert f"nf4 ({RATE}, lower end, training.epochs, upper end)" in text
