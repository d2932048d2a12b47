"""How much scores move when nothing but the arithmetic's order changes.

The same trained weights answer the test items twice, batched differently. Rounding alone can then
turn a few answers, and a difference between arms that is no larger than that shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.metrics import corpus_scores, score_items
from harness.results import RunRecord

__all__ = ["NoiseFloor", "largest_shift", "noise_floors"]


@dataclass(frozen=True)
class NoiseFloor:
    """What answering a second time changed in one run.

    Attributes
    ----------
    arm, seed : str, int
        The run.
    n_items : int
        Test items; at least one.
    n_changed : int
        Items whose second answer is another text than the first.
    shifts : mapping of str to float
        By metric: corpus score of the second answers minus that of the first, in points (0-100);
        NaN where the metric scores no item, left out where it needs references of another kind.
    """

    arm: str
    seed: int
    n_items: int
    n_changed: int
    shifts: Mapping[str, float]


def noise_floors(records: Iterable[RunRecord]) -> tuple[NoiseFloor, ...]:
    """The noise floor of each run that answered twice, in the order of the records.

    Parameters
    ----------
    records : iterable of RunRecord
        Those without predictions, or without a column `again` in them, are left out.
    """
    return tuple(floor for record in records if (floor := _noise_floor(record)) is not None)


def largest_shift(floors: Sequence[NoiseFloor], metric: str) -> float:
    """Largest absolute shift of a metric over runs, in points; NaN when none is known."""
    shifts = [abs(floor.shifts.get(metric, math.nan)) for floor in floors]
    return max((shift for shift in shifts if not math.isnan(shift)), default=math.nan)


def _noise_floor(record: RunRecord) -> NoiseFloor | None:
    table = record.predictions
    if table is None or "again" not in table or table.empty:
        return None
    first, second = table["prediction"].tolist(), table["again"].tolist()
    references = table["references"].tolist()
    before = corpus_scores(score_items(first, references))
    after = corpus_scores(score_items(second, references))
    return NoiseFloor(
        arm=record.arm,
        seed=record.seed,
        n_items=len(table),
        n_changed=sum(one != other for one, other in zip(first, second, strict=True)),
        shifts={metric: after[metric] - before[metric] for metric in before},
    )
