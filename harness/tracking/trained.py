"""Finished runs whose trained model is wanted back: found by what a person can type.

Reads names and files only; what a model is loaded with is `harness.trained`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from harness.data.messages import nearest
from harness.errors import TrackingError
from harness.tracking import tags
from harness.tracking.artifacts import artifacts
from harness.tracking.reading import StoredAblation, find_parent, find_run, load_ablation
from harness.tracking.store import Store, explained, search

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["FinishedRun", "TrainedRun", "find_trained", "finished_runs", "model_folder"]

_LISTED = 12
_MODEL = "model"
_ID = re.compile(r"[0-9a-f]{4,32}")
_SEED = re.compile(r"(?:seed\s*)?(\d+)")


class TrainedRun(NamedTuple):
    """A finished run of an ablation.

    Attributes
    ----------
    run_id, arm, seed : str, str, int
        Which run it is.
    model_run : str
        The run that holds its model: another one, if this one was reused from it.
    ablation : StoredAblation
        What it belongs to, without the records of its runs.
    """

    run_id: str
    arm: str
    seed: int
    model_run: str
    ablation: StoredAblation

    @property
    def name(self) -> str:
        """The run for people, such as `question / full / seed 0`."""
        return f"{self.arm} / seed {self.seed}"


class FinishedRun(NamedTuple):
    """A finished run, as it is listed.

    Attributes
    ----------
    run_id, arm, seed : str, str, int
        Which run it is.
    experiment, ablation, ablation_id : str
        The experiment's name, and the run name and id of the ablation that it belongs to.
    parameters : mapping of str to str
        Its configuration by dotted path, as MLflow shows it.
    metrics : mapping of str to float
    model_run : str
        The run that holds its model: another one, if this one was reused from it.
    """

    run_id: str
    arm: str
    seed: int
    experiment: str
    ablation: str
    ablation_id: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    model_run: str


def finished_runs(store: Store) -> list[FinishedRun]:
    """All finished runs: newest ablation first, each arm's seeds together.

    Raises
    ------
    TrackingError
        The store failed.
    """
    with explained(store, "list the finished runs"):
        ablations = search(store, f"tags.`{tags.KIND}` = 'ablation'")
        runs = search(store, f"tags.`{tags.KIND}` = 'run' and attributes.status = 'FINISHED'")
    parents = {run.info.run_id: run for run in ablations}
    found = []
    for run in runs:
        own = run.data.tags
        parent = parents.get(own.get(tags.PARENT, ""))
        if parent is None or tags.ARM not in own:
            continue
        found.append(
            FinishedRun(
                run.info.run_id,
                own[tags.ARM],
                int(own[tags.SEED]),
                parent.data.tags.get(tags.EXPERIMENT, parent.info.run_name),
                parent.info.run_name,
                parent.info.run_id,
                run.data.params,
                run.data.metrics,
                own.get(tags.REUSED_FROM, run.info.run_id),
            )
        )
    place = {run_id: index for index, run_id in enumerate(parents)}
    return sorted(found, key=lambda one: (place[one.ablation_id], one.arm, one.seed))


def find_trained(store: Store, name: str) -> TrainedRun:
    """A finished run.

    Parameters
    ----------
    store : Store
    name : str
        A run id, an unambiguous beginning of one, or `ABLATION/ARM` or `ABLATION/ARM/SEED`.
        The ablation is named as for `load_ablation`, the arm by its levels with a slash between
        them; of several seeds the lowest that finished is taken.

    Raises
    ------
    TrackingError
        There is no such run, it is ambiguous, or it did not finish.
    """
    with explained(store, "look for a trained arm"):
        run = _by_place(store, name) if "/" in name else _by_id(store, name)
        own = run.data.tags
        if run.info.status != "FINISHED":
            raise TrackingError(
                "this run did not finish, so that it has no trained model",
                where=store.where,
                got=f"{run.info.run_id[:12]} ({run.info.run_name}):"
                f" {own.get(tags.REASON, run.info.status.lower())}",
                fix="run the ablation again: what is finished is reused",
            )
    ablation = load_ablation(store, own[tags.PARENT], runs=False)
    source = own.get(tags.REUSED_FROM, run.info.run_id)
    return TrainedRun(run.info.run_id, own[tags.ARM], int(own[tags.SEED]), source, ablation)


@contextmanager
def model_folder(store: Store, run: TrainedRun) -> Iterator[Path]:
    """A temporary folder with what a run has trained: adapter or model, and tokenizer.

    Raises
    ------
    TrackingError
        It is not in the store any more.
    """
    from mlflow.exceptions import MlflowException

    found = find_run(store, run.model_run)
    if found is None or all(file.path != _MODEL for file in artifacts(store, found)):
        raise _gone(store, run, "no folder `model` among its artifacts")
    with TemporaryDirectory(prefix="harness-arm-") as folder:
        try:
            path = store.client.download_artifacts(run.model_run, _MODEL, folder)
        except (MlflowException, OSError) as error:
            raise _gone(store, run, str(error).strip().splitlines()[0]) from error
        yield Path(path)


def _gone(store: Store, run: TrainedRun, got: str) -> TrackingError:
    return TrackingError(
        "the trained model of a finished run is gone",
        where=f"run {run.model_run}; {store.where}",
        got=got,
        fix="restore the store's artifact folder, or run the ablation again with --no-reuse",
    )


def _by_id(store: Store, name: str) -> Run:
    runs = search(store, f"tags.`{tags.KIND}` = 'run'")
    matches = [run for run in runs if run.info.run_id.startswith(name)]
    if _ID.fullmatch(name) and len(matches) == 1:
        return matches[0]
    if _ID.fullmatch(name) and matches:
        raise TrackingError(
            "several runs begin with this",
            where=store.where,
            got=name,
            allowed="more of the run id, such as\n" + _lines(store, matches),
        )
    ablations = search(store, f"tags.`{tags.KIND}` = 'ablation'")
    for one in ablations:
        known = {one.info.run_name, one.data.tags.get(tags.EXPERIMENT), one.info.run_id}
        if name in known or (_ID.fullmatch(name) and one.info.run_id.startswith(name)):
            raise TrackingError(
                "this is an ablation, not one of its runs",
                where=store.where,
                got=name,
                allowed="one run of it, such as\n" + _lines(store, _nested(store, one).values()),
            )
    raise TrackingError(
        "there is no such run",
        where=store.where,
        got=name,
        allowed="a run id, its unambiguous beginning, or ABLATION/ARM/SEED, such as\n"
        + _lines(store, runs)
        if runs
        else None,
        fix=None if runs else "give --tracking-uri if the run is in another store",
    )


def _by_place(store: Store, name: str) -> Run:
    head, _, rest = name.partition("/")
    parent = find_parent(store, head.strip())
    runs = _nested(store, parent)
    parts = [part.strip() for part in rest.split("/")]
    arm, seed = " / ".join(parts), None
    arms = {one for one, _ in runs}
    if arm not in arms and (numbered := _SEED.fullmatch(parts[-1])):
        arm, seed = " / ".join(parts[:-1]), int(numbered[1])
    places = sorted(place for place in runs if place[0] == arm and seed in (None, place[1]))
    if not places:
        raise TrackingError(
            "the ablation has no such run",
            where=f"{parent.info.run_name} ({parent.info.run_id[:12]}); {store.where}",
            got=rest,
            allowed="ARM, or ARM/SEED, of\n" + _lines(store, runs.values()),
            fix=None if arm in arms else nearest(_typed(arm), map(_typed, arms)),
        )
    finished = [place for place in places if runs[place].info.status == "FINISHED"]
    return runs[(finished or places)[0]]


def _nested(store: Store, parent: Run) -> Mapping[tuple[str, int], Run]:
    """The runs of an ablation by arm and seed; the newest, if one was started twice."""
    children = f"tags.`{tags.PARENT}` = '{parent.info.run_id}' and tags.`{tags.KIND}` = 'run'"
    found: dict[tuple[str, int], Run] = {}
    for run in search(store, children, [parent.info.experiment_id]):
        found.setdefault((run.data.tags[tags.ARM], int(run.data.tags[tags.SEED])), run)
    return dict(sorted(found.items()))


def _lines(store: Store, runs: Iterable[Run]) -> str:
    """Runs as they can be typed, a line each; a long list shortened."""
    every = list(runs)
    names: dict[str, str] = {}
    lines = []
    for run in every[:_LISTED]:
        parent_id, arm = run.data.tags.get(tags.PARENT, ""), run.data.tags[tags.ARM]
        if parent_id not in names:
            parent = find_run(store, parent_id)
            names[parent_id] = parent.data.tags.get(tags.EXPERIMENT, "?") if parent else "?"
        typed = f"{names[parent_id]}/{_typed(arm)}/{run.data.tags[tags.SEED]}"
        lines.append(f"    {run.info.run_id[:12]}  {typed}  ({run.info.status.lower()})")
    if len(every) > _LISTED:
        lines.append(f"    and {len(every) - _LISTED} more")
    return "\n".join(lines) or "    (it has none)"


def _typed(arm: str) -> str:
    """An arm's name as it is typed."""
    return arm.replace(" / ", "/")
