from __future__ import annotations

import pandas as pd
import pytest

from harness.results import PREDICTION_COLUMNS, RESERVED_COLUMNS, RunRecord, cluster_columns


@pytest.mark.parametrize("levels", [(), ("title", "context")])
def test_all_other_columns_of_predictions_are_clusters(levels: tuple[str, ...]) -> None:
    columns = ["item", *levels, *PREDICTION_COLUMNS[1:]]
    assert "again" in columns
    records = [
        RunRecord("a", 0, "failed", "f"),
        RunRecord("a", 1, "finished", "f", predictions=pd.DataFrame(columns=columns)),
    ]
    assert cluster_columns(records) == levels
    assert cluster_columns(records[:1]) == ()


def test_a_cluster_cannot_be_called_like_a_column_of_the_results() -> None:
    assert {"arm", "seed", "item", "again", "f1"} <= RESERVED_COLUMNS
