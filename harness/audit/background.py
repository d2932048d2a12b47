"""What is known of the test items besides the answers to them, as one value.

Stored with an ablation, so that its report can be made again without the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.audit.overlap import Overlap, audit_overlap
from harness.audit.profile import Profile
from harness.audit.slices import slice_labels
from harness.data.items import Dataset, Item

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OTHER_FIELD", "Background", "Exposed", "background_of", "item_texts"]

OTHER_FIELD = "field:"
"""Before a field's name as a column of `item_texts`, so that it is called like no other column."""


@dataclass(frozen=True)
class Exposed:
    """What a probe for exposure in pretraining found of one base model.

    Attributes
    ----------
    model : str
    p_value : float
        Small if the model prefers the test items' published order; NaN where there is a reason.
    n_shards : int
        Pieces of the test file that were compared.
    notes : tuple of str
        Sentences a reader has to know.
    reason : str
        Why there is no p-value; empty if there is one.
    """

    model: str
    p_value: float
    n_shards: int
    notes: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Background:
    """The slices that test items are in, and what they share with training.

    Attributes
    ----------
    labels : DataFrame
        From `slice_labels`: `item`, and a column of text per slice.
    overlap : Overlap or None
        None where the training items are not known.
    exposed : tuple of Exposed
        Of each base model that was probed.
    texts : DataFrame or None
        From `item_texts`.
    profile : Profile or None
        From `profile_of`.
    """

    labels: pd.DataFrame
    overlap: Overlap | None
    exposed: tuple[Exposed, ...] = ()
    texts: pd.DataFrame | None = None
    profile: Profile | None = None


def background_of(
    datasets: Iterable[Dataset],
    slices: Sequence[str] | None,
    *,
    names: Iterable[str] = (),
    say: Callable[[str], None] | None = None,
) -> Background:
    """Slice and audit the test items that some data sets have in common.

    Parameters
    ----------
    datasets : iterable of Dataset
        Of the arms; all training items of any of them count as training.
    slices : sequence of str or None
        As for `slice_labels`.
    names : iterable of str
        As for `item_texts`.
    say : callable, optional
        As for `audit_overlap`.

    Raises
    ------
    DataError
        A slice cannot be used.
    """
    every = list({id(dataset): dataset for dataset in datasets}.values())
    train: dict[tuple[str, tuple[tuple[str, str], ...]], Item] = {}
    for dataset in every:
        for item in dataset.train:
            train.setdefault((item.id, tuple(sorted(item.fields.items()))), item)
    pooled = replace(every[0], train=tuple(train.values()))
    overlap = audit_overlap(pooled, say=say) if pooled.train else None
    labels = slice_labels(pooled, overlap, slices)
    return Background(labels, overlap, texts=item_texts(pooled, names))


def item_texts(dataset: Dataset, names: Iterable[str] = ()) -> pd.DataFrame:
    """What the test items say.

    Parameters
    ----------
    dataset : Dataset
    names : iterable of str
        Fields that prompts use: with them an item can be asked again without the data.

    Returns
    -------
    pandas.DataFrame, shape (n_test, 4 + others)
        `item`, `question`, `context` ("" without one), and `answer_start`: where the first
        reference starts in the context, in code points; -1 where that is not known. Each other
        field of `names` is a column `field:NAME`, "" in items without it.
    """
    import pandas as pd

    others = [name for name in dict.fromkeys(names) if name not in ("question", "context")]
    return pd.DataFrame(
        {
            "item": [item.id for item in dataset.test],
            "question": [item.fields["question"] for item in dataset.test],
            "context": [item.fields.get("context", "") for item in dataset.test],
            "answer_start": [
                item.answer_starts[0] if item.answer_starts else -1 for item in dataset.test
            ],
        }
        | {
            OTHER_FIELD + name: [item.fields.get(name, "") for item in dataset.test]
            for name in others
        }
    )
