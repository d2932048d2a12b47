"""Looks between rounds of seeds: when an experiment ends, and what its numbers then say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import Analysis, analyse
from reports.interim import is_decided, reached
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
    assert any(w.startswith("Stopped after 3 of 6 planned seeds") for w in analysis.warnings)
    assert not any("no scores" in w for w in analysis.warnings)
    later = analysed(study, records)  # runs that were not needed change nothing
    assert later.comparisons == analysis.comparisons
    assert later.scoreboard == analysis.scoreboard


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
    assert not analysis.reached.stopped
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


def test_a_failed_run_delays_the_look_by_a_round(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    records = records_of(plan, CLEAR, without=[("question", 3)])
    assert not is_decided(study, first(records, 3), CLUSTERS)
    assert is_decided(study, first(records, 4), CLUSTERS)
    assert analysed(study, first(records, 4)).reached.seeds == (5, 8, 1)


def test_ended_with_too_few_complete_seeds_is_the_last_look(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    records = records_of(plan, CLEAR, without=[("question", seed) for seed in SEEDS[2:]])
    table = ScoreTable.from_records(records, study, CLUSTERS)
    assert reached(study, table, records).look == looks(6)[-1]
    assert reached(study, table, records[:-1]).look == looks(6)[0]


def test_an_ordinary_experiment_is_never_ended_early(
    plan: Plan, study: Study, records_of: Callable[..., Records]
) -> None:
    ordinary = replace(study, sequential=False)
    assert not is_decided(ordinary, records_of(plan, CLEAR), CLUSTERS)
    assert analysed(ordinary, records_of(plan, CLEAR)).comparisons[0].level == 0.95
