"""A rate of errors turns round every conclusion, and no number.

Two plans with the same runs: one judged by exact match, one by the slot error rate, which is zero
where exact match is 100. What is better by one is better by the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.experiment import Experiment, Plan, load_experiment, make_plan
from harness.experiment.recipe import Best
from harness.experiment.search import Search
from harness.experiment.tuning import Tuning
from harness.results import RunRecord
from reports.analysis import Analysis, analyse
from reports.arms import arm_means, best_arm
from reports.family import judge_family
from reports.measurement import measure
from reports.opinions import second_opinions
from reports.plots import draw_pairs
from reports.plots.forest import ForestRow, forest_limits, forest_rows
from reports.plots.frontier import frontier
from reports.plots.pairs import SeedLine, SeedPanel
from reports.plots.svg import BLUE
from reports.scores import ScoreTable
from reports.search import score_bounds
from reports.sections import SECTIONS, Page
from reports.sections.verdicts import TONES
from reports.study import study_of
from reports.verdicts import CLAIMS, claim_p_value, decide, distance_to_decision, needs
from tests.reports.conftest import QUICKSTART, records_of

Both = dict[str, tuple[Page, Analysis]]
SHARES = {
    "question / full": 0.3,
    "question / nf4": 0.3,
    "question+context / full": 0.8,
    "question+context / nf4": 0.55,
}
FAMILY = [
    {"factor": "context", "claim": "better"},
    {"factor": "precision", "claim": "non_inferior", "margin": 3},
    {"interaction": ["context", "precision"], "claim": "better"},
]


def meanings(records: list[RunRecord]) -> list[RunRecord]:
    """The same runs with meaning representations of one slot for answers."""
    changed = []
    for record in records:
        assert record.predictions is not None
        table = record.predictions.copy()
        right = [p == r[0] for p, r in zip(table["prediction"], table["references"], strict=True)]
        table["references"] = [[f"f(a[x{i}])"] for i in range(len(table))]
        table["prediction"] = [f"f(a[{f'x{i}' if r else 'wrong'}])" for i, r in enumerate(right)]
        changed.append(replace(record, predictions=table))
    return changed


@pytest.fixture(scope="module")
def both() -> Both:
    found = {}
    for metric in ("em", "ser"):
        analysis = {"primary": metric, "hypotheses": FAMILY}
        tree = load_experiment(QUICKSTART).model_dump() | {"analysis": analysis}
        plan = make_plan(Experiment.model_validate(tree))
        runs = meanings(records_of(plan, SHARES))
        study = study_of(plan)
        table = ScoreTable.from_records(runs, study, ("title",))
        judged = analyse(study, table, runs)
        found[metric] = Page(study, table, judged, tuple(runs), {}), judged
    return found


def test_the_rate_is_what_exact_match_lacks(both: Both) -> None:
    table = both["ser"][0].table
    np.testing.assert_allclose(table.corpus("ser"), 100 - table.corpus("em"))


def test_verdicts_are_the_same_and_differences_the_opposite(
    both: Both,
) -> None:
    (_, score), (_, rate) = both["em"], both["ser"]
    assert [one.verdict for one in rate.comparisons] == [one.verdict for one in score.comparisons]
    assert {one.verdict for one in rate.comparisons} >= {"better", "worse by more than the margin"}
    for one, other in zip(rate.comparisons, score.comparisons, strict=True):
        assert one.estimate == pytest.approx(-other.estimate)
        assert one.p_adjusted == pytest.approx(other.p_adjusted, rel=1e-4, abs=1e-12)
        assert TONES.get(one.verdict) == TONES.get(other.verdict)
        assert one.control_mean == pytest.approx(
            100 - other.control_mean if one.kind == "main" else -other.control_mean
        )
    first, _, last = rate.comparisons
    assert first.headline == "question+context is better than question"
    assert "SER ↓ 28.2 vs 68.2, −39.9 points" in first.sentence
    assert last.headline.startswith("The gain of question+context over question is smaller")


def test_what_an_undecided_claim_needs_is_the_same(both: Both) -> None:
    told = []
    for page, judged in both.values():
        margin = abs(judged.comparisons[1].estimate) + 1  # nearly lost
        close = replace(page.study.hypotheses[1], margin=margin)
        told += [one.needed for one in judge_family(page.study, page.table, [close])]
    assert told[0] == told[1]
    assert "needs about" in str(told[0])


def test_second_opinions_agree_with_the_margin_on_the_other_side(
    both: Both,
) -> None:
    page, _ = both["ser"]
    rng = np.random.default_rng(0)
    told = [one.test for one in second_opinions(page.study, page.table, rng)]
    assert any("bootstrap" in one for one in told)
    flips = replace(page.study, opinions=("sign_flip", "wilcoxon"))
    score = second_opinions(replace(both["em"][0].study), both["em"][0].table, rng)
    assert any("against −3.0" in one.test for one in score)
    assert not second_opinions(flips, page.table, rng), "a rate is no mean of items"


def test_the_best_arm_has_the_lowest_rate(both: Both) -> None:
    for page, _ in both.values():
        best = best_arm(page.table, page.study.primary, 0.05)
        assert best is not None
        assert (best.arm, best.supported) == ("question+context / full", True)
        assert all(lead.estimate > 0 for lead in best.leads)
        rows: Any = SECTIONS["scoreboard"](page)["rows"]
        assert [row["arm"] for row in rows if row["best"]] == ["question+context / full"]
    strict: Any = SECTIONS["scoreboard"](replace(both["ser"][0], study=_strict(both["ser"][0])))
    assert "has the lowest mean, but not clearly below" in strict["rule"]
    assert strict["lower"]
    assert strict["metrics"][0] == "SER ↓"
    assert not SECTIONS["scoreboard"](_without_ser(both["em"][0]))["lower"]


def _strict(page: Page) -> Any:
    return replace(page.study, alpha=1e-12)


def _without_ser(page: Page) -> Page:
    columns = {n: v for n, v in page.table.columns.items() if not n.startswith("ser")}
    return replace(page, table=replace(page.table, columns=columns))


def test_an_exploratory_difference_says_which_way_the_number_went(
    both: Both,
) -> None:
    rows: Any = SECTIONS["effects"](both["em"][0])["exploratory"]
    own = [row for row in rows if row["contrast"] == "context: question+context vs question"]
    assert {row["metric"]: row["verdict"] for row in own}["SER ↓"] == "lower"


def test_the_forest_has_the_margin_on_the_worse_side(
    both: Both,
) -> None:
    (_, score), (_, rate) = both["em"], both["ser"]
    assert [row.edges for row in forest_rows(score.comparisons)] == [(), (-3.0,), ()]
    assert [row.edges for row in forest_rows(rate.comparisons)] == [(), (3.0,), ()]
    row = ForestRow("x", "", 0.5, 0.0, 1.0, 9.0, True, False, -1.0)
    assert forest_limits([row])[0][1] > 9
    assert set(row._replace(both_sides=True).edges) == {-9.0, 9.0}


def test_seeds_that_fall_are_drawn_as_better() -> None:
    def drawn(metric: str, control: float, treatment: float) -> str:
        lines = (SeedLine(0, control, treatment),)
        return draw_pairs([SeedPanel("x: b vs a", "x", metric, "a", "b", lines)])

    assert BLUE in drawn("ser", 60.0, 20.0)
    assert BLUE not in drawn("ser", 20.0, 60.0)
    assert BLUE in drawn("em", 20.0, 60.0)
    assert BLUE not in drawn("em", 60.0, 20.0)


def test_a_cheap_arm_with_few_errors_is_on_the_frontier(
    both: Both,
) -> None:
    found = {}
    for metric, (page, _) in both.items():
        costs = dict.fromkeys(page.table.arms, 1.0)
        shown = frontier(arm_means(page.table, metric), costs, "memory", "MB", metric)
        found[metric] = [one.arm for one in shown.points if not one.beaten_by]
    assert found["ser"] == found["em"] == ["question+context / full"]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("gain", [-5.0, -2.0, 0.5, 2.0, 5.0])
def test_rules_are_mirrored(claim: Any, gain: float, both: Both) -> None:
    margin = 3.0 if claim in ("non_inferior", "equivalent") else None
    page, _ = both["em"]
    contrast = page.study.hypotheses[1].contrast
    plain = replace(measure(contrast, "em", page.table).result, estimate=gain)
    turned = replace(plain, estimate=-gain)
    p = claim_p_value(plain, claim, margin)
    assert claim_p_value(turned, claim, margin, -1.0) == pytest.approx(p)
    assert decide(-gain, 0.01, claim, margin, 0.05, -1.0) == decide(gain, 0.01, claim, margin, 0.05)
    assert distance_to_decision(-gain, claim, margin, -1.0) == distance_to_decision(
        gain, claim, margin
    )
    plan: Any = {"alpha": 0.05, "power": 0.8, "n_family": 1}
    told = needs(plain, claim, margin, **plan)
    assert needs(turned, claim, margin, **plan, sign=-1.0) == told
    if claim == "non_inferior" and gain == -5.0:
        assert decide(-gain, 0.01, claim, margin, 0.05) != decide(
            -gain, 0.01, claim, margin, 0.05, -1.0
        )


def test_training_and_searches_look_for_less() -> None:
    space = {"training.learning_rate": {"kind": "float", "low": 0.1, "high": 1}}
    search = Search.model_validate({"space": space})
    assert [search.direction_for(m) for m in ("f1", "ser", "validation_loss")] == [
        "maximize", "minimize", "minimize",
    ]  # fmt: skip
    wanted = [Best.model_validate({"metric": m}).greater_is_better for m in ("em", "ser")]
    assert wanted == [True, False]
    tuning = Tuning(
        metric="ser", direction="minimize", sampler="tpe", pruner="none", seeds=(1,), storage="",
        arms={},
    )  # fmt: skip
    assert score_bounds(tuning) == (-np.inf, -0.0)
    assert score_bounds(tuning.model_copy(update={"metric": "em"})) == (-100.0, -0.0)


def test_a_rate_above_100_is_shown_as_it_is(both: Both) -> None:
    table = both["ser"][0].table
    wild = dict(table.columns) | {"ser_errors": table.columns["ser_errors"] + 2}
    rows = arm_means(replace(table, columns=wild), "ser")
    assert all(row.ci_high > row.mean > 200 for row in rows)


def test_it_is_nowhere_where_no_reference_is_a_meaning_representation(page_of_plan: Page) -> None:
    assert "ser" not in page_of_plan.table.metrics
    shown = "".join(str(section(page_of_plan)) for section in SECTIONS.values())
    assert "SER" not in shown
    assert "ser" not in {one.metric for one in page_of_plan.analysis.exploratory}


@pytest.fixture
def page_of_plan(plan: Plan, records: list[RunRecord]) -> Page:
    study = study_of(plan)
    table = ScoreTable.from_records(records, study, ("title",))
    return Page(study, table, analyse(study, table, records), tuple(records), {})
