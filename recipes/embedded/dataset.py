"""Makes the invented question answering data set, in the JSON layout of SQuAD v1.1.

An article is an invented region, with one paragraph each about four things in it and a question
for each of a thing's five facts. Nothing here depends on a file, a clock or a hash seed: the same
seed gives the same bytes. `python -m recipes.embedded.dataset` writes the files that ship.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from pathlib import Path
from typing import Final, Literal, TypedDict

from recipes.embedded.kinds import ABLATION_KINDS, Kind, ordinary_words
from recipes.embedded.names import NameDealer
from recipes.embedded.passages import write_passage

VERSION: Final = "invented-world-1.0"
SEED: Final = 20
ARTICLES: Final[dict[Literal["train", "test"], int]] = {"train": 28, "test": 25}
PARAGRAPHS_PER_ARTICLE: Final = 4
FOLDER: Final = Path(__file__).parents[2] / "harness/data/embedded/invented_world"


class Answer(TypedDict):
    """A span of the context."""

    text: str
    answer_start: int


class Question(TypedDict):
    """A question and its only answer."""

    id: str
    question: str
    answers: list[Answer]


class Paragraph(TypedDict):
    """A context and the questions about it."""

    context: str
    qas: list[Question]


class Article(TypedDict):
    """Paragraphs under one title: the outer cluster of an analysis."""

    title: str
    paragraphs: list[Paragraph]


class Dataset(TypedDict):
    """One split, as it is stored."""

    version: str
    data: list[Article]


def build_split(split: Literal["train", "test"], seed: int = SEED) -> Dataset:
    """Build one split.

    Parameters
    ----------
    split : {"train", "test"}
        Also the world its names come from, so that the splits share none.
    seed : int
        Seed of everything random in it.
    """
    rng = random.Random(f"{split}-{seed}")
    # Spelled from syllables, a name may happen to be a word; "Novel" was one.
    names = NameDealer(split, rng, reserved=ordinary_words())
    return Dataset(version=VERSION, data=[_article(rng, names) for _ in range(ARTICLES[split])])


def serialise(dataset: Dataset) -> bytes:
    """Return the bytes of the file: indented by one blank, so that differences can be read."""
    return (json.dumps(dataset, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _article(rng: random.Random, names: NameDealer) -> Article:
    region = names.word()
    # Drawn per article, so that articles differ in difficulty and clustering matters.
    n_distractors = rng.choice((1, 2))
    kinds = rng.sample(ABLATION_KINDS, PARAGRAPHS_PER_ARTICLE)
    return Article(
        title=region,
        paragraphs=[_paragraph(rng, names, kind, region, n_distractors) for kind in kinds],
    )


def _paragraph(
    rng: random.Random, names: NameDealer, kind: Kind, region: str, n_distractors: int
) -> Paragraph:
    passage = write_passage(rng, names, kind, region, len(kind.facts), n_distractors)
    questions: list[Question] = []
    for stated in passage.stated:
        question = rng.choice(stated.fact.questions).format(n=passage.subject)
        answer = Answer(text=stated.value, answer_start=stated.start)
        identity = f"{region}\n{passage.text}\n{question}"
        questions.append(
            Question(
                id=hashlib.sha256(identity.encode("utf-8")).hexdigest()[:16],
                question=question,
                answers=[answer],
            )
        )
    return Paragraph(context=passage.text, qas=questions)


def main() -> None:
    """Write `train.json` and `test.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="the files that ship have %(default)s"
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for split in ARTICLES:
        path = arguments.folder / f"{split}.json"
        path.write_bytes(serialise(build_split(split, arguments.seed)))
        print(f"wrote {path} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
