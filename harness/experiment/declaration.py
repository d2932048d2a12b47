"""What was fixed before the first result, with its hash and time, and how it changed later.

A value and its comparison with earlier ones; where they are kept is `tracking`'s work.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.experiment.base import CIRCUMSTANCES
from harness.experiment.contrasts import Hypothesis
from harness.experiment.fingerprint import sha256_of
from harness.experiment.plan import Plan, changed_paths, flattened

_PLACES: dict[str, Any] = {"data": True, "model": {"name", "revision", "gguf_file"}} | CIRCUMSTANCES
"""Where things are; what they are is in `data` of `declared_of`. And what changes no result."""

__all__ = ["Declaration", "Revision", "declared_of", "revisions", "with_declaration"]


@dataclass(frozen=True)
class Declaration:
    """What an ablation declared.

    Attributes
    ----------
    at : str
        When, as ISO 8601 in UTC.
    hash : str
        sha256 of `what`.
    n_known, n_runs : int
        How many of its runs had results then, and how many it planned.
    n_earlier : int
        How many runs of the experiment's earlier ablations had finished then, of any plan.
    what : mapping
        From `declared_of`.
    """

    at: str
    hash: str
    n_known: int
    n_runs: int
    n_earlier: int
    what: Mapping[str, Any]

    @property
    def is_late(self) -> bool:
        """Whether results were there to be seen."""
        return self.n_known > 0 or self.n_earlier > 0


@dataclass(frozen=True)
class Revision:
    """One entry that differs between a declaration and the one before it.

    Attributes
    ----------
    declaration : Declaration
        The later one.
    path : str
    before, after : str
        `-` where there was nothing.
    """

    declaration: Declaration
    path: str
    before: str
    after: str


def declared_of(plan: Plan, data: Mapping[str, Any]) -> dict[str, Any]:
    """What has to stand before there are scores.

    Parameters
    ----------
    plan : Plan
    data : mapping
        What items and base models are, by content, and what items are nested in.

    Returns
    -------
    dict
        Hypotheses with claims and margins, primary metric, alpha, whether looks in between are
        allowed, seeds, what the arms differ in, the rest of their configuration as a hash, and
        `data`; as JSON takes it.
    """
    analysis = plan.experiment.analysis
    hypotheses: dict[str, list[str]] = {}
    for one in plan.hypotheses:
        hypotheses.setdefault(f"{one.contrast.name} ({one.metric})", []).append(_claimed(one))
    changed = changed_paths(plan.arms)
    settings = {
        arm.name: dict(flattened(arm.config.model_dump(mode="json", exclude=_PLACES)))
        for arm in plan.arms
    }
    control = next(iter(settings.values()))
    return {
        "hypotheses": {name: ", ".join(claims) for name, claims in hypotheses.items()},
        "primary": analysis.primary,
        "alpha": analysis.alpha,
        "sequential": analysis.sequential,
        "seeds": list(plan.experiment.seeds),
        "arms": {
            name: {path: value for path, value in own.items() if path in changed}
            for name, own in settings.items()
        },
        "other settings": sha256_of({p: v for p, v in control.items() if p not in changed}),
        **data,
    }


def with_declaration(
    history: Sequence[Declaration],
    what: Mapping[str, Any],
    *,
    at: str,
    n_known: int,
    n_runs: int,
    n_earlier: int = 0,
) -> tuple[Declaration, ...]:
    """An experiment's declarations, a new one at the end unless it says what the last one did."""
    identity = sha256_of(what)
    if history and history[-1].hash == identity:
        return tuple(history)
    return *history, Declaration(at, identity, n_known, n_runs, n_earlier, what)


def revisions(history: Sequence[Declaration]) -> Iterator[Revision]:
    """What each declaration changed of the one before it, in the order of time."""
    for before, after in itertools.pairwise(history):
        if not before.what:
            yield Revision(after, "all of it", "no longer to be read", after.hash)
            continue
        old, new = dict(flattened(before.what)), dict(flattened(after.what))
        for path in dict.fromkeys([*old, *new]):
            if old.get(path) != new.get(path):
                texts = (str(tree[path]) if path in tree else "-" for tree in (old, new))
                yield Revision(after, path, *texts)


def _claimed(hypothesis: Hypothesis) -> str:
    margin = "" if hypothesis.margin is None else f" within {hypothesis.margin:g}"
    return f"{hypothesis.claim}{margin}"
