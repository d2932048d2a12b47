from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.experiment.tuning import ArmTuning, Finding, Tuning
from reports.build import render
from reports.sections import SECTIONS, Page
from reports.sensitivity import finding_of
from tests.reports.tunings import RATE, SPACE, arm_of, tuning_of


def tuned(page: Page, tuning: Tuning) -> Page:
    return replace(page, study=replace(page.study, tuning=tuning))


def all_alike(page: Page, arm: ArmTuning, **changes: Any) -> Tuning:
    return tuning_of(dict.fromkeys(page.study.arms, arm), **changes)


def context(page: Page, tuning: Tuning) -> dict[str, Any]:
    return SECTIONS["search"](tuned(page, tuning))


def test_without_a_search_there_is_no_section(page: Page) -> None:
    assert SECTIONS["search"](page) == {"found": False}
    assert "How the arms were tuned" not in render(page)


def test_the_first_sentence_says_how_arms_were_tuned(page: Page) -> None:
    alike = context(page, all_alike(page, arm_of([1, 2, 3], default=2)))
    assert alike["how"] == (
        "Before they were compared, the arms were tuned one by one: 4 trials each of random "
        "search, by validation F1 (training seed 1000, the file's own settings first). Budget and "
        "space were the same for every arm."
    )
    assert alike["unlike"] == []
    wide = {**SPACE, RATE: {**SPACE[RATE], "high": 1.0}}
    others = all_alike(page, arm_of([1, 2])).arms | {
        page.study.arms[1]: arm_of([1, 2, 3], space=wide)
    }
    seen = context(page, tuning_of(others, sampler="tpe", pruner="median", seeds=(1, 2)))
    assert seen["how"] == (
        "Before they were compared, the arms were tuned one by one: TPE, whose proposals learn "
        "from earlier trials, by validation F1 (the mean over training seeds 1, 2); a trial that "
        "fell behind was given up (median)."
    )
    assert seen["unlike"] == [
        "question / nf4 had another budget: 3 trials, the others 2 trials.",
        f"question / nf4 had another space: it differs in {RATE}.",
    ]
    assert not seen["expected"]
    assert seen["why_observed"] == "TPE proposals depend on each other"


def test_each_arms_trials_and_best_settings(page: Page) -> None:
    params = [{RATE: 1e-5, "training.epochs": n} for n in (2, 3)]
    arms = all_alike(page, arm_of([3, None], default=5)).arms
    one = page.study.arms[1]
    seen = context(page, tuning_of({**arms, one: arm_of([7, 6], params=params, pruned=[1])}))
    first, second = seen["rows"][:2]
    assert (first["best"], first["default"], first["is_default"]) == ("5.0", "5.0", True)
    assert first["states"] == ["2 complete", "1 failed"]
    assert (second["default"], second["in_space"], second["time"]) == ("–", False, "2 min")
    assert second["states"] == ["1 complete", "1 pruned"]
    assert seen["best"][0]["path"] == RATE
    assert seen["best"][0]["cells"][:2] == [
        {"value": "0.001", "end": None},
        {"value": "1e-5", "end": "lower end"},
    ]
    nothing = context(page, all_alike(page, arm_of([None])))
    assert nothing["rows"][0]["best"] == "–"
    assert nothing["best"] == []


@pytest.mark.parametrize(
    ("defaults", "bests", "words"),
    [
        ((5, 6), (7, 9), "the same throughout"),
        ((6, 5), (7, 9), "changes with the budget"),
        ((5, 5), (7, 9), "no difference at some budget"),
        ((None, 5), (None, 6), "cannot be told"),
    ],
)
def test_whether_a_difference_keeps_its_sign(
    page: Page, defaults: tuple[Any, Any], bests: tuple[Any, Any], words: str
) -> None:
    arms = {
        arm: arm_of([bests["nf4" in arm]], default=defaults["nf4" in arm])
        for arm in page.study.arms
    }
    if defaults[0] is None:
        arms = {arm: arm_of([bests["nf4" in arm]]) for arm in page.study.arms}
    row = context(page, tuning_of(arms))["sensitivities"][1]
    assert row["contrast"] == "precision: nf4 vs full"
    assert row["words"] == words


def test_verdicts_at_the_files_settings_are_beside_the_tuned_ones(page: Page) -> None:
    arm = arm_of([1, 2], default=1)
    assert context(page, all_alike(page, arm))["verdicts"] == []
    stored = finding_of(page.analysis.comparisons[0])
    before = stored.model_copy(
        update={"verdict": "undecided", "estimate": 3.25, "low": -1.0, "high": 7.5}
    )
    other = Finding(
        hypothesis="gone", verdict="better", sentence="", estimate=None, low=None, high=None
    )
    rows = context(page, all_alike(page, arm, untuned=(before, other)))["verdicts"]
    assert [row["hypothesis"] for row in rows][::2] == [stored.hypothesis, "gone"]
    assert rows[0]["untuned"] == "undecided: +3.2 (−1.0 to +7.5)"
    assert rows[0]["tuned"].startswith("better: +")
    assert (rows[1]["untuned"], rows[2]["tuned"], rows[2]["untuned"]) == ("–", "–", "better")


def test_importances_by_arm(page: Page) -> None:
    arms = all_alike(page, arm_of([1, 2])).arms
    first, second, *others = arms
    shares = {"training.epochs": 0.25, RATE: 0.75}
    seen = context(page, tuning_of({**arms, first: arm_of([1, 2], importances=shares)}))
    rows = seen["importances"]["rows"]
    assert [(row["path"], row["shares"][:2]) for row in rows] == [
        (RATE, ["75%", "–"]),
        ("training.epochs", ["25%", "–"]),
    ]
    assert seen["importances"]["without"] == [second, *others]
    assert context(page, tuning_of(arms))["importances"]["rows"] == []


def test_failed_trials_are_shown_up_to_six(page: Page) -> None:
    seen = context(page, all_alike(page, arm_of([None, 1, None])))
    assert (len(seen["failed"]), seen["n_failed"]) == (6, 8)
    assert seen["failed"][0] == {
        "trial": "question / full, trial 0",
        "settings": f"{RATE} = 0.001, training.epochs = 2",
        "reason": "out of memory in a test",
    }


def test_texts_of_a_search_are_escaped(page: Page) -> None:
    text = "<b>x</b>"
    space = {f"training.{text}": {"kind": "categorical", "choices": [text, "b"]}}
    trial = {f"training.{text}": text}
    arm = arm_of([1, None], space=space, params=[trial, trial])
    failed = arm.trials[1].model_copy(update={"reason": text})
    arm = arm.model_copy(update={"trials": (arm.trials[0], failed)})
    html = render(tuned(page, all_alike(page, arm)))
    assert "How the arms were tuned" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    for part in ("The arms were not tuned alike", "Trials that failed", "Every trial"):
        assert (part in html) is (part != "The arms were not tuned alike")


def test_losses_have_three_digits_and_no_bounds(page: Page) -> None:
    seen = context(
        page,
        all_alike(page, arm_of([1.25, 2.5], default=3.125, loss=True), metric="validation_loss"),
    )
    assert seen["rows"][0]["best"] == "1.25"
    assert seen["sensitivities"][0]["best"] == "0"
    assert seen["loss"]
