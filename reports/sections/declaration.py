"""Section on what was fixed before the results, when, and what was changed since."""

from __future__ import annotations

from harness.experiment.declaration import Declaration, revisions
from reports.sections.page import Page

__all__ = ["context"]


def context(page: Page) -> dict[str, object]:
    """The first declaration with its hash and time, and every later change."""
    history = page.study.history
    if not history:
        return {"first": None, "changes": []}
    first, last = history[0], history[-1]
    return {
        "first": {"at": _time(first.at), "hash": first.hash, "state": _state(first)},
        "last": last.hash if last is not first else None,
        "changes": [
            {
                "at": _time(one.declaration.at),
                "state": _state(one.declaration),
                "path": one.path,
                "before": _shortened(one.before),
                "after": _shortened(one.after),
            }
            for one in revisions(history)
        ],
    }


def _time(at: str) -> str:
    return at[:16].replace("T", " ") + " UTC"


def _state(declaration: Declaration) -> str:
    if not declaration.is_late:
        return "no run had a result"
    known = f"{declaration.n_known} of {declaration.n_runs} runs had results"
    if not declaration.n_earlier:
        return known
    return f"{known}, and {declaration.n_earlier} runs of earlier ablations had finished"


def _shortened(text: str) -> str:
    """A content hash needs no 64 digits to be told from another."""
    return text[:12] if len(text) == 64 and text.isalnum() else text
