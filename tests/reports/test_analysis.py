from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import Analysis, analyse
from reports.scores import ScoreTable
from reports.statistics import paired_difference
from reports.study import study_of

Records = list[RunRecord]
CLUSTERS = ("title", "context")
KEYS = {
    *("contrast", "kind", "claim", "metric", "exploratory", "scope", "method", "control_mean"),
    *("treatment_mean", "estimate", "ci_low", "ci_high", "level", "se", "df", "p_value"),
    *("p_adjusted", "n_family", "verdict", "margin", "needed", "n_items", "n_clusters"),
    *("n_seeds", "reason", "headline", "sentence"),
}
INTERACTION = {
    "hypotheses": [
        {"factor": "context", "claim": "better"},
        {"interaction": ["context", "precision"], "claim": "different"},
    ]
}


def analysed(plan: Plan, records: Records, clusters: tuple[str, ...] = CLUSTERS) -> Analysis:
    return analyse(
        study_of(plan), ScoreTable.from_records(records, study_of(plan), clusters), records
    )


def test_declared_hypotheses_of_the_quickstart(plan: Plan, records: Records) -> None:
    context, precision = analysed(plan, records).comparisons
    assert context.verdict == "better"
    assert precision.verdict == "not worse by more than the margin"
    assert context.treatment_mean - context.control_mean == pytest.approx(context.estimate)
    assert (context.n_items, context.n_clusters, context.n_seeds) == (200, 25, 3)
    assert (context.scope, context.level, precision.margin) == ("recipe", 0.95, 3.0)


def test_main_effect_averages_over_the_other_factor(plan: Plan, records: Records) -> None:
    table = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    f1 = dict(zip(table.arms, table.columns["f1"], strict=True))
    with_context = (f1["question+context / full"] + f1["question+context / nf4"]) / 2
    without = (f1["question / full"] + f1["question / nf4"]) / 2
    expected = paired_difference(with_context - without, table.clusters)
    got = analysed(plan, records).comparisons[0]
    assert got.estimate == pytest.approx(expected.estimate)
    assert got.se == pytest.approx(expected.se)
    assert got.control_mean == pytest.approx(without.mean())


def test_interaction_is_a_difference_of_effects(
    make_experiment: Callable[..., Plan], records: Records
) -> None:
    plan = make_experiment(analysis=INTERACTION)
    table = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    f1 = {arm: s.mean() for arm, s in zip(table.arms, table.columns["f1"], strict=True)}
    got = analysed(plan, records).comparisons[1]
    full = f1["question+context / full"] - f1["question / full"]
    nf4 = f1["question+context / nf4"] - f1["question / nf4"]
    assert got.control_mean == pytest.approx(full)
    assert got.treatment_mean == pytest.approx(nf4)
    assert got.estimate == pytest.approx(nf4 - full)
    assert "effect of question+context over question" in got.sentence


def test_families_are_adjusted_apart(plan: Plan, records: Records) -> None:
    analysis = analysed(plan, records)
    for family, name in ((analysis.comparisons, "holm"), (analysis.exploratory, "fdr_bh")):
        expected = multipletests([c.p_value for c in family], method=name)[1]
        assert [c.p_adjusted for c in family] == pytest.approx(expected)
    assert len(analysis.exploratory) == 10
    assert all(c.exploratory and c.metric != "f1" for c in analysis.exploratory)


def test_a_missing_run_takes_its_seed_along(plan: Plan, records_of: Callable[..., Records]) -> None:
    shares = {arm.name: 0.5 for arm in plan.arms}
    records = records_of(plan, shares, without=[("question / nf4", 1)])
    analysis = analysed(plan, records)
    assert [c.n_seeds for c in analysis.comparisons] == [2, 2]
    assert any("question / nf4 / seed 1 failed: out of memory" in w for w in analysis.warnings)
    assert any("leave out seed 1" in w for w in analysis.warnings)
    kept = [r for r in records if r.seed != 1]
    for got, expected in zip(analysis.comparisons, analysed(plan, kept).comparisons, strict=True):
        assert got.estimate == expected.estimate
    rows = {(r.arm, r.metric): r for r in analysis.scoreboard}
    assert rows["question / nf4", "f1"].n_seeds == 2
    assert rows["question / full", "f1"].n_seeds == 3


