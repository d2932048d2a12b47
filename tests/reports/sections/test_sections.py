from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import reports.sections
from harness.audit.background import Background, Exposed
from harness.audit.overlap import Example, Finding, Overlap
from harness.audit.profile import Lengths, Profile, Size
from harness.experiment import Plan
from harness.experiment.declaration import Declaration, with_declaration
from harness.results import RunRecord
from reports.analysis import analyse
from reports.build import render
from reports.noise import NoiseFloor
from reports.opinions import Opinion
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page, declaration
from reports.sections.runs import _duration
from reports.sections.verdicts import headline_of
from reports.study import study_of
from reports.wording import short_number


@pytest.fixture
def page(plan: Plan, records: list[RunRecord]) -> Page:
    table = ScoreTable.from_records(records, study_of(plan), ("title",))
    return Page(
        study_of(plan),
        table,
        analyse(study_of(plan), table, records),
        tuple(records),
        {"Commit": "abc"},
    )


def test_every_section_has_its_module_and_template() -> None:
    package = Path(reports.sections.__file__).parent
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "page"}
    templates = {p.name.split(".")[0] for p in (package.parent / "templates").glob("*.j2")}
    assert set(SECTIONS) == modules == templates - {"report", "combined"}


def test_costs_are_means_over_an_arms_runs(page: Page) -> None:
    context = SECTIONS["runs"](page)
    rows = {row["arm"]: row["costs"] for row in context["arms"]}  # type: ignore[attr-defined]
    headings = [h["short"] for h in context["headings"]]  # type: ignore[attr-defined]
    assert rows["question / nf4"][headings.index("weights, MB")] == "0.9"
    own = [r for r in page.records if r.arm == "question / full"]
    expected = sum(r.metrics["train_tokens_per_second"] for r in own) / 3
    assert rows["question / full"][headings.index("training, tokens/s")] == f"{expected:,.0f}"


def test_costs_that_are_known_of_no_run_are_not_shown(page: Page) -> None:
    nan = float("nan")
    for place, record in enumerate(page.records):
        energy = 0.125 if place == 0 else nan
        more = {"energy_wh": energy, "peak_memory_mb": nan, "trainable_percent": 7.021714}
        object.__setattr__(record, "metrics", {**record.metrics, **more})
    context = SECTIONS["runs"](page)
    rows = {row["arm"]: row["costs"] for row in context["arms"]}  # type: ignore[attr-defined]
    headings = [h["short"] for h in context["headings"]]  # type: ignore[attr-defined]
    assert "peak memory, MB" not in headings
    first, other = rows["question / full"], rows["question / nf4"]
    assert first[headings.index("trained, %")] == "7.02"
    assert first[headings.index("energy, Wh")] == "0.125"
    assert other[headings.index("energy, Wh")] == "–"


def test_reused_runs_cost_nothing_now(page: Page) -> None:
    assert _duration(page.records) == "3 minutes"
    reused = tuple(replace(r, status="reused") for r in page.records)
    assert _duration(reused) is None


@pytest.mark.parametrize(
    ("value", "text"), [(float("nan"), "–"), (0.0, "0"), (2.13, "2.13"), (36864.0, "36,864")]
)
def testshort_number(value: float, text: str) -> None:
    assert short_number(value) == text


def test_headline_counts_what_it_does_not_show(page: Page) -> None:
    comparisons = page.analysis.comparisons
    three = (*comparisons, replace(comparisons[0], verdict="undecided"), *comparisons[:1] * 2)
    assert headline_of(three).endswith("; and 2 better, 1 undecided")
    undecided = replace(comparisons[1], headline="Undecided whether x")
    assert headline_of((comparisons[0], undecided)).endswith("; undecided whether x")
    assert headline_of(()) == "No hypothesis"


def test_a_card_says_what_its_verdict_does_not_show(page: Page) -> None:
    better, not_worse = page.analysis.comparisons

    def limits(**changes: object) -> str:
        comparisons = (replace(better, **changes), not_worse)
        shown = replace(page, analysis=replace(page.analysis, comparisons=comparisons))
        return SECTIONS["verdicts"](shown)["cards"][0]["limits"]  # type: ignore[index]

    assert "other data, models and settings were not tried" in limits()
    assert limits(verdict="undecided") == "Undecided is not “no difference”."
    assert limits(scope="checkpoints").startswith("About these trained checkpoints only")


