import random
import string

import pytest

from harness.audit import duplicates
from harness.audit.duplicates import NEAR, near_passages, near_questions, normalised


@pytest.mark.parametrize(
    "text",
    ["The Seine's  bank", "the seine’s bank", "THE SEINE’S\nBANK!?", "ｔｈｅ Seine_s bank."],
)
def test_case_width_spacing_and_punctuation_do_not_count(text):
    assert normalised(text) == "the seine s bank"


def test_what_is_left_does_count():
    assert normalised("What is 3 + 4?") != normalised("What is 3 * 4?")
    assert normalised("What is 3 - 4?") != normalised("What is 3 4?")
    assert normalised("twenty-one") == "twenty one"
    assert normalised("Straße") == normalised("STRASSE")
    assert normalised("パリは首都") == "パ リ は 首 都"
    assert normalised(" ?! ") == ""


def grams(text, size):
    words = text.split()
    return {tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1))}


def brute_force(asked, known, size):
    found = []
    for text in asked:
        own = grams(text, size)
        near = []
        for at, other in enumerate(known):
            both = grams(other, size)
            similarity = len(own & both) / len(own | both)
            if similarity >= NEAR and other != text:
                near.append((at, similarity))
        found.append(near)
    return found


def edited(text, edits, rng):
    words = text.split()
    for _ in range(edits):
        words[rng.randrange(len(words))] = "".join(rng.choices(string.ascii_lowercase, k=4))
    return " ".join(words)


def corpus(length, size, rng):
    """Texts of a small vocabulary, and copies of them with up to a few words changed."""
    words = ["".join(rng.choices("abcdef", k=3)) for _ in range(60)]
    known = [" ".join(rng.choices(words, k=rng.randint(*length))) for _ in range(size)]
    asked = [edited(rng.choice(known), rng.randint(0, 3), rng) for _ in range(size)]
    return list(dict.fromkeys(asked)), list(dict.fromkeys(known))


def test_near_questions_are_those_of_a_search_through_all_pairs():
    asked, known = corpus((1, 14), 400, random.Random(1))
    expected = brute_force(asked, known, 1)
    assert sum(map(len, expected)) > 50
    assert list(near_questions(asked, known)) == expected


def test_near_passages_are_those_of_a_search_through_all_pairs():
    asked, known = corpus((2, 90), 400, random.Random(2))
    expected = brute_force(asked, known, 3)
    assert sum(map(len, expected)) > 100
    assert list(near_passages(asked, known)) == expected


def test_exactly_the_threshold_is_near():
    assert list(near_questions(["a b c d e"], ["a b c d", "a b c x"])) == [[(0, 0.8)]]
    assert list(near_questions(["a b c d"], ["a b c d e", "a b c d e f"])) == [[(0, 0.8)]]


def test_nothing_known_or_nothing_asked():
    for near in (near_questions, near_passages):
        assert list(near(["a b"], [])) == [[]]
        assert list(near([], ["a b"])) == []


def test_one_wording_for_all_texts_does_not_try_all_pairs(monkeypatch):
    monkeypatch.setattr(duplicates, "_MOST_TRIED", 5)
    wording = "what is the name of the capital of that country called"
    known = [f"{wording} x{at}" for at in range(50)]
    found = list(near_questions([f"{wording} y"], known))
    assert len(found[0]) == 5
    # The one that shares the rare word comes before all those that share the wording.
    (found,) = near_questions([f"{wording} x37".removeprefix("what ")], known)
    assert (37, 9 / 10) in found


def test_passages_that_differ_in_a_word_are_not_all_tried(monkeypatch):
    monkeypatch.setattr(duplicates, "_MOST_TRIED", 5)
    passage = " ".join(string.ascii_lowercase)
    (found,) = near_passages([f"{passage} y"], [f"{passage} x{at}" for at in range(50)])
    assert len(found) == 5


def test_a_preamble_that_all_passages_share_hides_no_copy():
    rng = random.Random(3)

    def words(n):
        return " ".join("".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(n))

    preamble = words(58)
    known = [f"{preamble} {words(18)}" for _ in range(600)]
    copied = rng.sample(range(600), 20)
    asked = [f"{known[at][:-3]}abc" for at in copied]
    found = list(near_passages(asked, known))
    missed = [at for at, matches in zip(copied, found, strict=True) if at not in
              {m[0] for m in matches}]  # fmt: skip
    assert not missed
