"""Items to fine-tune and compare on: loaded, sampled, nested in clusters, identified by content.

`prompts` turns an item into text and `encoding` turns text into tokens; neither is imported
here. To add a kind of data file, write a `Reader` and give it a row in `READERS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.data.items import Dataset, Item, TrainingItems, content_hash
from harness.data.loading import assemble, assemble_test
from harness.data.readers import read_csv, read_json, read_jsonl, read_parquet
from harness.data.records import Reader, Record
from harness.data.sources import Hub, load_from_hub

if TYPE_CHECKING:
    from harness.experiment.data import Data

__all__ = [
    "READERS",
    "Dataset",
    "Hub",
    "Item",
    "Reader",
    "Record",
    "TrainingItems",
    "content_hash",
    "load_dataset",
    "load_references",
]

READERS: dict[str, Reader] = {
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".csv": read_csv,
    ".parquet": read_parquet,
}
"""Kinds of data file, by suffix in lower case."""


def load_dataset(config: Data, *, hub: Hub = load_from_hub) -> Dataset:
    """The items of a configuration: the same for every arm and seed that shares it.

    A `limit` is drawn first; validation by `share` is then carved from the training items
    that are left, in whole outermost clusters.

    Parameters
    ----------
    config : Data
        The experiment's `data` section.
    hub : callable, optional
        Stands in for the hub: (source, config, split, revision) to rows.

    Raises
    ------
    DataError
        A source, file, field or row cannot be used.
    """
    return assemble(config, READERS, hub)


def load_references(file: str, clusters: Sequence[str] | None = None) -> Dataset:
    """Test items with their reference answers, from a file alone.

    Parameters
    ----------
    file : str
        Of a kind in `READERS`.
    clusters : sequence of str, optional
        As `data.clusters` of an experiment.

    Raises
    ------
    DataError
        The file, a cluster's field or a row cannot be used.
    """
    return assemble_test(file, clusters, READERS)
