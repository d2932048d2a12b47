"""Reports to open in a browser: invented runs, written by `build_report` as an ablation's are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.audit.background import Background, Exposed
from harness.audit.lengths import Lengths
from harness.audit.overlap import Example, Finding, Overlap
from harness.audit.profile import Profile, Size
from harness.audit.thresholds import Threshold
from harness.data.characters import Measured
from harness.experiment import Experiment, Hypothesis, Plan, load_experiment, make_plan
from harness.experiment.contrasts import contrast_between
from harness.experiment.declaration import with_declaration
from harness.experiment.tuning import Finding as TuningFinding
from harness.experiment.tuning import Tuning
from harness.results import RunRecord
from reports import build_report
from reports.study import Study, study_of
from tests.reports.conftest import QUICKSTART, QUICKSTART_SHARES, records_of
from tests.reports.tunings import SPACE, arm_of, tuning_of

__all__ = ["CASES", "HOSTILE", "LONG_WORD", "write_broken", "write_hostile", "write_report"]

N_ITEMS = 200
LONG_WORD = "Donaudampfschiff" * 9 + "fahrt"
"""149 letters without a place to break."""

MARK = "pwned"
HOSTILE = (
    f"<script>window.{MARK}=1;alert(1)</script>",
    f"</script></style></title></textarea><script>window.{MARK}=2</script>",
    f"<img src=x onerror='window.{MARK}=3'>",
    f'" onmouseover="window.{MARK}=4" autofocus onfocus="window.{MARK}=4" x="',
    f"<a href='javascript:window.{MARK}=5'>javascript:window.{MARK}=5</a>",
    f"]]></svg><svg onload='window.{MARK}=6'/><!--",
    f"-->{{{{7*7}}}}{{% raw %}}${{7*7}}<%= 7*7 %>&lt;script&gt;window.{MARK}=7&lt;/script&gt;",
    "<link rel=stylesheet href=https://example.org/x.css><base href=https://example.org/>",
    "<iframe src=https://example.org/></iframe><meta http-equiv=refresh content=0>",
    "right\u202eto left\u2066 and \u0000\u0007\u000b nothing \ufeff\uffff\U000e0041\u2028\u2029",
    "Z" + "\u0300\u0489\u035f" * 40 + "algo",
    LONG_WORD,
)
"""Texts that must be shown as they are; each goes to every place that data can reach."""


def write_report(case: str, output: Path) -> Path:
    """The page of one of `CASES`."""
    study, records = CASES[case]()
    return _written(study, records, output)


def write_hostile(text: str, output: Path) -> Path:
    """A page on which whatever comes from outside is, or holds, one text."""
    study, records = _hostile(text)
    return _written(study, records, output, {text: text, f"folded {text}": f"{text}\n{text}"})


def write_broken(broken: str, output: Path) -> Path:
    """A page whose question, command and reasons hold a text that UTF-8 cannot."""
    study, records = _failed()
    reasons = [record.reason and broken for record in records]
    records = [replace(one, reason=why) for one, why in zip(records, reasons, strict=True)]
    return _written(replace(study, question=broken), records, output, {"Command": broken})


def _written(
    study: Study,
    records: Sequence[RunRecord],
    output: Path,
    provenance: Mapping[str, str] | None = None,
) -> Path:
    facts = {"Command": "harness run x.yaml " + "--set a.b=c " * 20, "Versions": "torch==2\nx==3"}
    result = build_report(study, records, ("title",), provenance or facts, output)
    return next(path for path in result.files if path.suffix == ".html")


def _plan(**changes: Any) -> Plan:
    tree = load_experiment(QUICKSTART).model_dump() | changes
    return make_plan(Experiment.model_validate(tree))


def _arms_of(*labels: str) -> Plan:
    """One factor with these levels, the first of them the control."""
    settings = [{"training.epochs": n + 1} for n in range(len(labels))]
    (control, *treatments) = zip(labels, settings, strict=True)
    factor = {"control": dict([control]), "treatments": dict(treatments)}
    return _plan(factors={"kind": factor}, analysis={})


def _background(text: str = "who <b>", exposed: str = "tiny") -> Background:
    """Slices, overlap, exposure and texts of the items that `records_of` invents."""
    ids = [f"q{i}" for i in range(N_ITEMS)]
    label = text.replace("\x00", "") or "what"
    halves = [label if i % 2 else "who" for i in range(N_ITEMS - 10)] + ["rare"] * 10
    example = Example("q1", text, "t9", text, 0.875)
    findings = (
        Finding("test", "question", "near", 3, N_ITEMS, (example,)),
        Finding("test", "answer", "exact", 20, N_ITEMS, ()),
    )
    texts = pd.DataFrame(
        {
            "item": ids,
            "question": [f"Question {i}: {text}?" for i in range(N_ITEMS)],
            "context": [f"{text} in year {i} at mola{i}, and {text}" for i in range(N_ITEMS)],
            "answer_start": [len(text) + 1] * N_ITEMS,
        }
    )
    size = Size("test", ("question / full",), N_ITEMS, 0, ((text, 25),))
    return Background(
        pd.DataFrame({"item": ids, "question_word": halves}),
        Overlap(findings, frozenset(ids[:30]), frozenset()),
        (Exposed(exposed, 0.034, 12, (text,), ""), Exposed("t5", math.nan, 0, (), text)),
        texts=texts,
        profile=Profile((size,), (), (text,), (_threshold(text),)),
    )


def _threshold(text: str) -> Threshold:
    """Items beyond a limit, more of them than the page lists."""
    long = tuple(Measured("test", f"{text} {n}", 5_000 - n, text) for n in range(25))
    lengths = tuple(
        Lengths(split, text, N_ITEMS, (1.0,) * 7, (100, 75, 25), 600, -87)
        for split in ("train", "test")
    )
    return Threshold(("question", text), 512, False, ("question / full",), lengths, long)


def _known(plan: Plan, text: str = "who <b>") -> Study:
    first = {"alpha": 0.05, "test items": "a" * 64}
    history = with_declaration((), first, at="2026-01-02T03:04:05+00:00", n_known=0, n_runs=4)
    other = {"alpha": 0.1, "test items": text}
    history = with_declaration(history, other, at="2026-01-03T00:00:00", n_known=3, n_runs=4)
    return study_of(plan, history, _background(text))


def _quickstart() -> tuple[Study, list[RunRecord]]:
    plan = _plan()
    records = records_of(plan, QUICKSTART_SHARES)
    for record in records:
        assert record.predictions is not None
        if record.arm == "question / full":
            answers = record.predictions["prediction"]
            record.predictions.insert(3, "again", answers.where(answers.index != 3, "other"))
    return _known(plan), records


def _failed() -> tuple[Study, list[RunRecord]]:
    plan = _plan()
    without = [("question / nf4", 1), ("question+context / nf4", 0)]
    return study_of(plan), records_of(plan, QUICKSTART_SHARES, without=without)


def _one_seed() -> tuple[Study, list[RunRecord]]:
    plan = _plan(seeds=[0])
    return _known(plan), records_of(plan, QUICKSTART_SHARES)


def _five_arms() -> tuple[Study, list[RunRecord]]:
    plan = _arms_of("full", "nf4", "int8", "half", "frozen")
    return _known(plan), _shared(plan)


def _long_names() -> tuple[Study, list[RunRecord]]:
    words = ("quantized", "Rindfleischetikettierungsueberwachungsaufgabenueber", "with a space x")
    plan = _arms_of(*((word * 6)[:50] for word in words))
    records = _shared(plan, without=[(plan.arms[1].name, 2)])
    object.__setattr__(records[-2], "reason", LONG_WORD)
    _replace_texts(records, LONG_WORD)
    return replace(_known(plan, LONG_WORD), question=LONG_WORD), records


def _tuned() -> tuple[Study, list[RunRecord]]:
    """A search with every kind of trial, whose arms were not tuned alike."""
    study, records = _quickstart()
    kind = {"kind": "categorical", "choices": ["lora", LONG_WORD]}
    space = {**SPACE, "model.adapter.kind": kind, f"training.{LONG_WORD}": SPACE["training.epochs"]}
    own = {path: 3 for path in space if path.startswith("training")}
    params = [own | {"model.adapter.kind": one} for one in ("lora", LONG_WORD)] * 4
    values = [30.0, None, 50.0, 20.0, 35.0, None, 45.0, 25.0]
    arms = {
        arm: arm_of(
            [value and value + place for value in values[place:]],
            default=40.0 if place else None,
            space=space,
            params=params[place:],
            pruned=[4],
            importances=dict.fromkeys(space, 0.25),
        )
        for place, arm in enumerate(study.arms)
    }
    return replace(study, tuning=tuning_of(arms)), records


def _no_result() -> tuple[Study, list[RunRecord]]:
    return study_of(_plan()), []


def _shared(plan: Plan, without: Sequence[tuple[str, int]] = ()) -> list[RunRecord]:
    shares = {arm.name: 0.3 + 0.1 * place for place, arm in enumerate(plan.arms)}
    return records_of(plan, shares, without=without)


CASES: Mapping[str, Callable[[], tuple[Study, list[RunRecord]]]] = {
    "quickstart": _quickstart,
    "failed runs": _failed,
    "one seed": _one_seed,
    "five arms": _five_arms,
    "long names": _long_names,
    "tuned": _tuned,
    "no result": _no_result,
}


def _hostile(text: str) -> tuple[Study, list[RunRecord]]:
    """Like a comparison of files, whose names follow no rule."""
    plan = _arms_of("full", "other")
    renamed = {"full": f"{text} full", "other": f"{text} other"}
    levels = {name: {text: name} for name in renamed.values()}
    contrast = contrast_between({text: (renamed["other"], renamed["full"])}, levels)
    records = [
        replace(record, arm=renamed[record.arm], reason=record.reason and text, run_id=text)
        for record in _shared(plan, without=[("other", 1)])
    ]
    _replace_texts(records, text)
    study = replace(
        _known(plan, text),
        name=text,
        question=text,
        arms=tuple(renamed.values()),
        hypotheses=(Hypothesis(contrast, "better", "f1"),),
        notes=(text,),
        facts={f"of the study {text}": text},
        tuning=_hostile_tuning(tuple(renamed.values()), text),
    )
    return study, records


def _hostile_tuning(arms: Sequence[str], text: str) -> Tuning:
    path = f"training.{text}"
    space = {path: {"kind": "categorical", "choices": [text, "other"]}}
    arm = arm_of([1.0, None], space=space, params=[{path: text}] * 2, importances={path: 1.0})
    trials = [one.model_copy(update={"reason": one.reason and text}) for one in arm.trials]
    finding = TuningFinding(
        hypothesis=text, verdict=text, sentence=text, estimate=None, low=None, high=None
    )
    arm = arm.model_copy(update={"trials": tuple(trials)})
    return tuning_of(dict.fromkeys(arms, arm), untuned=(finding,))


def _replace_texts(records: Sequence[RunRecord], text: str) -> None:
    """One text in every title, context, prompt, reference and prediction, still told apart."""
    for record in records:
        if (frame := record.predictions) is not None:
            for column in ("title", "context", "prompt", "prediction"):
                frame[column] = [f"{old} {text}" for old in frame[column]]
            frame["references"] = [
                [f"{old} {text}" for old in entry] for entry in frame["references"]
            ]
