"""Probing each base model of a plan for having seen the test items, as far as their order tells.

Chooses what is shuffled and says what it costs; the probe itself is `harness.audit.exposure`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rich.console import Console

from harness.audit.background import Exposed
from harness.data import Dataset, Item
from harness.executors.bases import Bases
from harness.experiment import RunSpec
from harness.preparation import Prepared

__all__ = ["probe_bases", "probed_texts"]

FIRST_OF_EACH = 8
"""Items of each outermost cluster that are read: whole articles would not fit side by side."""

_SEED = 0  # of the shuffled orders, so that a probe made again is the same


def probe_bases(prepared: Prepared, bases: Bases, console: Console) -> tuple[Exposed, ...]:
    """Probe every distinct base model of a plan, in the first of its precisions.

    Parameters
    ----------
    prepared : Prepared
    bases : Bases
        Loads the models.
    console : Console
        Is told what it takes, and how far it is.

    Returns
    -------
    tuple of Exposed
        A model that cannot be probed has a reason.

    Raises
    ------
    ModelError
        A base model cannot be loaded.
    """
    first: dict[str, RunSpec] = {}
    for run in prepared.plan.runs:
        first.setdefault(prepared.models[run.arm.name].identity, run)
    return tuple(
        _probed(run, prepared.datasets[run.arm.name], bases, console) for run in first.values()
    )


def probed_texts(dataset: Dataset) -> tuple[list[str], list[str] | None]:
    """Questions with their answers in the file's order, and what is moved as one.

    Returns
    -------
    texts : list of str
        The first items of each outermost cluster, or all items without clusters.
    units : list of str or None
        The cluster of each; None where each item stands for itself.
    """
    if not dataset.cluster_names:
        return [_text(item) for item in dataset.test], None
    seen: Counter[str] = Counter()
    kept = []
    for item in dataset.test:
        seen[item.clusters[0]] += 1
        if seen[item.clusters[0]] <= FIRST_OF_EACH:
            kept.append(item)
    return [_text(item) for item in kept], [item.clusters[0] for item in kept]


def _probed(run: RunSpec, dataset: Dataset, bases: Bases, console: Console) -> Exposed:
    from harness.audit.exposure import probe_cost, probe_exposure
    from harness.logs import quieten_progress_bars

    quieten_progress_bars()
    name = run.arm.config.model.name
    base = bases.get(run)
    if base.encoder_decoder:
        reason = "an encoder-decoder model gives a text no likelihood by itself"
        console.print(f"{name} cannot be probed: {reason}", markup=False, soft_wrap=True)
        return Exposed(name, float("nan"), 0, (), reason)
    texts, units = probed_texts(dataset)
    cost = probe_cost(base.tokenizer, texts, units=units)
    console.print(
        f"probing whether {name} has seen the test items: {cost.n_tokens:,} tokens in"
        f" {cost.n_sequences:,} sequences",
        markup=False,
        soft_wrap=True,
    )

    def step(done: int, total: int) -> None:
        if done == total or done % max(total // 4, 1) == 0:
            console.print(f"  {done} of {total} shards", markup=False)

    rng = np.random.default_rng(_SEED)
    found = probe_exposure(base.model, base.tokenizer, texts, units=units, rng=rng, on_step=step)
    test = found.test
    return Exposed(name, test.p_value, test.n_shards, _sentences(found.notes), test.reason)


def _sentences(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(note if note.endswith(".") else f"{note}." for note in notes)


def _text(item: Item) -> str:
    return "\n".join([item.fields["question"], *item.answers[:1]])
