"""The data set that ships: regenerated, and its files read with nothing but json and re."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recipes.embedded.curriculum import Curriculum
from recipes.embedded.dataset import ARTICLES, FOLDER, build_split, serialise

ROOT = Path(__file__).parents[2]
SPLITS = ("train", "test")
# Capitalised because they begin a sentence or a question. Every other capital marks a name.
BEGINNINGS = frozenset(
    re.findall(
        r"\w+",
        "A An Anglers Arches As At By Carts Every For From How In Inside Into Little Merchants "
        "Most Nobody Of Old On Pupils Since The To Travellers Under What When Where Which Who "
        "Whom With",
    )
)


def read(split: str) -> Any:
    return json.loads((FOLDER / f"{split}.json").read_text(encoding="utf-8"))


def paragraphs(split: str) -> Iterator[tuple[str, Any]]:
    for article in read(split)["data"]:
        for paragraph in article["paragraphs"]:
            yield article["title"], paragraph


def names_in(*texts: str) -> set[str]:
    return {word for text in texts for word in re.findall(r"[A-Z]\w*", text)} - BEGINNINGS


def names_of_split(split: str) -> set[str]:
    return {
        name
        for title, paragraph in paragraphs(split)
        for question in paragraph["qas"]
        for name in names_in(title, paragraph["context"], question["question"])
    }


@pytest.fixture(scope="module")
def pretraining_texts() -> list[str]:
    curriculum = Curriculum(seed=7)
    return [text for index in range(4_000) for text in curriculum.draw(progress=index / 4_000)]


@pytest.mark.parametrize("split", SPLITS)
def test_the_recipe_makes_the_files_that_ship(split: Any) -> None:
    assert serialise(build_split(split)) == (FOLDER / f"{split}.json").read_bytes()


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import hashlib; from recipes.embedded.dataset import build_split, serialise; "
        "print(hashlib.sha256(serialise(build_split('test'))).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_another_seed_makes_another_data_set() -> None:
    assert build_split("test", seed=1) != build_split("test", seed=2)


@pytest.mark.parametrize("split", SPLITS)
def test_every_answer_stands_where_it_says(split: str) -> None:
    for _, paragraph in paragraphs(split):
        context = paragraph["context"]
        for question in paragraph["qas"]:
            (answer,) = question["answers"]
            start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
            assert context[start:end] == answer["text"]
            # Not a part of a longer word or number, and in a sentence about the subject.
            assert not re.match(r"\w", context[end:]), question
            assert not re.search(r"\w$", context[:start]), question
            around = context[context.rfind(". ", 0, start) + 1 : context.index(".", end - 1)]
            assert names_in(question["question"]) <= names_in(around), question


def test_ids_are_unique_over_both_splits() -> None:
    ids = [
        q["id"] for split in SPLITS for _, paragraph in paragraphs(split) for q in paragraph["qas"]
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{16}", id_) for id_ in ids)


def test_the_shape_is_that_of_the_data_card() -> None:
    counts = {split: len(list(paragraphs(split))) for split in SPLITS}
    assert counts == {"train": 112, "test": 100}
    for split in SPLITS:
        assert len({title for title, _ in paragraphs(split)}) == ARTICLES[split]  # type: ignore[index]
        assert {len(paragraph["qas"]) for _, paragraph in paragraphs(split)} == {5}


def test_a_name_belongs_to_one_split_only() -> None:
    assert not names_of_split("train") & names_of_split("test")


def test_a_name_belongs_to_one_article_only() -> None:
    for split in SPLITS:
        seen: dict[str, str] = {}
        for title, paragraph in paragraphs(split):
            for name in names_in(title, paragraph["context"]):
                assert seen.setdefault(name, title) == title


def test_pretraining_text_holds_no_name_of_the_data_set(pretraining_texts: list[str]) -> None:
    words = {word.lower() for text in pretraining_texts for word in re.findall(r"\w+", text)}
    assert len(words) > 10_000  # the sample is worth looking at
    for split in SPLITS:
        names = names_of_split(split)
        assert len(names) > 500
        assert not {name.lower() for name in names} & words


def test_pretraining_never_asks_a_question_of_the_data_set(pretraining_texts: list[str]) -> None:
    def blank(question: str) -> str:
        for name in names_in(question):
            question = question.replace(name, "X")
        return question.replace("X X", "X")

    asked = {
        blank(text.removeprefix("question: ").split(" context: ")[0])
        for text in pretraining_texts
        if text.startswith("question: ")
    }
    of_the_data_set = {
        blank(q["question"])
        for split in SPLITS
        for _, paragraph in paragraphs(split)
        for q in paragraph["qas"]
    }
    assert len(of_the_data_set) == 50
    assert not asked & of_the_data_set
