"""How long a report of 12 runs of SQuAD's size takes to make, and to open in Chromium.

``python -m benchmarks.report`` prints a table and ends with 1 if a bar is missed. All texts are
invented; how many there are and how long they are is as in SQuAD v1.1's development set. Training
and the tracking store have no part in it.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from harness.audit.background import Background
from harness.experiment import load_experiment, make_plan
from harness.metrics.squad import exact_match, f1
from harness.results import RunRecord
from reports import build_report
from reports.study import Study, study_of
from tests.browser.chromium import ABSENT, executable, started

__all__ = ["main"]

EXPERIMENT = Path(__file__).parents[1] / "experiments/quickstart.yaml"
N_ITEMS, N_PARAGRAPHS, N_ARTICLES = 10_570, 2_067, 48
SHARES = {"question / full": 0.14, "question / nf4": 0.13}
OTHERS = 0.8
MAKE_SECONDS, OPEN_SECONDS, MEGABYTES = 30.0, 2.0, 15.0
FRAME = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def main() -> int:
    """Measure, print, and say whether every bar was met."""
    print(_machine())
    study, records = invented(np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as folder:
        began, busy = perf_counter(), process_time()
        result = build_report(study, records, ("title", "context"), {}, Path(folder))
        made, busy = perf_counter() - began, process_time() - busy
        page = next(path for path in result.files if path.suffix == ".html")
        size = page.stat().st_size / 1e6
        opened = opening_seconds(page)
    scored = len(records) * scoring_seconds(records[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        ("build_report, s", made, MAKE_SECONDS),
        ("report.html, MB", size, MEGABYTES),
        ("opened in Chromium, s", opened, OPEN_SECONDS),
        ("build_report, s of processor", busy, None),
        ("scoring alone (sacrebleu, rouge_score, EM, F1), s of it", scored, None),
        ("build_report / scoring alone", busy / scored, None),
        ("peak memory, MB", peak, None),
    ]
    print(f"\n{len(records)} runs x {N_ITEMS:,} items")
    for name, value, bar in rows:
        state = "" if bar is None else f"bar {bar:g}: {'met' if value < bar else 'MISSED'}"
        print(f"{name:58}{value:10.2f}  {state}")
    return int(any(bar is not None and value >= bar for _, value, bar in rows))


def invented(rng: np.random.Generator) -> tuple[Study, list[RunRecord]]:
    """A study like the quickstart's and its 12 runs, with texts, slices and clusters."""
    plan = make_plan(load_experiment(EXPERIMENT))
    paragraph = np.sort(rng.integers(N_PARAGRAPHS, size=N_ITEMS))
    contexts = [_words(rng, int(n)) for n in rng.gamma(6, 20, N_PARAGRAPHS) + 20]
    lengths = 1 + rng.geometric(0.35, N_ITEMS)
    answers = [_answer(contexts[p], int(n), rng) for p, n in zip(paragraph, lengths, strict=True)]
    items = pd.DataFrame(
        {
            "item": [f"{place:024x}" for place in range(N_ITEMS)],
            "title": [f"Article {p * N_ARTICLES // N_PARAGRAPHS}" for p in paragraph],
            "context": [contexts[p] for p in paragraph],
            "references": [_references(answer, rng) for answer in answers],
        }
    )
    texts = items[["item", "context"]].assign(
        question=[f"{_words(rng, 10)}?" for _ in range(N_ITEMS)],
        answer_start=[
            text.index(answer) for text, answer in zip(items["context"], answers, strict=True)
        ],
    )
    labels = pd.DataFrame(
        {
            "item": items["item"],
            "question_word": rng.choice(["what", "who", "when", "how", "where", "why"], N_ITEMS),
            "answer_length": rng.choice(["1 word", "2-3 words", "4 or more words"], N_ITEMS),
        }
    )
    study = study_of(plan, background=Background(labels, None, texts=texts))
    hardness = rng.random(N_ITEMS)
    records = []
    for place, run in enumerate(plan.runs):
        right = hardness + rng.normal(0, 0.1, N_ITEMS) < SHARES.get(run.arm.name, OTHERS)
        frame = items.assign(
            prompt="question: …",
            prediction=_predictions(answers, contexts, paragraph, right, rng),
            prompt_tokens=160,
            new_tokens=5,
        )
        costs = {"peak_memory_mb": 612.0 + place, "train_seconds": 900.0, "footprint_mb": 242.0}
        fingerprint = f"{place:064x}"
        records.append(
            RunRecord(
                run.arm.name, run.seed, "finished", fingerprint, metrics=costs, predictions=frame
            )
        )
    return study, records


def _words(rng: np.random.Generator, n_words: int) -> str:
    """Words that are as unequally frequent as a language's."""
    return " ".join(f"wo{number % 20_000}rd" for number in rng.zipf(1.3, n_words))


def _answer(context: str, n_words: int, rng: np.random.Generator) -> str:
    words = context.split()
    start = int(rng.integers(max(len(words) - n_words, 1)))
    return " ".join(words[start : start + n_words])


def _references(answer: str, rng: np.random.Generator) -> list[str]:
    """What three people marked: two agree, the third leaves a word out as often as not."""
    shorter = answer.partition(" ")[2] or answer
    return [answer, answer, shorter if rng.random() < 0.5 else answer]


def _predictions(
    answers: Sequence[str],
    contexts: Sequence[str],
    paragraph: NDArray[np.int64],
    right: NDArray[np.bool_],
    rng: np.random.Generator,
) -> list[str]:
    """The answer, or another part of its context."""
    return [
        answer if good else _answer(contexts[where], 4, rng)
        for answer, where, good in zip(answers, paragraph, right, strict=True)
    ]


def opening_seconds(page: Path, n_times: int = 3) -> float:
    """Median time from the request to the first frame after loading; NaN without a browser."""
    path = executable()
    if path is None:
        print(ABSENT, file=sys.stderr)
        return float("nan")
    times = []
    with started(path) as browser:
        for _ in range(n_times):
            with browser.new_context() as context:
                tab = context.new_page()
                began = perf_counter()
                tab.goto(page.as_uri())
                tab.evaluate(FRAME)
                times.append(perf_counter() - began)
    return statistics.median(times)


def scoring_seconds(record: RunRecord) -> float:
    """Processor time that one run's scores take with the libraries that others use."""
    assert record.predictions is not None
    predictions = record.predictions["prediction"].tolist()
    references = record.predictions["references"].tolist()
    began = process_time()
    BLEU().corpus_score(predictions, [list(column) for column in zip(*references, strict=True)])
    rouge = RougeScorer(["rouge1", "rouge2", "rougeL"])
    for prediction, gold in zip(predictions, references, strict=True):
        rouge.score_multi(gold, prediction)
    exact_match(predictions, references)
    f1(predictions, references)
    return process_time() - began


def _machine() -> str:
    """Processor, cores, how busy they are, and the versions that matter."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    busy = f"load {os.getloadavg()[0]:.1f}"
    cpu = names[0] if names else platform.processor()
    return f"{cpu}, {os.cpu_count()} cores, {busy}; Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