def test_trust_names_scope_and_size(page: Page) -> None:
    basis = str(SECTIONS["trust"](page)["basis"])
    assert "200 items in 25 clusters (by “title”), with 3 training seeds" in basis
    assert "about the recipe" in basis


@pytest.mark.parametrize(
    ("n_changed", "share"), [(0, "0.0%"), (1, "< 0.1%"), (7, "0.1%"), (1234, "12.3%")]
)
def test_trust_shows_what_numerics_alone_do(page: Page, n_changed: int, share: str) -> None:
    shifts = {"em": 0.0, "f1": -0.31, "bleu": float("nan"), "rouge1": 0.02, "rouge2": 1.0}
    floor = NoiseFloor("question / full", 2, 10_000, n_changed, {**shifts, "rougeL": 2.5})
    analysis = replace(page.analysis, noise=(floor,))
    context = SECTIONS["trust"](replace(page, analysis=analysis))
    assert context["noise_metrics"] == ["F1", "EM", "BLEU", "ROUGE-1", "ROUGE-2", "ROUGE-L"]
    assert context["noise"] == [
        {
            "arm": "question / full",
            "seed": 2,
            "changed": f"{n_changed:,} of 10,000",
            "share": share,
            "shifts": ["−0.3", "0.0", "–", "+0.02", "+1.0", "+2.5"],
        }
    ]


def test_trust_shows_second_opinions(page: Page) -> None:
    opinions = (Opinion("a: b vs c", "f1", "sign flips of titles (all)", 0.0312),)
    analysis = replace(page.analysis, opinions=opinions)
    context = SECTIONS["trust"](replace(page, analysis=analysis))
    assert context["opinions"] == [
        {
            "contrast": "a: b vs c",
            "metric": "F1",
            "test": "sign flips of titles (all)",
            "p": "0.031",
        }
    ]
    assert len(page.analysis.opinions) == 2, "one for each declared hypothesis"


def test_declaration_shows_its_hash_its_time_and_every_change(page: Page) -> None:
    assert declaration.context(page) == {"first": None, "changes": []}
    first = {"alpha": 0.05, "test items": "a" * 64}
    history = with_declaration((), first, at="2026-01-02T03:04:05+00:00", n_known=0, n_runs=4)
    other = {"alpha": 0.1, "test items": "b" * 64}
    history = with_declaration(history, other, at="2026-01-03T00:00:00", n_known=3, n_runs=4)
    shown = declaration.context(replace(page, study=replace(page.study, history=history)))
    assert shown["first"] == {
        "at": "2026-01-02 03:04 UTC", "hash": history[0].hash, "state": "no run had a result",
    }  # fmt: skip
    assert shown["last"] == history[1].hash

    def known_before(history: tuple[Declaration, ...]) -> object:
        told = replace(page, study=replace(page.study, history=history))
        return SECTIONS["trust"](told)["declared_first"]

    assert [known_before(history[:n]) for n in range(3)] == [False, True, False]
    changes = [tuple(change.values()) for change in shown["changes"]]  # type: ignore[attr-defined]
    when, state = "2026-01-03 00:00 UTC", "3 of 4 runs had results"
    assert changes == [
        (when, state, "alpha", "0.05", "0.1"),
        (when, state, "test items", "a" * 12, "b" * 12),
    ]


@pytest.fixture
def known(plan: Plan, records: list[RunRecord]) -> Page:
    """A page whose items have labels and of which some overlap with training."""
    ids = [f"q{i}" for i in range(200)]
    halves = ["what" if i % 2 else "who" for i in range(190)] + ["rare"] * 10
    example = Example("q1", "who <b>", "t9", "Who was it?", 0.875)
    findings = (
        Finding("test", "question", "near", 3, 200, (example,)),
        Finding("test", "answer", "exact", 20, 200, ()),
        Finding("test", "context", "exact", 0, 0, ()),
    )
    overlap = Overlap(findings, frozenset(ids[:30]), frozenset())
    exposed = (
        Exposed("tiny", 0.034, 12, ("One. ", "Two."), ""),
        Exposed("t5", math.nan, 0, (), "it has no likelihood"),
    )
    labels = pd.DataFrame({"item": ids, "question_word": halves})
    study = study_of(plan, background=Background(labels, overlap, exposed))
    table = ScoreTable.from_records(records, study, ("title",))
    return Page(study, table, analyse(study, table, records), tuple(records), {})


