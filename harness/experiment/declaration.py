"""What was fixed before the first result, with its hash and time, and how it changed later.

A value and its comparison with earlier ones; where they are kept is `tracking`'s work.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.experiment.contrasts import Hypothesis
from harness.experiment.fingerprint import sha256_of
from harness.experiment.plan import Plan, flattened

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
    what : mapping
        From `declared_of`.
    """

    at: str
    hash: str
    n_known: int
    n_runs: int
    what: Mapping[str, Any]


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


def declared_of(plan: Plan, test: str) -> dict[str, Any]:
    """What has to stand before there are scores.

    Parameters
    ----------
    plan : Plan
    test : str
        Content hash of the test items.

    Returns
    -------
    dict
        Hypotheses with claims and margins, primary metric, alpha, whether looks in between are
        allowed, seeds, test items; as JSON takes it.
    """
    analysis = plan.experiment.analysis
    hypotheses: dict[str, list[str]] = {}
    for one in plan.hypotheses:
        hypotheses.setdefault(f"{one.contrast.name} ({one.metric})", []).append(_claimed(one))
    return {
        "hypotheses": {name: ", ".join(claims) for name, claims in hypotheses.items()},
        "primary": analysis.primary,
        "alpha": analysis.alpha,
        "sequential": analysis.sequential,
        "seeds": list(plan.experiment.seeds),
        "test items": test,
    }


def with_declaration(
    history: Sequence[Declaration], what: Mapping[str, Any], *, at: str, n_known: int, n_runs: int
) -> tuple[Declaration, ...]:
    """An experiment's declarations, a new one at the end unless it says what the last one did."""
    identity = sha256_of(what)
    if history and history[-1].hash == identity:
        return tuple(history)
    return *history, Declaration(at, identity, n_known, n_runs, what)


def revisions(history: Sequence[Declaration]) -> Iterator[Revision]:
    """What each declaration changed of the one before it, in the order of time."""
    for before, after in itertools.pairwise(history):
        old, new = dict(flattened(before.what)), dict(flattened(after.what))
        for path in dict.fromkeys([*old, *new]):
            if old.get(path) != new.get(path):
                texts = (str(tree[path]) if path in tree else "-" for tree in (old, new))
                yield Revision(after, path, *texts)


def _claimed(hypothesis: Hypothesis) -> str:
    margin = "" if hypothesis.margin is None else f" within {hypothesis.margin:g}"
    return f"{hypothesis.claim}{margin}"
