import pytest

from harness.data.clusters import choose_clusters, with_clusters
from harness.data.items import Item
from harness.errors import DataError


@pytest.fixture
def splits(make_item):
    train = [make_item("1", context="c")]
    test = [make_item("2", context="c", title="T", author="A", empty="")]
    return {"train": train, "test": test}


def test_title_and_context_are_the_default_where_the_test_items_have_them(splits, make_item):
    assert choose_clusters(None, splits) == ("title", "context")
    turned = {"train": splits["test"], "test": splits["train"]}
    assert choose_clusters(None, turned) == ("context",)
    assert choose_clusters(None, {"test": [make_item()]}) == ()
    assert choose_clusters(None, {"test": [make_item(title=" ", context="c")]}) == ("context",)


def test_named_clusters_are_kept_in_order(splits):
    assert choose_clusters(["context", "question"], splits) == ("context", "question")
    assert choose_clusters([], splits) == ()


@pytest.mark.parametrize("name", ["titel", "empty"])
def test_a_field_that_does_not_exist_is_named_with_those_that_do(splits, name):
    with pytest.raises(DataError, match=f"no field '{name}'") as caught:
        choose_clusters([name], {"test": splits["test"]})
    assert caught.value.where == "base.data.clusters, for the test items"
    assert "question, context, title, author" in caught.value.allowed
    assert caught.value.fix == ("did you mean 'title'?" if name == "titel" else None)


def test_a_cluster_is_not_named_twice(splits):
    with pytest.raises(DataError, match="named twice"):
        choose_clusters(["question", "question"], splits)


def test_the_same_context_under_two_titles_makes_two_clusters(make_item):
    items = [
        make_item("1", title="One", context="c"),
        make_item("2", title="One", context="c"),
        make_item("3", title="One", context="d"),
        make_item("4", title="Two", context="c"),
    ]
    placed, notes = with_clusters(items, ["title", "context"], "test")
    assert [item.clusters[0] for item in placed] == ["One", "One", "One", "Two"]
    inner = [item.clusters[1] for item in placed]
    assert inner[0] == inner[1]
    assert len(set(inner)) == 3
    assert all(len(name) == 12 for name in inner)
    assert notes == []


def test_long_texts_have_short_names(make_item):
    items = [make_item(title="t" * 80), make_item(title="t" * 81)]
    placed, _ = with_clusters(items, ["title"], "test")
    assert [len(item.clusters[0]) for item in placed] == [80, 12]


def test_items_without_a_context_are_clusters_of_their_own(make_item):
    items = [make_item("1", context=""), make_item("2", context=""), make_item("3", context="c")]
    placed, notes = with_clusters(items, ["context"], "test")
    assert len({item.clusters for item in placed}) == 3
    assert notes == [
        "test: 2 of 3 items have no context; each of them counts as a context cluster of its own"
    ]


def test_a_split_that_lacks_a_field_is_not_nested(make_item):
    placed, notes = with_clusters([make_item(context="c")], ["title", "context"], "train")
    assert placed[0].clusters == ()
    assert notes == ["train: no item has title, so its items are not nested in anything"]


@pytest.mark.parametrize("name", ["prompt", "seed", "f1", "item"])
def test_a_cluster_may_not_be_called_like_a_column_of_the_results(name):
    items = [Item("1", {"question": "q", name: "x"}, ("a",), (), ())]
    with pytest.raises(DataError, match="name of a column of the results") as caught:
        choose_clusters([name], {"test": items})
    assert f"{{my_{name}: {name}}}" in str(caught.value)
