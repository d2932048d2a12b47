from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import reports
from harness.audit.background import Background
from harness.audit.lengths import Lengths
from harness.audit.profile import Profile
from harness.audit.thresholds import Threshold
from harness.data.characters import Measured
from harness.errors import OutputError
from harness.experiment import Plan
from harness.results import RunRecord, cluster_columns
from reports import ScoreTable, build_report, verdict_lines
from reports.study import study_of

CLUSTERS = ("title", "context")
PROVENANCE = {"Command": "harness run x.yaml", "Versions": "torch==2\nmlflow==3"}
HOSTILE = "<script>alert(1)</script>"
Records = list[RunRecord]


class Structure(HTMLParser):
    """Tags, ids and attributes of a page, and whether its tags close in order."""

    VOID = ("meta", "path", "use", "img", "br", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def page(plan: Plan, records: Records, output: Path) -> str:
    build_report(study_of(plan), records, CLUSTERS, PROVENANCE, output)
    return (output / "report.html").read_text(encoding="utf-8")


def test_files(plan: Plan, records: Records, tmp_path: Path) -> None:
    result = build_report(study_of(plan), records, CLUSTERS, PROVENANCE, tmp_path / "new/folder")
    names = ["report.html", "report.md", "comparisons.json", "scores.parquet"]
    assert [path.name for path in result.files[:4]] == names
    assert sorted(os.listdir(tmp_path / "new/folder")) == sorted([*names, "figures", "tables"])
    entries = json.loads(result.files[2].read_text(encoding="utf-8"))
    assert [e["verdict"] for e in entries if not e["exploratory"]] == [
        "better",
        "not worse by more than the margin",
    ]
    table = ScoreTable.from_frame(pd.read_parquet(result.files[3]))
    assert table.columns["f1"].shape == (4, 3, 200)
    assert verdict_lines(result.analysis)[0].startswith(
        "[better] question+context is better than question: F1 "
    )


def test_all_items_beyond_a_limit_are_in_a_file(
    plan: Plan, records: Records, tmp_path: Path
) -> None:
    long = tuple(Measured("train", f"t{n}", 900 - n, "=1+1, ‘Who’?") for n in range(30))
    lengths = (Lengths("train", "question + answer", 90, (1.0,) * 7, (60, 30), 600),)
    limit = Threshold(("question", "answer"), 512, True, ("x",), lengths, long)
    labels = pd.DataFrame({"item": [], "question_word": []}, dtype="str")
    background = Background(labels, None, profile=Profile((), (), (), (limit,)))
    study = study_of(plan, background=background)
    result = build_report(study, records, CLUSTERS, PROVENANCE, tmp_path)
    path = tmp_path / "tables" / "long_items.csv"
    assert path in result.files, "so that it is stored with the run"
    rows = path.read_text(encoding="utf-8").splitlines()
    assert len(rows) == 31
    assert rows[30] == 'train,t29,871,question + answer,512,yes,"=1+1, ‘Who’?"'


def test_page_starts_with_the_verdict(plan: Plan, records: Records, tmp_path: Path) -> None:
    html = page(plan, records, tmp_path)
    body = re.sub(r"<[^>]*>", "", html[html.index("<h1>") :]).split("\n")
    assert body[0].startswith("question+context is better than question; nf4 is not worse")
    order = ["<h1>", "Scoreboard</h2>", "Effects</h2>", "Runs and costs", "Can I trust", "Where"]
    places = [html.index(text) for text in order]
    assert places == sorted(places)


def test_page_is_self_contained_and_well_formed(
    plan: Plan, records: Records, tmp_path: Path
) -> None:
    html = page(plan, records, tmp_path)
    structure = Structure(html)
    assert structure.open == []
    names = [name for name, _ in structure.attributes]
    assert "src" not in names
    assert "style" not in names
    assert all(value and value.startswith("#") for name, value in structure.attributes
               if name.endswith("href"))  # fmt: skip
    ids = [value for name, value in structure.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    assert "url(" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in html


def test_only_the_pages_own_script_may_run(plan: Plan, records: Records, tmp_path: Path) -> None:
    html = page(plan, records, tmp_path)
    assert Structure(html).tags.count("script") == 2
    assert html.count('<script type="application/json" id="items-data">{') == 1
    script = html[html.index("<script>") + 8 : html.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"; script-src 'sha256-{digest}'; require-trusted-types-for 'script'" in html
    # What makes markup or code of a string has no place in it.
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function", script
    )


def test_no_answers_no_script(plan: Plan, tmp_path: Path) -> None:
    assert "script" not in Structure(page(plan, [], tmp_path)).tags


def test_hostile_text_is_escaped(
    make_experiment: Callable[..., Plan], records_of: Callable[..., Records], tmp_path: Path
) -> None:
    label = HOSTILE.replace("/", "")
    factors = {
        f"f{label}": {
            "control": {"full": {}},
            "treatments": {label: {"model.precision": "nf4"}},
        }
    }
    plan = make_experiment(factors=factors, question=HOSTILE, analysis={})
    shares = {arm.name: 0.5 for arm in plan.arms}
    records = records_of(plan, shares, without=[(label, 1)])
    object.__setattr__(records[-1], "run_id", HOSTILE)
    assert records[0].predictions is not None
    records[0].predictions.loc[0, "prediction"] = HOSTILE
    result = build_report(
        study_of(plan), records, CLUSTERS, {HOSTILE: HOSTILE, "b": f"{HOSTILE}\n2"}, tmp_path
    )
    html = result.files[0].read_text(encoding="utf-8")
    assert Structure(html).tags.count("script") == 2
    assert "<script>alert" not in html
    assert "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e" in html
    assert "&lt;script&gt;alert(1)" in html
    assert Structure(html).open == []


def test_page_without_any_result(plan: Plan, tmp_path: Path) -> None:
    html = page(plan, [], tmp_path)
    assert "No run has scores, so nothing can be concluded." in html
    assert "<svg" not in html
    assert "nan" not in re.sub(r"<[^>]*>", "", html).lower().split()


def test_failed_run_is_shown_with_its_reason(
    plan: Plan, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    shares = {arm.name: 0.5 for arm in plan.arms}
    html = page(plan, records_of(plan, shares, without=[("question / nf4", 1)]), tmp_path)
    assert "<td>out of memory in a test</td>" in html


def test_answers_given_twice_survive_storage_and_stay_out_of_the_scores(
    plan: Plan, records: Records, tmp_path: Path
) -> None:
    heading = "What numerics alone do</h3>"
    assert heading not in page(plan, records, tmp_path / "once")
    once = (tmp_path / "once/scores.parquet").read_bytes()
    for record in records:
        assert record.predictions is not None
        if record.arm == "question / full":
            again = record.predictions["prediction"].where(record.predictions.index != 3, HOSTILE)
            record.predictions.insert(3, "again", again)
        file = tmp_path / "predictions.parquet"
        record.predictions.to_parquet(file, index=False)
        stored = pd.read_parquet(file)
        stored["references"] = [list(entry) for entry in stored["references"]]
        object.__setattr__(record, "predictions", stored)
    assert cluster_columns(records) == CLUSTERS
    html = page(plan, records, tmp_path / "twice")
    assert html.count(heading) == 1
    assert html.count("1 of 200<small>0.5%</small>") == 3
    assert (tmp_path / "twice/scores.parquet").read_bytes() == once
    assert "<script>alert" not in html


def test_replaces_an_earlier_report(plan: Plan, records: Records, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    assert page(plan, records, tmp_path).startswith("<!doctype html>")


def test_a_folder_that_cannot_be_written(plan: Plan, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("here")
    with pytest.raises(OutputError, match=r"report\.html") as caught:
        build_report(study_of(plan), [], CLUSTERS, {}, blocked)
    assert caught.value.fix


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    plan: Plan, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="No space left"):
        build_report(study_of(plan), records, CLUSTERS, {}, tmp_path)
    assert os.listdir(tmp_path) == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"


def test_public_names() -> None:
    assert all(getattr(reports, name) for name in reports.__all__)
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = reports.nothing_like_this