def test_slices_are_tables_by_contrast_and_slice(known: Page) -> None:
    context = SECTIONS["slices"](known)
    first, second = context["tables"]  # type: ignore[misc]
    assert first["title"] == "context: question+context vs question (F1)"
    (group,) = second["groups"]
    assert group["title"] == "Question word"
    assert [(row["label"], row["n_items"]) for row in group["rows"]] == [
        ("what", "95"), ("who", "95"), ("rare", "10"),
    ]  # fmt: skip
    assert (group["rows"][2]["interval"], group["rows"][2]["p"]) == ("too few", "–")
    assert " to " in group["rows"][0]["interval"]


def test_overlap_shows_counts_examples_and_the_contrasts_again(known: Page) -> None:
    context = SECTIONS["overlap"](known)
    assert context["n_overlapping"] == 30
    rows = context["rows"]
    assert [tuple(row.values()) for row in rows] == [  # type: ignore[attr-defined]
        ("test", "question, nearly the same", "3 of 200", "1.5%"),
        ("test", "answer, with any question", "20 of 200", "10.0%"),
    ]
    (example,) = context["examples"]  # type: ignore[misc]
    assert (example["item"], example["train_item"], example["similarity"]) == ("q1", "t9", "0.88")
    assert [one["n_items"] for one in context["again"]] == ["170", "170"]  # type: ignore[attr-defined]
    assert [one["p"] for one in context["exposed"]] == ["0.034", "it has no likelihood"]  # type: ignore[attr-defined]


def test_pages_of_known_items_render(known: Page, page: Page) -> None:
    html = render(known)
    for text in ("Where does it differ?", "Was the test given away?", "who &lt;b&gt;", "too few"):
        assert text in html
    assert "Did the base model know the test file?" in html
    assert "built-in method" not in html  # a dict's own `items` in a template
    assert "<b>" not in html
    without = render(page)
    assert "Where does it differ?" not in without
    assert "Was the test given away?" not in without


def test_training_is_absent_where_nothing_was_logged(page: Page) -> None:
    assert SECTIONS["training"](page) == {"found": False}
    assert '<h2 id="training">' not in render(page)


def trained(record: RunRecord) -> RunRecord:
    """A run that kept step 20 of 30; its losses depend on the seed."""
    more = 0.1 * record.seed
    curves = {
        "train_loss": ((10, 4.0), (20, 2.0), (30, 1.0 + more)),
        "validation_loss": ((20, 3.0 + more), (30, 3.5)),
        "validation_f1": ((20, 40.0), (30, 39.0)),
    }
    metrics = {**record.metrics, "kept_step": 20.0 if record.seed else 30.0}
    return replace(record, curves=curves, metrics=metrics)


def test_training_shows_where_each_arm_ended_and_what_failed(page: Page) -> None:
    first, *others = map(trained, page.records)
    reason = "training diverged: <b> loss was nan"
    broken = RunRecord(
        first.arm, first.seed, "failed", "f", reason, curves={"train_loss": ((10, 9e9),)}
    )
    html = render(replace(page, records=(broken, *others)))
    context = SECTIONS["training"](replace(page, records=(broken, *others)))
    one, two = context["rows"][:2]  # type: ignore[index]
    assert first.arm == one["arm"] == "question / full"
    assert (one["runs"], two["runs"]) == ("2 of 3", "3 of 3")
    assert one["train"] == {"mean": "1.15", "ends": "1.1 to 1.2"}
    assert two["train"] == {"mean": "1.1", "ends": "1 to 1.2"}
    assert two["validation"] == {"mean": "3.27", "ends": "3.1 to 3.5"}
    assert two["score"] == {"mean": "39.7", "ends": "39.0 to 40.0"}
    assert (one["kept"], two["kept"], two["steps"]) == ("20", "20 to 30", "30")
    assert context["failed"] == [{"arm": first.arm, "seed": 0, "reason": reason}]
    assert "training diverged: &lt;b&gt; loss was nan" in html
    assert html.index('id="runs"') < html.index('id="training"') < html.index('id="trust"')


