"""Preparation: what is shared between arms, and what may not differ between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.experiment import load_experiment, make_plan
from harness.preparation import Prepared, asked_of_the_hub, find_models, prepare

QUICKSTART = Path(__file__).parents[1] / "experiments" / "quickstart.yaml"


def prepared(*assignments: str) -> Prepared:
    return prepare(make_plan(load_experiment(QUICKSTART, assignments)))


def test_arms_with_the_same_data_share_them() -> None:
    one = prepared()
    assert len({id(dataset) for dataset in one.datasets.values()}) == 1
    assert len(set(one.fingerprints.values())) == 12


def test_the_amount_of_training_data_can_be_a_factor() -> None:
    few = "factors.precision.treatments={few: {data.train.limit: 50}}"
    one = prepared(few)
    assert len(one.datasets["question / few"].train) == 50
    assert len(one.datasets["question / full"].train) > 50
    assert one.datasets["question / few"].test == one.datasets["question / full"].test


def test_a_file_and_its_embedded_original_have_the_same_fingerprints() -> None:
    folder = QUICKSTART.parents[1] / "harness" / "data" / "embedded" / "invented_world"
    files = [f"data.{split}.file={folder / split}.json" for split in ("train", "test")]
    assert prepared(*files).fingerprints == prepared().fingerprints


@pytest.mark.parametrize("path", ["data.test.limit: 5", "data.fields: {answers: other}"])
def test_a_level_that_changes_the_test_items_is_refused(path: str, tmp_path: Path) -> None:
    rows = [
        {"question": f"q{i}", "answers": f"a{i}", "other": f"b{i}", "title": f"t{i % 3}"}
        for i in range(12)
    ]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    (tmp_path / "e.json").write_text(json.dumps(rows))
    files = [f"data.train.file={tmp_path / 'd.json'}", f"data.test.file={tmp_path / 'e.json'}"]
    level = f"factors={{f: {{control: {{a: {{}}}}, treatments: {{b: {{{path}}}}}}}}}"
    hypotheses = "analysis.hypotheses=[]"
    with pytest.raises(ExperimentError, match="changes the test items") as caught:
        prepared(*files, level, hypotheses)
    assert "the arms 'a' and 'b'" in str(caught.value)


def test_only_what_is_on_a_hub_is_asked_of_it(tmp_path: Path) -> None:
    def asked(*assignments: str) -> list[str]:
        return asked_of_the_hub(make_plan(load_experiment(QUICKSTART, assignments)))

    assert asked() == []
    assert asked("data.source=squad", "model.name=google/t5-v1_1-small") == [
        "squad",
        "google/t5-v1_1-small",
    ]
    local = ["data.train.file=a.json", "data.test.file=b.json", f"model.name={tmp_path}"]
    assert asked("data.source=squad", *local) == []


def test_two_files_of_one_folder_are_two_models(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"GGUF" + name.encode())
    levels = "{a: {model.gguf_file: b.gguf}}"
    plan = make_plan(
        load_experiment(
            QUICKSTART,
            [
                f"model.name={tmp_path}",
                "model.gguf_file=a.gguf",
                f"factors.precision.treatments={levels}",
                "factors.precision.control={full: {}}",
            ],
        )
    )
    models = find_models(plan)
    assert models["question / full"].gguf_file == "a.gguf"
    assert models["question / a"].gguf_file == "b.gguf"
    assert models["question / full"].identity != models["question / a"].identity


def test_templates_without_a_field_are_noted_with_the_arms_that_have_them(tmp_path: Path) -> None:
    rows = [{"question": f"{n}?", "answer": "a", "input": "i" * (n % 3)} for n in range(9)]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(rows))
    data = [f"data.{split}.file={file}" for split in ("train", "test")]
    data += ["prompt.template={question} {input}", "data.clusters=[]"]
    level = "factors.context.treatments={plain: {prompt.without.input: '{question}'}}"
    one = prepared(*data, level)
    shared = {id(dataset) for dataset in one.datasets.values()}
    assert len(shared) == 1
    (dataset, *_) = one.datasets.values()
    note = "test: 3 of 9 items have a blank input and use the template without it"
    assert [n for n in dataset.notes if n.startswith(note)] == [
        f"{note} (in plain / full, plain / nf4)"
    ]
    again = prepare(one.plan, one.datasets)
    assert again.datasets["plain / full"].notes == dataset.notes
    longer = "factors.context.treatments={longer: {prompt.max_tokens: 999}}"
    everywhere = prepared(*data, "prompt.without={input: '{question}'}", longer)
    assert note in everywhere.datasets["question / full"].notes
    with pytest.raises(ExperimentError, match="no field 'inptu' that could be blank"):
        prepared(*data, level.replace("without.input", "without.inptu"))
