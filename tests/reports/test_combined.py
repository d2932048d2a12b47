"""Several ablations side by side: only what they all declared, and nothing pooled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.combined import Member, build_combined
from reports.scores import ScoreTable
from reports.study import study_of

MakeMember = Callable[..., Member]


@pytest.fixture
def member(
    make_experiment: Callable[..., Plan], records_of: Callable[..., list[RunRecord]]
) -> MakeMember:
    def make(name: str, gain: float, *hypotheses: dict[str, object]) -> Member:
        plan = make_experiment(analysis={"hypotheses": hypotheses})
        shares = {arm.name: 0.2 + gain * ("context" in arm.name) for arm in plan.arms}
        records = records_of(plan, shares)
        study = study_of(plan)
        table = ScoreTable.from_records(records, study, ("title",))
        return Member(name, study, analyse(study, table, records))

    return make


CONTEXT = {"factor": "context", "claim": "better"}
NF4 = {"factor": "precision", "claim": "non_inferior", "margin": 3}


def test_shared_hypotheses_are_put_side_by_side(member: MakeMember, tmp_path: Path) -> None:
    members = [member("small <b>", 0.6, CONTEXT, NF4), member("large", 0.0, CONTEXT)]
    files = build_combined(members, {"Command": "harness report a b"}, tmp_path)
    entries = json.loads((tmp_path / "comparisons.json").read_text())
    assert [(e["ablation"], e["contrast"]) for e in entries] == [
        ("small <b>", "context: question+context vs question"),
        ("large", "context: question+context vs question"),
    ]
    own = members[0].analysis.comparisons[0]
    assert entries[0]["p_adjusted"] == own.p_adjusted, "its own family's correction"
    html = (tmp_path / "report.html").read_text()
    assert "<h1>2 ablations, 1 × better, 1 × undecided</h1>" in html
    assert "small &lt;b&gt;" in html
    assert "<b>" not in html
    assert "precision: nf4 vs full" not in html
    assert {f.name for f in files} >= {"report.html", "hypothesis-1.csv", "hypothesis-1.png"}


def test_another_margin_is_another_hypothesis(member: MakeMember, tmp_path: Path) -> None:
    members = [member("a", 0.1, NF4), member("b", 0.1, {**NF4, "margin": 2})]
    with pytest.raises(DataError, match="no hypothesis in common") as caught:
        build_combined(members, {}, tmp_path)
    assert "a: precision: nf4 vs full non_inferior (f1)" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_those_that_did_not_declare_it_are_counted(member: MakeMember, tmp_path: Path) -> None:
    members = [member("a", 0.1, NF4, CONTEXT), member("b", 0.1, CONTEXT), member("c", 0.1, NF4)]
    build_combined(members, {}, tmp_path)
    assert (tmp_path / "report.html").read_text().count("1 of the ablations did not declare") == 2
