"""The real data sets, against the counts in their README."""

import csv
import json
from collections import Counter

import pytest

from harness.data import content_hash, load_dataset
from harness.data.prompts import check_template, render, template_notes
from harness.experiment.data import Data, Prompt


def load(train, test, **sections):
    tree = {"train": {"file": str(train)}, "test": {"file": str(test)}} | sections
    return load_dataset(Data.model_validate(tree))


def levels(items):
    return tuple(len({item.clusters[depth] for item in items}) for depth in (0, 1))


def test_squad_v1(real):
    data = load(real / "squad/train-v1.1-sample.json", real / "squad/dev-v1.1-sample.json")
    assert (len(data.train), *levels(data.train)) == (8102, 28, 1678)  # one context occurs twice
    assert (len(data.test), *levels(data.test)) == (4880, 24, 862)
    assert all(len(item.answers) == 1 for item in data.train)
    counts = Counter(len(item.answers) for item in data.test)
    assert counts == {1: 2, 2: 73, 3: 3677, 4: 499, 5: 610, 6: 19}
    for item in data.train + data.test:
        for text, start in zip(item.answers, item.answer_starts, strict=True):
            assert item.fields["context"][start : start + len(text)] == text
    assert data.notes == (
        "train: 8,102 items in 28 title and 1,678 context clusters",
        "test: 4,880 items in 24 title and 862 context clusters",
    )


def test_squad_v2(real):
    data = load(real / "squad/dev-v1.1-sample.json", real / "squad/dev-v2.0-sample.json")
    assert (len(data.test), *levels(data.test)) == (1114, 3, 96)
    assert sum(not item.answers for item in data.test) == 662
    assert sum(len(item.answers) for item in data.test) == 1542
    assert any("test: 662 of 1,114 items have no answer" in note for note in data.notes)
    assert any("452 of 1,114 test items have the same question" in note for note in data.notes)
    assert any("3 of 3 title clusters of test occur in train" in note for note in data.notes)


def test_validation_shares_no_article_with_train(real):
    data = load(
        real / "squad/train-v1.1-sample.json", real / "squad/dev-v1.1-sample.json",
        validation={"share": 0.25},
    )  # fmt: skip
    assert len(data.train) + len(data.validation) == 8102
    assert abs(len(data.validation) - 2025) < 150
    assert not {i.clusters[0] for i in data.train} & {i.clusters[0] for i in data.validation}


def test_hub_rows_and_the_official_file_are_the_same_items(real):
    tree = json.loads((real / "squad/dev-v2.0-sample.json").read_text())

    def hub(source, config, split, revision):
        for article in tree["data"]:
            for paragraph in article["paragraphs"]:
                for qa in paragraph["qas"]:
                    answers = qa["answers"]
                    yield {
                        "id": qa["id"],
                        "title": article["title"],
                        "context": paragraph["context"],
                        "question": qa["question"],
                        "answers": {
                            "text": [answer["text"] for answer in answers],
                            "answer_start": [answer["answer_start"] for answer in answers],
                        },
                    }

    config = Data.model_validate(
        {"source": "squad_v2", "train": {"split": "a"}, "test": {"split": "b"}}
    )
    file = real / "squad/dev-v2.0-sample.json"
    assert content_hash(load_dataset(config, hub=hub).test) == content_hash(load(file, file).test)


def test_freebaseqa(real):
    data = load(real / "freebaseqa/train.csv", real / "freebaseqa/test.csv")
    assert (len(data.train), len(data.test)) == (3994, 1000)
    assert data.cluster_names == ()
    assert "no clusters: items are treated as independent of each other" in data.notes
    assert not any("same question" in note for note in data.notes)


def test_viggo(real):
    data = load(
        real / "viggo/train.csv", real / "viggo/test.csv",
        validation={"file": str(real / "viggo/validation.csv")},
        fields={"question": "mr", "answer": "ref"},
    )  # fmt: skip
    assert (len(data.train), len(data.validation), len(data.test)) == (5103, 714, 1083)
    assert len({item.fields["question"] for item in data.test}) == 359
    assert set(data.test[0].fields) == {"question"}


def test_viggo_the_other_way_round(real):
    data = load(
        real / "viggo/train.csv", real / "viggo/test.csv",
        fields={"question": "ref", "answers": "mr"},
    )  # fmt: skip
    assert data.test[0].fields["question"][0].isupper()
    assert all(item.answers[0].endswith(")") for item in data.train + data.test)
    assert any("(for Everyone 10 and Older)" in item.answers[0] for item in data.test)


def test_alpaca(real):
    file = real / "alpaca/alpaca-sample.json"
    rows = json.loads(file.read_text())
    data = load(file, file, fields={"question": "instruction", "answers": "output"})
    assert data.cluster_names == ()
    assert len(data.test) == 3000
    assert [item.fields["input"] for item in data.test] == [row["input"] for row in rows]
    assert sum(not item.fields["input"] for item in data.test) == 1802
    assert "test: 2 of 3,000 items have no answer and count as unanswerable" in data.notes
    assert sum("\n" in item.fields["question"] for item in data.test) == 44
    assert data.test[41].id == "test-42"

    prompt = Prompt(template="{question}\n{input}", without={"input": "{question}"})
    check_template(prompt, data.test)
    for item, row in zip(data.test, rows, strict=True):
        parts = [row["instruction"], row["input"]] if row["input"] else [row["instruction"]]
        assert render(prompt, item) == ("\n".join(parts), row["output"])
    note = "test: 1,802 of 3,000 items have a blank input and use the template without it"
    assert note in template_notes(prompt, data)
    said = [item for item in data.test if "noinput" in item.fields["input"].lower()]
    assert len(said) == 14, "such words are an input like any other"
    assert all(item.fields["input"] in render(prompt, item).prompt for item in said)


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(
    ("files", "fields", "columns", "limit"),
    [
        (["freebaseqa/train.csv", "freebaseqa/test.csv"], {}, ("question", "answer"), 100),
        (["freebaseqa/train.csv", "freebaseqa/test.csv"], {}, ("question", "answer"), 512),
        (["viggo/train.csv", "viggo/test.csv"], {"question": "mr", "answers": "ref"},
         ("mr", "ref"), 300),
    ],
)  # fmt: skip
def test_items_beyond_a_limit_of_characters(real, files, fields, columns, limit, drop):
    beyond = {"limit": limit, "drop": drop}
    data = load(*(real / file for file in files), fields=fields, max_characters=beyond)
    for split, file in zip(("train", "test"), files, strict=True):
        with (real / file).open(newline="", encoding="utf-8") as rows:
            lengths = [sum(len(row[name]) for name in columns) for row in csv.DictReader(rows)]
        long = {f"{split}-{n}" for n, size in enumerate(lengths, 1) if size > limit}
        found = [one for one in data.characters.items if one.split == split]
        assert sorted(one.characters for one in found) == sorted(lengths)
        assert {one.item for one in found if one.characters > limit} == long
        said = any(
            note.startswith(f"{split}: {len(long):,} of {len(lengths):,} items have more than")
            for note in data.notes
        )
        assert said == bool(long)
        kept = {item.id for item in getattr(data, split)}
        assert len(kept) == len(lengths) - len(long) * drop
        assert not (kept & long and drop)


@pytest.mark.slow
def test_the_squad_sample_loads_at_once(real):
    import time

    file = real / "squad/dev-v1.1-sample.json"
    small = real / "freebaseqa/test.csv"
    times = []
    for _ in range(3):
        start = time.perf_counter()
        load(small, file)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
