"""Every error this project raises on purpose, in one tree.

::

    HarnessError
    ├── InputError            the person can put it right; exit code 2, nothing was written
    │   ├── ExperimentError   the experiment file or an override of it
    │   ├── DataError         a data file, a field, a split
    │   ├── ModelError        a model name or folder, an impossible combination
    │   ├── UnreachableError  a hub does not answer, and there is no local copy
    │   ├── OutputError       the output folder
    │   └── TrackingError     the tracking store, or a run that is not in it
    └── RunError              one run failed; the other runs go on; exit code 1
        └── TrainingDivergedError  its loss became NaN or infinite

Anything else that escapes is a defect of the harness, not of its input.
"""

from __future__ import annotations

__all__ = [
    "DataError",
    "ExperimentError",
    "HarnessError",
    "InputError",
    "ModelError",
    "OutputError",
    "RunError",
    "TrackingError",
    "TrainingDivergedError",
    "UnreachableError",
]


class HarnessError(Exception):
    """Base of all errors that the harness raises on purpose."""


class InputError(HarnessError):
    """Something the person gave cannot be used.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str, optional
        File with line, dotted path, or both.
    got : object, optional
        What was found there.
    allowed : str, optional
        What may stand there.
    fix : str, optional
        What to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: object = None,
        allowed: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.what, self.where, self.got, self.allowed, self.fix = what, where, got, allowed, fix
        lines = [what]
        if where is not None:
            lines.append(f"  where:   {where}")
        if got is not None:
            lines.append(f"  found:   {_shortened(got)}")
        if allowed is not None:
            lines.append(f"  allowed: {allowed}")
        if fix is not None:
            lines.append(f"  fix:     {fix}")
        super().__init__("\n".join(lines))


class ExperimentError(InputError):
    """The experiment file, or an override of it, cannot be used."""


class DataError(InputError):
    """A data file, field or split cannot be used."""


class ModelError(InputError):
    """A model, or what is asked of it, cannot be used."""


class UnreachableError(InputError):
    """A hub does not answer, and what is asked of it is not in the local cache."""


class OutputError(InputError):
    """The output folder cannot be used."""


class TrackingError(InputError):
    """The tracking store, or a run in it, cannot be used."""


class RunError(HarnessError):
    """One run failed; the others are not affected."""


class TrainingDivergedError(RunError):
    """The training loss became NaN or infinite."""


def _shortened(value: object, limit: int = 200) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
