import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.cutting import cut_to_fit


def characters(texts):
    return [[ord(character) for character in text] for text in texts]


def character_ends(texts):
    return [list(range(1, len(text) + 1)) for text in texts]


def cut(pieces, limit, ends=character_ends, tokenise=characters, frame="<{}>"):
    def whole(index, piece):
        return frame.format(piece)

    ids = tokenise([whole(0, piece) for piece in pieces])
    return cut_to_fit(pieces, whole, ids, limit, tokenise, ends)


@given(pieces=st.lists(st.text("abc", max_size=30), max_size=5), limit=st.integers(1, 40))
def test_exactly_as_many_tokens_go_as_have_to(pieces, limit):
    shorter, ids = cut(pieces, limit)
    for before, after, tokens in zip(pieces, shorter, ids, strict=True):
        assert after == before[: max(limit - 2, 0)]
        assert len(tokens) == len(after) + 2


def test_what_fits_is_not_looked_at_again():
    seen = []

    def ends(texts):
        seen.extend(texts)
        return character_ends(texts)

    cut(["ab", "abcdef", "abcdef", "abc"], 5, ends)
    assert seen == ["abcdef"]  # the same text of two inputs is looked at once


def test_characters_of_several_tokens_are_kept_or_dropped_whole():
    def four(texts):
        return [[0] * (4 * len(text)) for text in texts]

    def ends(texts):
        return [[place for place in range(1, len(t) + 1) for _ in range(4)] for t in texts]

    shorter, ids = cut(["🙂🙂🙂"], 9, ends, four, "{}")
    assert shorter == ["🙂🙂"]
    assert len(ids[0]) == 8


@pytest.mark.parametrize("stops", [[], [3], [3, 3, 3], [1, 3]])
def test_every_round_shortens_the_piece(stops):
    shorter, _ = cut(["abc"], 2, lambda texts: [stops for _ in texts], frame="{}!!!!!")
    assert shorter == [""]
