import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import Item
from harness.data.splits import carved, overlap_notes, sampled, size_note
from harness.errors import DataError


def items(sizes):
    """Items in clusters of the given sizes."""
    return [
        Item(f"{cluster}-{number}", {"question": "q"}, (), (), (str(cluster),))
        for cluster, size in enumerate(sizes)
        for number in range(size)
    ]


@given(size=st.integers(1, 60), limit=st.integers(1, 80))
def test_a_sample_is_ordered_without_repetition_and_part_of_a_larger_one(size, limit):
    everything = items([size])
    sample, notes = sampled(everything, limit, "train")
    assert len(sample) == min(limit, size)
    positions = [everything.index(item) for item in sample]
    assert positions == sorted(set(positions))
    larger, _ = sampled(everything, limit + 1, "train")
    assert set(positions) <= {everything.index(item) for item in larger}
    assert bool(notes) == (limit < size)


def test_a_sample_is_the_same_everywhere_and_not_just_the_beginning():
    sample, notes = sampled(items([1000]), 5, "train")
    assert [item.id for item in sample] == ["0-102", "0-379", "0-501", "0-582", "0-677"]
    assert notes == ["train: a random sample of 5 of 1,000 items"]


def test_no_limit_means_all():
    assert len(sampled(items([7]), None, "train")[0]) == 7


@given(sizes=st.lists(st.integers(1, 9), min_size=12, max_size=30), share=st.floats(0.2, 0.8))
def test_carved_items_are_whole_clusters_near_the_share(sizes, share):
    everything = items(sizes)
    left, picked, _ = carved(everything, share, "title")
    assert sorted(map(id, left + picked)) == sorted(map(id, everything))
    assert not {item.clusters for item in left} & {item.clusters for item in picked}
    assert abs(len(picked) - share * len(everything)) <= 4.5
    assert [item for item in everything if item in left] == left
    assert carved(everything, share, "title")[1] == picked


def test_the_order_of_the_items_does_not_change_which_clusters_are_carved():
    everything = items([5] * 12)
    _, picked, _ = carved(everything, 0.3, "title")
    _, again, _ = carved(everything[::-1], 0.3, "title")
    assert {item.clusters for item in picked} == {item.clusters for item in again}


def test_what_is_carved_is_said():
    _, picked, notes = carved(items([10] * 10), 0.3, "title")
    assert len(picked) == 30
    assert notes == ["validation: 3 of 10 title clusters (30 items) carved from the training items"]
    assert {item.clusters[0] for item in picked} != {"0", "1", "2"}


def test_items_that_are_nested_in_nothing_are_carved_one_by_one(make_item):
    left, picked, notes = carved([make_item(str(n)) for n in range(20)], 0.25, None)
    assert (len(left), len(picked)) == (15, 5)
    assert notes == ["validation: 5 of 20 items carved from the training items"]


@pytest.mark.parametrize(
    ("sizes", "share", "side"),
    [([10, 10], 0.1, "validation"), ([10], 0.9, "training"), ([10], 0.2, "validation")],
)
def test_a_share_leaves_items_on_both_sides(sizes, share, side):
    with pytest.raises(DataError, match=f"no item for {side}") as caught:
        carved(items(sizes), share, "title")
    assert caught.value.where == "base.data.validation.share"
    assert f"{share:g} of {sum(sizes)} items in {len(sizes)} title cluster" in caught.value.got
    assert "validation.file" in caught.value.fix


def test_sizes_are_counted_by_level():
    nested = [Item(str(n), {}, (), (), ("T", str(n % 3))) for n in range(1200)]
    assert size_note("test", nested, ["title", "context"]) == (
        "test: 1,200 items in 1 title and 3 context clusters"
    )
    assert size_note("test", [Item("1", {}, (), (), ())], ["title"]) == "test: 1 item"


def test_common_items_clusters_and_contexts_are_counted(make_item):
    def item(question, context, title):
        return make_item(
            question, question, clusters=(title, f"{title}/{context}"), context=context
        )

    splits = {
        "train": [item("q1", "c", "One"), item("q2", "c", "Two"), item("q3", "d", "Two")],
        "validation": [],
        "test": [item("q1", "c", "Three"), item("q1", "e", "Two"), item("q4", "f", "Four")],
    }
    assert overlap_notes(splits, ["title", "context"]) == [
        "1 of 3 test items have the same question and context as a train item",
        "1 of 3 title clusters of test occur in train too",
        "train: 1 of 2 context texts occur in more than one outer cluster;"
        " each occurrence is a cluster of its own",
    ]


def test_validation_is_compared_with_train_and_test(make_item):
    splits = {"train": [make_item()], "validation": [make_item()], "test": [make_item()]}
    assert len(overlap_notes(splits, [])) == 3