def test_only_contrasts_of_the_missing_arm_lose_a_seed(
    make_experiment: Callable[..., Plan], records_of: Callable[..., Records]
) -> None:
    factors = {
        "precision": {
            "control": {"full": {}},
            "treatments": {
                "nf4": {"model.precision": "nf4"},
                "int8": {"model.precision": "int8"},
            },
        }
    }
    hypotheses = [{"factor": "precision", "claim": "different"}]
    plan = make_experiment(factors=factors, analysis={"hypotheses": hypotheses})
    shares = {arm.name: 0.5 for arm in plan.arms}
    analysis = analysed(plan, records_of(plan, shares, without=[("int8", 2)]))
    assert {c.contrast: c.n_seeds for c in analysis.comparisons} == {
        "precision: nf4 vs full": 3,
        "precision: int8 vs full": 2,
    }


def test_one_seed_speaks_of_checkpoints(
    make_experiment: Callable[..., Plan], records_of: Callable[..., Records]
) -> None:
    plan = make_experiment(seeds=(7,))
    shares = {arm.name: 0.3 + 0.5 * ("context" in arm.name) for arm in plan.arms}
    analysis = analysed(plan, records_of(plan, shares))
    assert analysis.comparisons[0].scope == "checkpoints"
    assert analysis.comparisons[0].verdict == "better"
    assert any("only these trained checkpoints" in w for w in analysis.warnings)
    assert math.isnan(analysis.scoreboard[0].sd)


def test_one_cluster_gives_no_interval_and_no_verdict(
    plan: Plan, records_of: Callable[..., Records]
) -> None:
    shares = {arm.name: 0.3 + 0.5 * ("context" in arm.name) for arm in plan.arms}
    analysis = analysed(plan, records_of(plan, shares, n_articles=1))
    comparison = analysis.comparisons[0]
    assert comparison.verdict == "undecided"
    assert "one cluster" in comparison.sentence
    assert comparison.to_json()["ci_low"] is None
    assert comparison.to_json()["estimate"] > 30


def test_items_without_clusters_stand_for_themselves(plan: Plan, records: Records) -> None:
    analysis = analysed(plan, records, ())
    assert analysis.comparisons[0].n_clusters == 200
    assert any("independent of each other" in w for w in analysis.warnings)


def test_nothing_finished(plan: Plan) -> None:
    analysis = analysed(plan, [])
    assert {c.verdict for c in analysis.comparisons} == {"undecided"}
    assert all("no seed has finished runs" in c.sentence for c in analysis.comparisons)
    assert analysis.comparisons[0].n_seeds == 0
    assert any("In all, 12 of the 12 planned runs" in w for w in analysis.warnings)


def test_json_has_all_keys_and_no_nan(plan: Plan, records: Records) -> None:
    for given in (records, []):
        analysis = analysed(plan, given)
        for comparison in (*analysis.comparisons, *analysis.exploratory):
            entry = comparison.to_json()
            assert set(entry) == KEYS
            json.dumps(entry, allow_nan=False)
            if entry["p_value"] is None:
                assert entry["reason"]


def test_unscored_items_and_cut_prompts_are_told(plan: Plan, records: Records) -> None:
    for record in records:
        assert record.predictions is not None
        record.predictions.at[4, "references"] = []
    cut = {**records[0].metrics, "prompts_cut": 17.0}
    object.__setattr__(records[0], "metrics", cut)
    warnings = analysed(plan, records).warnings
    assert any("1 of 200 items are left out of BLEU" in w for w in warnings)
    assert any("17 in question / full" in w for w in warnings)
    assert np.isfinite(analysed(plan, records).comparisons[0].estimate)


def test_bleu_of_short_answers_is_explained(plan: Plan, records: list[RunRecord]) -> None:
    assert not any("BLEU is 0" in w for w in analysed(plan, records).warnings)
    for record in records:
        assert record.predictions is not None
        record.predictions["prediction"] = record.predictions["prediction"].str[:7]
    assert any("BLEU is 0 everywhere" in w for w in analysed(plan, records).warnings)
