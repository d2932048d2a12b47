"""The real data sets, against the counts in their README."""

import json
from collections import Counter

import pytest

from harness.data import content_hash, load_dataset
from harness.experiment.data import Data


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


def test_alpaca(real):
    file = real / "alpaca/alpaca-sample.json"
    fields = {"question": "instruction", "context": "input", "answers": "output"}
    data = load(file, file, fields=fields, clusters=[])
    assert len(data.test) == 3000
    assert sum(not item.fields["context"] for item in data.test) == 1802
    assert sum(not item.answers for item in data.test) == 2


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
