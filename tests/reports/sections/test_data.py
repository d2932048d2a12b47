from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.audit.lengths import Lengths
from harness.audit.profile import Profile, Size
from harness.audit.thresholds import Threshold
from harness.data.characters import Measured
from reports.build import render
from reports.sections import SECTIONS, Page


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


def with_limit(page: Page, long: tuple[Measured, ...], *, drop: bool = False) -> Page:
    background = page.study.background
    assert background is not None
    assert background.profile is not None
    arms = page.study.arms
    lengths = tuple(
        Lengths(split, "question + answer", 50, (1.0,) * 7, (49, 1), 200)
        for split in ("train", "validation", "test")
    )
    limit = Threshold(("question", "answer"), 1_512, drop, arms, lengths, long)
    profile = replace(background.profile, thresholds=(limit,))
    background = replace(background, profile=profile)
    return replace(page, study=replace(page.study, background=background))


def test_data_lists_the_longest_items_beyond_a_limit(profiled: Page) -> None:
    train = tuple(Measured("train", f"t{n}", 9_000 - n, "<b>") for n in range(25))
    page = with_limit(profiled, (*train, Measured("test", "e1", 1_600, "Who?")))
    (one,) = SECTIONS["data"](page)["thresholds"]  # type: ignore[misc, attr-defined]
    assert one["sentence"] == (
        "1 test and 25 training items have more than 1,512 characters in these fields together and"
        " are used all the same."
    )
    assert (len(one["rows"]), one["more"]) == (20, "6")
    assert [*one["rows"][0].values()] == ["training", "t0", "9,000", "<b>"]
    html = render(page)
    assert "<h3>Characters of question + answer, and a limit of 1,512</h3>" in html
    assert '<td class="begins">&lt;b&gt;</td>' in html
    assert "6 more are in <code>tables/long_items.csv</code>" in html


def test_data_says_whether_long_items_were_left_out(profiled: Page) -> None:
    long = Measured("test", "e1", 1_600, "Who?")
    page = with_limit(profiled, (long,), drop=True)
    assert (
        "1 test item has more than 1,512 characters in these fields together and is left out;"
        in (html := render(page))
    )
    assert "Which they are" in html
    assert "long_items.csv" not in html
    none = render(with_limit(profiled, ()))
    assert "No item has more than 1,512 characters in these fields together." in none
    assert "Which they are" not in none
