import pytest

from harness.data.records import Record


@pytest.mark.parametrize(
    ("where", "place", "cell"),
    [
        ("a.csv, line 7: ", "a.csv, line 7", "a.csv, line 7: id"),
        ("a.json: data[0].qas[1].", "a.json: data[0].qas[1]", "a.json: data[0].qas[1].id"),
    ],
)
def test_a_record_names_its_own_place_and_its_cells(where, place, cell):
    record = Record(where, {})
    assert (record.place, record.at("id")) == (place, cell)
