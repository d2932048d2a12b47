"""Looks between rounds of seeds: when an experiment ends, and what its numbers then say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import Analysis, analyse
from reports.interim import is_decided
from reports.scores import ScoreTable
from reports.statistics import looks
from reports.study import Study, study_of

SEEDS = (5, 3, 8, 1, 2, 7)
CLUSTERS = ("title",)
CLEAR = {"question": 0.14, "question+context": 0.84}
SAME = {"question": 0.5, "question+context": 0.5}
Records = list[RunRecord]
AXIS = {
    "context": {
        "control": {"question": {}},
        "treatments": {"question+context": {"prompt.template": "{question} {context}"}},
    }
}


@pytest.fixture
def plan(make_experiment: Callable[..., Plan]) -> Plan:
    analysis = {"sequential": True, "hypotheses": [{"factor": "context", "claim": "better"}]}
    return make_experiment(factors=AXIS, seeds=SEEDS, analysis=analysis)


@pytest.fixture
def study(plan: Plan) -> Study:
    return study_of(plan)


def analysed(study: Study, records: Records) -> Analysis:
    return analyse(study, ScoreTable.from_records(records, study, CLUSTERS), records)


def first(records: Records, n_seeds: int) -> Records:
    return [record for record in records if record.seed in SEEDS[:n_seeds]]


def test_runs_are_ordered_by_complete_rounds_of_seeds(plan: Plan) -> None:
    assert [run.seed for run in plan.runs] == [seed for seed in SEEDS for _ in range(2)]


def test_a_clear_answer_ends_it_at_the_first_look(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    records = records_of(plan, CLEAR)
    assert not is_decided(study, first(records, 2), CLUSTERS)
    assert not is_decided(study, first(records, 3)[:-1], CLUSTERS)
    assert is_decided(study, first(records, 3), CLUSTERS)
    analysis = analysed(study, first(records, 3))
    assert analysis.reached.seeds == SEEDS[:3]
    assert any(w.startswith("Judged after 3 of 6 planned seeds") for w in analysis.warnings)
    assert not any("no scores" in w for w in analysis.warnings)
    later = analysed(study, records)  # runs that were not needed change nothing
    assert later.comparisons == analysis.comparisons
    assert later.scoreboard == analysis.scoreboard
    assert any(w.startswith("6 runs of later seeds have scores") for w in later.warnings)


def test_numbers_allow_for_the_other_looks(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    records = first(records_of(plan, CLEAR), 3)
    (got,) = analysed(study, records).comparisons
    ordinary = replace(study, sequential=False, seeds=SEEDS[:3])
    (fixed,) = analysed(ordinary, records).comparisons
    weight = looks(len(SEEDS))[0].weight
    assert got.level == pytest.approx(1 - 0.05 * weight)
    assert got.p_adjusted == pytest.approx(fixed.p_adjusted / weight)
    assert got.estimate == fixed.estimate
    assert got.ci_low < fixed.ci_low
    assert got.ci_high > fixed.ci_high


def test_without_an_answer_it_goes_on_to_the_last_seed(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    records = records_of(plan, SAME)
    for n in range(2, 6):
        assert not is_decided(study, first(records, n), CLUSTERS)
    analysis = analysed(study, records)
    assert analysis.reached.look == looks(6)[-1]
    assert analysis.reached.seeds == SEEDS
    assert analysis.reached.state == "final"
    assert analysis.comparisons[0].level == pytest.approx(1 - 0.05 * 0.8)


def test_every_hypothesis_has_to_be_decided(
    make_experiment: Callable[..., Plan], records_of: Callable[..., Records]
) -> None:
    clear = {"factor": "context", "claim": "better"}
    open_ = {"factor": "precision", "claim": "equivalent", "margin": 0.01}

    def decided(*hypotheses: dict[str, object]) -> bool:
        analysis = {"sequential": True, "hypotheses": hypotheses}
        plan = make_experiment(seeds=SEEDS, analysis=analysis)
        shares = {arm.name: 0.14 + 0.7 * ("context" in arm.name) for arm in plan.arms}
        return is_decided(study_of(plan), first(records_of(plan, shares), 3), CLUSTERS)

    assert decided(clear)
    assert not decided(clear, open_)
    assert not decided(open_, clear)


def test_looks_are_at_the_first_seeds_of_the_plan_and_no_others(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    """Else the first look would be another one when a failed run, or a reused seed, comes later."""
    records = records_of(plan, CLEAR, without=[("question", 3)])
    for n in range(3, 6):
        assert not is_decided(study, first(records, n), CLUSTERS)
    last = analysed(study, records)
    assert (last.reached.state, last.reached.look) == ("final", looks(6)[-1])
    reused = [r for r in records_of(plan, CLEAR) if r.seed in SEEDS[2:]]
    assert analysed(study, reused).reached.state == "early"


def test_an_interrupted_one_shows_the_last_look_that_was_due(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    records = records_of(plan, SAME)
    analysis = analysed(study, records[: 2 * 5 - 1])
    assert analysis.reached.state == "interim"
    assert analysis.reached.seeds == SEEDS[:4]
    assert analysis.comparisons == analysed(study, first(records, 4)).comparisons
    assert any("after the first 4 of 6 seeds" in w for w in analysis.warnings)
    assert any(w.startswith("1 runs of later seeds") for w in analysis.warnings)


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_nothing_is_decided_before_the_first_look(
    plan: Plan, study: Study, records_of: Callable[..., Records], n_seeds: int
) -> None:
    analysis = analysed(study, first(records_of(plan, CLEAR), n_seeds))
    assert analysis.reached.state == "early"
    assert {c.verdict for c in (*analysis.comparisons, *analysis.exploratory)} == {"undecided"}
    assert analysis.comparisons[0].estimate > 50
    assert any("first look is after 3 complete seeds" in w for w in analysis.warnings)


def test_an_ordinary_experiment_is_never_ended_early(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    ordinary = replace(study, sequential=False)
    assert not is_decided(ordinary, records_of(plan, CLEAR), CLUSTERS)
    assert analysed(ordinary, records_of(plan, CLEAR)).comparisons[0].level == 0.95
