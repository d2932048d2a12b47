"""The score table: every arm's scores on every item at every seed, in one frozen value.

It scores stored predictions through `harness.metrics`; it draws no conclusions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.metrics import METRICS, score_items
from harness.results import RunRecord
from reports.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScoreTable"]

Floats: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = NDArray[np.str_]
LONGEST_LABEL = 60


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of several arms, aligned item by item.

    Attributes
    ----------
    arms : tuple of str, length n_arms
    seeds : tuple of int, length n_seeds
    items : tuple of str, length n_items
        Item ids.
    cluster_names : tuple of str, length n_levels
        Fields that items are nested in, outermost first; empty when an item stands for itself.
    clusters : ndarray of str, shape (n_items, n_levels)
        Labels; a long one, such as a paragraph, is its beginning and a digest of the whole.
    columns : mapping of str to ndarray, shape (n_arms, n_seeds, n_items)
        Per-item numbers by column name, see `harness.metrics.score_items`; 0-100, or counts for
        BLEU. NaN: the item is unscored, or the run is missing.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    items: tuple[str, ...]
    cluster_names: tuple[str, ...]
    clusters: Texts
    columns: Mapping[str, Floats]

    @classmethod
    def from_records(
        cls, records: Sequence[RunRecord], study: Study, cluster_names: Sequence[str]
    ) -> ScoreTable:
        """Score the stored predictions of some runs.

        Parameters
        ----------
        records : sequence of RunRecord
            Runs without predictions, or of other arms or seeds, leave NaN.
        study : Study
            Its arms and seeds are the table's axes.
        cluster_names : sequence of str
            Columns of the predictions that items are nested in, outermost first.

        Raises
        ------
        DataError
            Two runs do not have the same items with the same references and clusters, an item
            occurs twice, or a column is missing.
        """
        arms, seeds = study.arms, study.seeds
        scored = [r for r in records if r.predictions is not None]
        scored = [r for r in scored if r.arm in arms and r.seed in seeds]
        names = tuple(cluster_names)
        items, clusters = _items(scored[0], names) if scored else ((), _no_labels(0, len(names)))
        shape = (len(arms), len(seeds), len(items))
        columns = {c: np.full(shape, np.nan) for m in METRICS.values() for c in m.columns}
        gold: tuple[tuple[str, ...], ...] = ()
        answers: dict[tuple[int, str], int] = {}  # runs often agree; an answer is scored once
        rows: dict[tuple[int, int], list[int]] = {}
        for record in scored:
            predictions, references = _aligned(record, items, clusters, names)
            gold = gold or references
            _check_same(references, gold, record, "references")
            place = arms.index(record.arm), seeds.index(record.seed)
            rows[place] = [answers.setdefault(own, len(answers)) for own in enumerate(predictions)]
        references = tuple(gold[item] for item, _ in answers)
        scores = score_items([answer for _, answer in answers], references, tuple(METRICS))
        for place, taken in rows.items():
            for column, values in scores.items():
                columns[column][place] = values[taken]
        return cls(arms, seeds, items, names, clusters, columns)

    def subset(
        self, *, seeds: Sequence[int] | None = None, items: NDArray[np.bool_] | None = None
    ) -> ScoreTable:
        """The table of some seeds, of some items (mask of shape (n_items,)), or of both."""
        chosen = np.isin(self.seeds, self.seeds if seeds is None else seeds)
        kept = np.ones(len(self.items), dtype=bool) if items is None else items
        return ScoreTable(
            self.arms,
            tuple(seed for seed, take in zip(self.seeds, chosen, strict=True) if take),
            tuple(item for item, take in zip(self.items, kept, strict=True) if take),
            self.cluster_names,
            self.clusters[kept],
            {name: values[:, chosen][:, :, kept] for name, values in self.columns.items()},
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that the table has the columns of, in display order.

        Without those that need a kind of reference that no item has.
        """
        return tuple(n for n in METRICS if self._applies(n))

    def _applies(self, name: str) -> bool:
        metric = METRICS[name]
        if not all(column in self.columns for column in metric.columns):
            return False
        return not metric.needs or not np.isnan(self.columns[metric.columns[0]]).all()

    @property
    def outermost(self) -> NDArray[np.str_]:
        """Label of each item's outermost cluster, shape (n_items,); its id without clusters."""
        return self.clusters[:, 0] if self.cluster_names else np.array(self.items, dtype=str)

    def present(self) -> NDArray[np.bool_]:
        """Which runs have scores, shape (n_arms, n_seeds)."""
        runs = np.zeros((len(self.arms), len(self.seeds)), dtype=bool)
        for values in self.columns.values():
            runs |= ~np.isnan(values).all(axis=2) if len(self.items) else False
        return runs

    def contributions(self, metric: str) -> Floats:
        """What each item adds to a metric's corpus score, shape (n_arms, n_seeds, n_items), 0-100.

        The mean over a run's items is its corpus score, for BLEU too (by linearisation).
        """
        rule, stacked = METRICS[metric], self._stacked(metric)
        values = np.full(stacked.shape[:3], np.nan)
        for place in np.argwhere(self.present()):
            run = tuple(place)
            values[run] = rule.contributions(stacked[run])
        return values

    def on_common_seeds(self, metric: str, arms: NDArray[np.bool_]) -> Floats:
        """Contributions of some arms on the seeds that all of them have a run for.

        Parameters
        ----------
        metric : str
        arms : ndarray of bool, shape (n_arms,)
            Which ones.

        Returns
        -------
        ndarray, shape (n_chosen_arms, n_common_seeds, n_items)
        """
        common = self.present()[arms].all(axis=0)
        return self.contributions(metric)[arms][:, common]

    def counts_on_common_seeds(self, metric: str, arms: NDArray[np.bool_]) -> Floats:
        """As `on_common_seeds`, the columns themselves, shape (..., n_items, n_columns)."""
        common = self.present()[arms].all(axis=0)
        return self._stacked(metric)[arms][:, common]

    def corpus(self, metric: str) -> Floats:
        """Corpus score of each run, shape (n_arms, n_seeds), 0-100; NaN where it is missing."""
        rule, stacked = METRICS[metric], self._stacked(metric)
        scores = np.full(stacked.shape[:2], np.nan)
        for place in np.argwhere(self.present()):
            run = tuple(place)
            scores[run] = rule.corpus(stacked[run])
        return scores

    def _stacked(self, metric: str) -> Floats:
        """A metric's columns, shape (n_arms, n_seeds, n_items, n_columns)."""
        return np.stack([self.columns[c] for c in METRICS[metric].columns], axis=-1)

    def to_frame(self) -> pd.DataFrame:
        """Long form: one row per arm, seed and item, with cluster and score columns."""
        import pandas as pd

        n_arms, n_seeds, n_items = len(self.arms), len(self.seeds), len(self.items)
        frame = {
            "arm": np.repeat(np.array(self.arms, dtype=object), n_seeds * n_items),
            "seed": np.tile(np.repeat(np.array(self.seeds, dtype=int), n_items), n_arms),
            "item": np.tile(np.array(self.items, dtype=object), n_arms * n_seeds),
        }
        for level, name in enumerate(self.cluster_names):
            labels = self.clusters[:, level].astype(object)
            frame[name] = np.tile(labels, n_arms * n_seeds)
        frame |= {column: values.reshape(-1) for column, values in self.columns.items()}
        return pd.DataFrame(frame)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> ScoreTable:
        """The table that `to_frame` wrote: columns of numbers are scores, columns of text clusters.

        Raises
        ------
        DataError
            A column is missing, or not every arm, seed and item has exactly one row.
        """
        for column in ("arm", "seed", "item"):
            if column not in frame:
                raise DataError(
                    f"a score table has no column {column!r}", got=", ".join(map(str, frame))
                )
        others = [str(c) for c in frame if c not in ("arm", "seed", "item")]
        scores = [c for c in others if frame[c].dtype.kind == "f"]
        names = [c for c in others if c not in scores]
        arms, seeds, items = (tuple(frame[c].unique()) for c in ("arm", "seed", "item"))
        shape = (len(arms), len(seeds), len(items))
        index = [(a, s, i) for a in arms for s in seeds for i in items]
        keyed = frame.set_index(["arm", "seed", "item"])
        if len(keyed) != len(index) or not keyed.index.is_unique:
            raise DataError(
                "a score table needs one row for every arm, seed and item",
                got=f"{len(keyed)} rows for {' x '.join(map(str, shape))}",
            )
        keyed = keyed.loc[index]
        first = keyed.iloc[: len(items)]
        labels = [first[name].to_numpy(dtype=str) for name in names]
        clusters = np.stack(labels, axis=1) if labels else _no_labels(len(items), 0)
        columns = {c: keyed[c].to_numpy(dtype=float).reshape(shape) for c in scores}
        whole = tuple(int(seed) for seed in seeds)
        return cls(arms, whole, items, tuple(names), clusters, columns)


