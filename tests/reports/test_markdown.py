from __future__ import annotations

from collections.abc import Callable

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.markdown import as_markdown
from reports.scores import ScoreTable
from reports.study import study_of


def short(plan: Plan, records: list[RunRecord], **facts: str) -> str:
    study = study_of(plan)
    table = ScoreTable.from_records(records, study, ("title",))
    return as_markdown(study, analyse(study, table, records), facts)


def test_verdicts_scores_and_effects(plan: Plan, records: list[RunRecord]) -> None:
    lines = short(plan, records, Plan="abc", Packages="x").split("\n")
    assert lines[0].startswith("### Does reading the paragraph help")
    assert lines[2].startswith("**better**: question+context is better than question. F1 ")
    assert lines[4].startswith("**not worse by more than the margin**: nf4 is not worse")
    heading = lines.index("| Arm | F1 | EM | BLEU | ROUGE-1 | ROUGE-2 | ROUGE-L |")
    assert lines[heading + 2].startswith("| question / full | 34.3 | 16.7 |")
    assert sum(line.count("|") == 7 for line in lines if line.startswith("|")) == 4
    assert lines[-2:] == ["Plan: `abc`", ""]


def test_labels_start_no_markup(
    make_experiment: Callable[..., Plan], records_of: Callable[..., list[RunRecord]]
) -> None:
    label = "a|b *c* <i> [x](y)"
    factors = {"f": {"control": {"full": {}}, "treatments": {label: {"model.precision": "nf4"}}}}
    plan = make_experiment(factors=factors, analysis={})
    text = short(plan, records_of(plan, {"full": 0.5, label: 0.5}))
    assert r"a\|b \*c\* \<i\> \[x\](y)" in text
    assert label not in text
