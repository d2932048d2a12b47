import json
import subprocess
import sys

import pytest

import harness.data
from harness.data import content_hash, load_dataset
from harness.errors import DataError
from harness.experiment.data import Data

EMBEDDED = {
    "source": "embedded:invented_world", "train": {"split": "train"}, "test": {"split": "test"}
}  # fmt: skip


def load(**sections):
    return load_dataset(Data.model_validate(sections))


def test_everything_exported_exists():
    assert all(hasattr(harness.data, name) for name in harness.data.__all__)


def test_the_embedded_world_is_nested_and_shares_nothing():
    data = load(**EMBEDDED)
    assert data.cluster_names == ("title", "context")
    assert data.validation == ()
    assert all(len(item.clusters) == 2 for item in data.train + data.test)
    sizes = [note for note in data.notes if note.startswith(("train: ", "test: "))]
    assert len(sizes) == len(data.notes) == 2


def test_formats_that_hold_the_same_rows_give_the_same_items(tmp_path, write, squad_tree):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from harness.data.squad import squad_records

    rows = [dict(record.values) for record in squad_records(squad_tree, "")]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    files = [
        write("squad.json", squad_tree),
        write("rows.json", rows),
        write("rows.jsonl", "\n".join(json.dumps(row) for row in rows)),
        tmp_path / "a.parquet",
    ]
    loaded = [load(train={"file": str(f)}, test={"file": str(f)}).test for f in files]
    assert all(items == loaded[0] for items in loaded)
    assert len({content_hash(items) for items in loaded}) == 1


def test_csv_has_the_same_items_but_for_offsets(write):
    csv = write("a.csv", "mr,ref\ninform,a game\n")
    data = load(
        train={"file": str(csv)}, test={"file": str(csv)},
        fields={"question": "mr", "answer": "ref"},
    )  # fmt: skip
    [item] = data.test
    assert (item.id, item.fields, item.answers) == ("test-1", {"question": "inform"}, ("a game",))
    assert "no clusters: items are treated as independent of each other" in data.notes
    assert any(note.startswith("1 of 1 test item have") for note in data.notes)


def test_a_limit_comes_before_the_share():
    sections = EMBEDDED | {"train": {"split": "train", "limit": 100}, "validation": {"share": 0.2}}
    data = load(**sections)
    plain = load(**(sections | {"validation": None}))
    assert len(plain.train) == 100
    together = {item.id for item in data.train + data.validation}
    assert together == {item.id for item in plain.train}
    assert 0 < len(data.validation) <= 30
    assert not {i.clusters[0] for i in data.train} & {i.clusters[0] for i in data.validation}
    assert data.test == plain.test


def test_limits_apply_to_each_split():
    data = load(**(EMBEDDED | {
        "test": {"split": "test", "limit": 7}, "validation": {"share": 0.5, "limit": 9},
    }))  # fmt: skip
    assert (len(data.test), len(data.validation)) == (7, 9)
    assert any("validation: a random sample of 9 of" in note for note in data.notes)


def test_validation_comes_from_a_file(write):
    file = write("v.csv", "question,answer,title,context\na,b,c,d\n")
    data = load(**(EMBEDDED | {"validation": {"file": str(file)}}))
    assert [item.id for item in data.validation] == ["validation-1"]
    assert data.validation[0].clusters[0] == "c"


def test_validation_never_uses_the_test_items():
    with pytest.raises(DataError, match="validation would use the test items") as caught:
        load(**(EMBEDDED | {"validation": {"split": "test"}}))
    assert "validation.share" in caught.value.fix


@pytest.mark.parametrize("source", [None, "embedded:invented_world"])
def test_splits_of_one_json_file_are_told_apart(write, source):
    rows = [{"Question": f"{n}?", "Answer": f"a{n}"} for n in range(3)]
    file = str(write("qa.json", {"train": rows, "dev": rows[:1], "test": rows[1:]}))
    sections = {
        name: {"file": file, "split": split}
        for name, split in (("train", "train"), ("validation", "dev"), ("test", "test"))
    }
    sections |= {"fields": {"question": "Question", "answers": "Answer"}, "source": source}
    data = load(**sections)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [3, 1, 2]
    assert data.test[0].answers == ("a1",)
    with pytest.raises(DataError, match="validation would use the test items") as caught:
        load(**(sections | {"validation": sections["test"]}))
    assert caught.value.got == f"{file}: test"


