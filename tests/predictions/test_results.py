import pandas as pd

from harness.predictions.answers import Row
from harness.predictions.results import run_predictions
from harness.predictions.source import opened
from harness.results import PREDICTION_COLUMNS


def saved(tmp_path, **columns):
    path = tmp_path / "predictions.parquet"
    pd.DataFrame(columns).to_parquet(path, index=False)
    return path


def test_item_and_prediction_are_taken(tmp_path):
    columns = {name: ["x", "y"] for name in (*PREDICTION_COLUMNS, "title")}
    path = saved(tmp_path, **columns | {"item": ["q1", "q2"], "prediction": ["a", ""]})
    rows = run_predictions(opened(path)).rows
    assert rows == [Row(f"{path}, row 1", "q1", "a"), Row(f"{path}, row 2", "q2", "")]


def test_other_columns_are_another_format(tmp_path):
    assert run_predictions(opened(saved(tmp_path, item=["q1"], score=[1.0]))) is None
