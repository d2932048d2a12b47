"""The arms that can be asked, and the test items that they can be asked.

Arms are finished runs of the tracking store, and models that were named on the command line. A
browser knows them by keys only: it can name no path.
"""

from __future__ import annotations

import hashlib
import random
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from harness.arm_settings import read_settings
from harness.data import Item
from harness.errors import ModelError, TrackingError
from harness.experiment.data import names_in
from harness.experiment.section import EMBEDDED_PREFIX
from harness.finding import MODEL_FILES, holds_model
from harness.metrics import METRICS
from harness.tracking import open_store
from harness.tracking.items import test_items
from harness.tracking.store import Store
from harness.tracking.trained import FinishedRun, find_trained, finished_runs

__all__ = ["NAMED", "Arm", "Catalogue", "TestItem"]

NAMED = "Models named on the command line"
_FRESH = 5.0  # seconds for which the store is not asked again


class Arm(NamedTuple):
    """Something that answers.

    Attributes
    ----------
    key : str
        What a browser names it by.
    name : str
        For people, such as `quickstart / question / full / seed 0`.
    group, label : str
        The ablation that it is of, and its name in there.
    run : str
        What `harness.trained.load_arm` takes.
    run_id : str
        Empty for a model that is no run.
    details : mapping of str to str
        What it is, for people.
    fields : tuple of str
        What its prompt has a place for.
    """

    key: str
    name: str
    group: str
    label: str
    run: str
    run_id: str
    details: Mapping[str, str]
    fields: tuple[str, ...]


class TestItem(NamedTuple):
    """A question of a test set.

    Attributes
    ----------
    id, question, context : str
    fields : mapping of str to str
        Other fields that the arms' prompts name.
    references : tuple of str
        Its reference answers.
    """

    id: str
    question: str
    context: str
    fields: Mapping[str, str]
    references: tuple[str, ...]