@pytest.fixture
def profiled(known: Page) -> Page:
    """A page whose arms have other training items, and prompts that were cut."""
    arms = known.study.arms
    profile = Profile(
        (
            Size("train", arms[:1], 900, 0, ()),
            Size("train", arms[1:], 1_800, 0, (("title", 40),)),
            Size("test", arms, 200, 12, (("title", 25), ("context", 50))),
        ),
        (Lengths("test", "question", 200, (1, 2, 4, 7, 8, 9.4, 12), (50, 150), 10),),
        ("test: 12 of <i>200</i> items have no answer",),
    )
    records = []
    for record in known.records:
        assert record.predictions is not None
        predictions = record.predictions.assign(prompt_tokens=range(200))
        cut = {"prompts_cut": 3.0, "questions_cut": 0.0, "train_prompts_cut": 45.0}
        metrics = {**record.metrics, **cut, "targets_cut": math.nan}
        records.append(replace(record, predictions=predictions, metrics=metrics))
    assert known.study.background is not None
    background = replace(known.study.background, profile=profile)
    study = replace(known.study, background=background)
    return replace(known, study=study, records=tuple(records))


def test_data_shows_sizes_and_lengths(profiled: Page) -> None:
    context = SECTIONS["data"](profiled)
    assert context["levels"] == ("title", "context")
    first, *others = profiled.study.arms
    assert [tuple(row.values()) for row in context["sizes"]] == [  # type: ignore[attr-defined]
        ("test", None, "200", ["25", "50"], "12"),
        ("training", first, "900", ["–", "–"], "0"),
        ("training", ", ".join(others), "1,800", ["40", "–"], "0"),
    ]
    assert [tuple(row.values()) for row in context["lengths"]] == [  # type: ignore[attr-defined]
        ("question", "test", "200", ["2", "7", "9", "12"])
    ]
    html = render(profiled)
    assert "<li>test: 12 of &lt;i&gt;200&lt;/i&gt; items have no answer</li>" in html
    assert "Lengths in words. question: test median 7, most often 10 to 19" in html
    assert "built-in method" not in html
    assert html.index('id="data"') < html.index('id="overlap"') < html.index('id="trust"')


def test_data_shows_prompts_against_each_arms_limit(profiled: Page) -> None:
    arm, *others = profiled.study.arms
    records = tuple(r for r in profiled.records if r.arm != others[-1])
    limits = {arm: 1_024}
    page = replace(profiled, study=replace(profiled.study, limits=limits), records=records)
    rows: list[dict[str, object]] = SECTIONS["data"](page)["limits"]  # type: ignore[assignment]
    assert [(row["arm"], row["limit"]) for row in rows] == [
        (arm, "1,024"), *((other, "–") for other in others[:-1]),
    ]  # fmt: skip
    assert rows[0]["tokens"] == ["10", "100", "189", "199"]  # of 0, 1, … 199
    cut = [[(one["number"], one["share"]) for one in row["cut"]] for row in rows]  # type: ignore[attr-defined]
    assert cut[0] == [("3", "1.5%"), ("0", None), ("45", "5.0%"), ("–", None)]
    assert cut[1][2] == ("45", "2.5%")


def test_data_is_absent_where_nothing_is_known_of_it(page: Page, known: Page) -> None:
    bare = tuple(
        replace(r, predictions=r.predictions.drop(columns="prompt_tokens"))
        for r in known.records
        if r.predictions is not None
    )
    assert SECTIONS["data"](replace(known, records=bare))["found"] is False
    assert '<h2 id="data">' not in render(replace(known, records=bare))
    html = render(page)  # an ablation that stored no profile
    assert "Prompts and their limit" in html
    assert "Lengths in words" not in html


def test_scoreboard_has_what_arms_cost(page: Page) -> None:
    context = SECTIONS["scoreboard"](page)
    assert context["costs"] == ["MB", "s"]
    own = [r.metrics for r in page.records if r.arm == "question / nf4"]
    seconds = sum(m["train_seconds"] + m["generate_seconds"] for m in own) / len(own)
    row = context["rows"][1]  # type: ignore[index]
    assert row["costs"] == ["0.9", f"{seconds:.3g}"]
    unknown = tuple(replace(record, metrics={}) for record in page.records)
    assert SECTIONS["scoreboard"](replace(page, records=unknown))["costs"] == []


def test_provenance_names_data_and_model_by_content(page: Page) -> None:
    what = {"test items": "abc", "base model": {"t5": "x", "llama": "y"}, "alpha": 0.05}
    history = with_declaration((), what, at="t", n_known=0, n_runs=1)
    declared_page = replace(page, study=replace(page.study, history=history))
    facts = SECTIONS["provenance"](declared_page)["facts"]
    assert facts["Test items, by content"] == "abc"  # type: ignore[index]
    assert facts["Base model, by content"] == "t5: x; llama: y"  # type: ignore[index]
    assert SECTIONS["provenance"](page)["facts"] == {"Commit": "abc"}