def test_another_name_of_a_file_is_still_the_test_items(write, tmp_path):
    table = {"file": str(write("a.csv", "question,answer\na,b\n"))}
    (tmp_path / "b").symlink_to(tmp_path)
    for same in (table | {"split": "validation"}, {"file": f"{tmp_path}/b/a.csv"}):
        with pytest.raises(DataError, match="validation would use the test items"):
            load(**(EMBEDDED | {"validation": same, "test": table}))


def test_train_items_need_no_clusters(write):
    file = write("t.csv", "question,answer\na,b\nc,d\ne,f\n")
    data = load(**(EMBEDDED | {"train": {"file": str(file)}, "validation": {"share": 0.3}}))
    assert data.cluster_names == ("title", "context")
    assert data.train[0].clusters == ()
    assert len(data.validation) == 1
    assert any("train: no item has title, context" in note for note in data.notes)


def test_named_clusters_have_to_exist():
    assert load(**EMBEDDED, clusters=["title"]).cluster_names == ("title",)
    assert load(**EMBEDDED, clusters=[]).cluster_names == ()
    with pytest.raises(DataError, match="no field 'article'"):
        load(**EMBEDDED, clusters=["article"])


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, harness.data, harness.data.encoding, harness.data.prompts;"
        "print(*{'datasets', 'pyarrow', 'pandas', 'torch', 'transformers', 'mlflow'}"
        " & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_rows_of_instruction_input_and_output(write):
    rows = [
        {"instruction": "Name it.\nIn one word.", "input": "a, b\n c", "output": " Letters\n"},
        {"instruction": "Convert 20 inches", "input": "", "output": ""},
        {"instruction": "Compose", "input": "Noinput", "output": "one\n\ntwo"},
        {"instruction": "Compose", "input": "Noinput", "output": "one\n\ntwo"},
    ]
    file = {"file": str(write("alpaca.json", rows))}
    fields = {"question": "instruction", "answers": "output"}
    data = load(train=file, test=file, fields=fields)
    assert [item.id for item in data.test] == ["test-1", "test-2", "test-3", "test-4"]
    assert data.test[0].fields == {"question": "Name it.\nIn one word.", "input": "a, b\n c"}
    assert [item.answers for item in data.test] == [
        (" Letters\n",), (), ("one\n\ntwo",), ("one\n\ntwo",),
    ]  # fmt: skip
    assert "train: 1 of 4 items have no answer and count as unanswerable" in data.notes
    assert data.cluster_names == ()


@pytest.mark.parametrize(
    ("question", "answers"), [("mr", "ref"), ("ref", "mr")], ids=["to text", "to meaning"]
)
def test_rows_of_a_meaning_and_its_text_go_both_ways(write, question, answers):
    row = {
        "mr": "inform(name[Tom's Game], esrb[E 10+ (for Everyone 10 and Older)], genres[a, b])",
        "ref": 'It\'s "fine", é.',
    }
    quoted = ['"' + row[name].replace('"', '""') + '"' for name in ("mr", "ref")]
    file = {"file": str(write("viggo.csv", f"mr,ref\n{','.join(quoted)}\n"))}
    [item] = load(train=file, test=file, fields={"question": question, "answers": answers}).test
    assert item.fields == {"question": row[question]}
    assert item.answers == (row[answers],)


def test_lines_of_question_context_and_answers(write):
    lines = [
        {"question": "Wo?", "context": "hier\nund da", "answers": ["hier", "da"]},
        {"question": "Wer?", "context": "hier\nund da", "answers": []},
        {"question": "Was?", "context": "dort", "answers": "das"},
        {"question": "Wann?", "context": "dort", "answers": {"text": ["do"], "answer_start": [0]}},
    ]
    file = {"file": str(write("qa.jsonl", "\n".join(json.dumps(line) for line in lines)))}
    data = load(train=file, test=file)
    assert [item.answers for item in data.test] == [("hier", "da"), (), ("das",), ("do",)]
    assert data.cluster_names == ("context",)
    assert len({item.clusters for item in data.test}) == 2


def test_rows_of_question_and_answer_may_have_quotes(write):
    text = (
        "question,answer\n1980 Pac Man was released by which company,midway\n"
        '"A 1986 film, described as ""a cult film"", is what?",withnail and i\n85326,a clause\n'
    )
    file = {"file": str(write("freebase.csv", text))}
    data = load(train=file, test=file)
    assert [item.fields["question"] for item in data.test][1:] == [
        'A 1986 film, described as "a cult film", is what?', "85326",
    ]  # fmt: skip
    assert data.test[0].answers == ("midway",)