class Catalogue:
    """All arms, read anew after some seconds; used from several threads.

    Parameters
    ----------
    tracking_uri : str or None
        As for `harness.tracking.open_store`.
    runs : sequence of str
        What was named on the command line: runs, folders, embedded models.

    Raises
    ------
    TrackingError
        There is no store though runs are asked for, or no such run in it.
    ModelError
        A folder holds no model, or its settings are damaged.
    """

    def __init__(self, tracking_uri: str | None, runs: Sequence[str]) -> None:
        named = {run: _folder_arm(run) for run in runs if _is_model(run)}
        self._folders = {arm.key: arm for arm in named.values()}
        self._store = _opened(tracking_uri, needed=len(named) < len(runs) or not runs)
        self._lock = threading.Lock()
        self._read = -_FRESH
        self._runs: dict[str, FinishedRun] = {}
        self._newest: dict[str, str] = {}
        self._read_items = lru_cache(maxsize=4)(self._items_of)
        self.arms()
        keys = []
        for run in runs:
            if run in named:
                keys.append(named[run].key)
            elif self._store is not None:
                model = find_trained(self._store, run).model_run
                keys.append(self._newest.get(model, model))
        self.preselected = tuple(dict.fromkeys(keys))

    @property
    def tracking_uri(self) -> str | None:
        """The store's place; None without one."""
        return None if self._store is None else self._store.uri

    def arms(self) -> Mapping[str, Arm]:
        """Arms by key, in the order in which people look for them.

        A run that a newer ablation reused is there once, as the newer one's.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with self._lock:
            if self._store is not None and time.monotonic() - self._read >= _FRESH:
                runs = finished_runs(self._store)
                self._runs = {run.run_id: run for run in runs}
                self._newest = {run.model_run: run.run_id for run in reversed(runs)}
                self._read = time.monotonic()
            listed = {*self._newest.values()}
            runs = [run for key, run in self._runs.items() if key in listed]
        return {**self._folders, **{run.run_id: _run_arm(run) for run in runs}}

    def arm(self, key: str) -> Arm | None:
        """An arm by its key, also one that is not listed any more since it was reused."""
        run = self._runs.get(key)
        return self._folders.get(key) or (_run_arm(run) if run else None)

    def run_of(self, key: str) -> str | None:
        """What `load_arm` takes for a key; None for a model that is not named any more."""
        if key in self._folders:
            return self._folders[key].run
        return None if key.startswith(_PREFIX) else key

    def test_set(self, keys: Sequence[str]) -> str:
        """The ablation whose test items these arms are asked; empty if none has any."""
        run = self._run_with_items(keys)
        return run.ablation if run else ""

    def items(self, keys: Sequence[str], words: str, limit: int = 20) -> tuple[TestItem, ...]:
        """Test items in which every word occurs; a random choice of them without words."""
        run = self._run_with_items(keys)
        every = self._items(run.ablation_id, run.run_id) if run else ()
        wanted = words.casefold().split()
        if not wanted:
            return tuple(random.SystemRandom().sample(every, min(limit, len(every))))
        found = (one for one in every if all(word in _text(one) for word in wanted))
        return tuple(one for one, _ in zip(found, range(limit), strict=False))

    def item(self, keys: Sequence[str], item_id: str) -> TestItem | None:
        """A test item by its id."""
        run = self._run_with_items(keys)
        every = self._items(run.ablation_id, run.run_id) if run else ()
        return next((one for one in every if one.id == item_id), None)

    def _run_with_items(self, keys: Sequence[str]) -> FinishedRun | None:
        runs = (self._runs[key] for key in keys if key in self._runs)
        return next((run for run in runs if self._items(run.ablation_id, run.run_id)), None)

    def _items(self, ablation_id: str, run_id: str) -> tuple[TestItem, ...]:
        """Test items; none while they cannot be read, since the rest of a page can do without."""
        try:
            found = self._read_items(ablation_id, run_id)
        except TrackingError as error:
            print(f"the test items of an ablation are out of reach: {error}", file=sys.stderr)
            return ()
        if not found:
            self._read_items.cache_clear()  # they may be back the next time
        return found

    def _items_of(self, ablation_id: str, run_id: str) -> tuple[TestItem, ...]:
        if self._store is None:
            return ()
        return tuple(map(_test_item, test_items(self._store, ablation_id, run_id)))


def _test_item(item: Item) -> TestItem:
    fields = dict(item.fields)
    question, context = fields.pop("question", ""), fields.pop("context", "")
    return TestItem(item.id, question, context, fields, item.answers)


def _text(item: TestItem) -> str:
    texts = (item.id, item.question, item.context, *item.fields.values(), *item.references)
    return "\n".join(texts).casefold()


def _opened(tracking_uri: str | None, *, needed: bool) -> Store | None:
    try:
        return open_store(tracking_uri, must_exist=True)
    except TrackingError as error:
        if not needed and tracking_uri is None:
            return None
        if tracking_uri is not None:
            raise
        raise TrackingError(
            error.what,
            where=error.where,
            got=error.got,
            fix="run an ablation first (harness ablation experiments/quickstart.yaml), start in"
            " the folder of one, or name a model's folder: harness playground FOLDER",
        ) from None


_PREFIX = "model-"


def _is_model(run: str) -> bool:
    return run.startswith(EMBEDDED_PREFIX) or Path(run).expanduser().is_dir()


def _folder_arm(run: str) -> Arm:
    path = Path(run).expanduser()
    embedded = run.startswith(EMBEDDED_PREFIX)
    if not embedded and not holds_model(path):
        raise ModelError(
            "this is not a folder with a model",
            where=run,
            allowed=f"one with {' or '.join(MODEL_FILES)}",
        )
    place = run if embedded else str(path.resolve())
    if any("\ud800" <= char <= "\udfff" for char in place):
        raise ModelError(
            "the name of this folder cannot be shown on a page",
            where=ascii(place)[1:-1],
            got="a name that is not UTF-8",
            fix="rename it, or name it by a link: ln -s FOLDER NAME",
        )
    key = _PREFIX + hashlib.sha256(place.encode()).hexdigest()[:16]
    settings = None if embedded else read_settings(path)
    details = {"Place": run}
    fields: tuple[str, ...] = ("question",)
    if settings is not None:
        details |= _details(settings.model.name, settings.model.precision)
        fields = settings.prompt.names
    return Arm(key, run, NAMED, run, place, "", details, fields)


def _run_arm(run: FinishedRun) -> Arm:
    of = run.parameters
    fields = dict.fromkeys(
        name
        for path, text in of.items()
        if path == "prompt.template" or path.startswith("prompt.without.")
        for name in _names(text)
    )
    details = _details(of.get("model.name", ""), of.get("model.precision", ""))
    for name in ("em", "f1"):
        if name in run.metrics:
            details[METRICS[name].label] = f"{run.metrics[name]:.1f}"
    label = f"{run.arm} / seed {run.seed}"
    name = f"{run.experiment} / {label}"
    return Arm(
        run.run_id, name, run.ablation, label, run.run_id, run.run_id, details, tuple(fields)
    )


def _names(template: str) -> tuple[str, ...]:
    """Names in a template, which MLflow has cut off if it is long."""
    while True:
        try:
            return names_in(template)
        except ValueError:
            template = template[: max(template.rfind("{"), 0)]


def _details(model: str, precision: str) -> dict[str, str]:
    return {"Base model": model, "Precision": precision}