def _no_labels(n_items: int, n_levels: int) -> Texts:
    return np.empty((n_items, n_levels), dtype=str)


def _items(record: RunRecord, names: tuple[str, ...]) -> tuple[tuple[str, ...], Texts]:
    """Ids and cluster labels of the items that all runs must have."""
    frame = _frame(record, names)
    ids = tuple(str(item) for item in frame["item"])
    if len(set(ids)) < len(ids):
        twice = next(item for item in ids if ids.count(item) > 1)
        raise DataError("an item occurs twice in the predictions", where=_run(record), got=twice)
    labels = [np.array([_label(str(text)) for text in frame[name]], dtype=str) for name in names]
    return ids, np.stack(labels, axis=1) if labels else _no_labels(len(ids), 0)


def _label(text: str) -> str:
    """Texts of whole paragraphs would make every copy of the table hundreds of megabytes."""
    if len(text) <= LONGEST_LABEL:
        return text
    return f"{text[: LONGEST_LABEL - 14]}… {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _aligned(
    record: RunRecord, items: tuple[str, ...], clusters: Texts, names: tuple[str, ...]
) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
    """Predictions and references of one run in the order of `items`."""
    own, labels = _items(record, names)
    if set(own) != set(items):
        odd = sorted(set(own) ^ set(items))
        raise DataError(
            "the runs do not have the same test items, so they cannot be compared item by item",
            where=_run(record),
            got=f"{len(own)} items, {len(odd)} of them not shared, such as {odd[0]!r}",
            allowed=f"the {len(items)} items of the first run",
            fix="run all arms again with the same data.test, or leave this run out",
        )
    position = {item: place for place, item in enumerate(own)}
    order = [position[item] for item in items]
    _check_same(labels[order].tolist(), clusters.tolist(), record, "clusters")
    frame = _frame(record, names)
    predictions, references = frame["prediction"].tolist(), frame["references"].tolist()
    return [predictions[i] for i in order], tuple(tuple(references[i]) for i in order)


def _check_same(own: Sequence[object], first: Sequence[object], run: RunRecord, what: str) -> None:
    for mine, other in zip(own, first, strict=True):
        if mine != other:
            raise DataError(
                f"the same item has other {what} in another run",
                where=_run(run),
                got=mine,
                allowed=str(other),
                fix="run all arms again on one version of the data",
            )


def _frame(record: RunRecord, names: tuple[str, ...]) -> pd.DataFrame:
    frame = record.predictions
    assert frame is not None  # the caller has left out runs without predictions
    needed = ("item", "references", "prediction", *names)
    absent = [name for name in needed if name not in frame]
    if absent:
        raise DataError(
            "stored predictions lack columns",
            where=_run(record),
            got=f"no {', '.join(absent)} among {', '.join(map(str, frame))}",
        )
    return frame


def _run(record: RunRecord) -> str:
    return f"run {record.arm} / seed {record.seed}"
