"""Experiment files: what is read, and what a person is told about a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from harness.errors import ExperimentError
from harness.experiment import load_experiment, schema_as_json

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "experiments" / "quickstart.yaml"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda p: p.name
)
def test_every_experiment_file_loads_and_names_the_schema(path: Path) -> None:
    load_experiment(path)
    assert path.read_text().startswith("# yaml-language-server: $schema=experiment.schema.json\n")


def test_committed_schema_is_the_generated_one() -> None:
    committed = json.loads((ROOT / "experiments" / "experiment.schema.json").read_text())
    assert committed == json.loads(json.dumps(schema_as_json())), "run `make schema`"


def test_yaml_and_set_give_the_same_experiment(tmp_path: Path) -> None:
    tree = yaml.safe_load(QUICKSTART.read_text())
    tree["base"]["training"]["epochs"] = 5
    tree["seeds"] = [7, 8]
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(tree))
    changed = load_experiment(QUICKSTART, ["base.training.epochs=5", "seeds=[7, 8]"])
    assert changed == load_experiment(tmp_path / "e.yaml")
    assert changed != load_experiment(QUICKSTART)


def test_set_may_leave_out_base() -> None:
    short = load_experiment(QUICKSTART, ["training.epochs=5"])
    assert short == load_experiment(QUICKSTART, ["base.training.epochs=5"])
    assert short.base.training.epochs == 5


def test_one_set_may_hold_several_assignments_or_none() -> None:
    several = load_experiment(QUICKSTART, ["{training.epochs: 5, seeds: [1]}", ""])
    assert several == load_experiment(QUICKSTART, ["training.epochs=5", "seeds=[1]"])


def test_a_template_may_be_set_without_quotes() -> None:
    for template in ("{question}", "{question} of {title}", "q: {question}"):
        experiment = load_experiment(QUICKSTART, [f"prompt.template={template}"])
        assert experiment.base.prompt.template == template


def test_one_adapter_target_needs_no_list() -> None:
    experiment = load_experiment(QUICKSTART, ["model.adapter.targets=q"])
    assert experiment.base.model.adapter is not None
    assert experiment.base.model.adapter.targets == ("q",)


def test_later_assignments_win() -> None:
    experiment = load_experiment(QUICKSTART, ["training.epochs=5", "training.epochs=6"])
    assert experiment.base.training.epochs == 6


@pytest.mark.parametrize(
    ("assignments", "parts"),
    [
        (["training.epoch=2"], ["unknown key 'epoch'", "allowed: epochs", "did you mean 'epochs'"]),
        (["training.epochs=many"], ["base.training.epochs", "found:   many"]),
        (["training.epochs=0"], ["base.training.epochs", "greater than 0"]),
        (["model.precision=nf5"], ["'nf4'", "did you mean 'nf4'", "found:   nf5"]),
        (["model.adapter=null", "model.precision=nf4"], ["cannot be trained", "kind: lora"]),
        (["base.prompt=text"], ["base.prompt", "found:   text"]),
        (["prompt.template='{question'"], ["base.prompt.template", "not a template"]),
        (["prompt.template='{question.x}'"], ["not a plain field name"]),
        (["seeds=[]"], ["seeds"]),
        (["seeds=[true]"], ["seeds.0", "valid integer"]),
        (["seeds=[4294967296]"], ["seeds.0", "less than 4294967296"]),
        (["training.epochs=.inf"], ["base.training.epochs", "finite"]),
        (["model.adapter.targets=[]"], ["base.model.adapter.targets"]),
        (["model.adapter=null", "model.precision=bf16"], ["too coarse", "kind: lora"]),
        (["prompt.template='{question!r}'"], ["{question!r} is not a plain field name"]),
        (["analysis.primary=F1"], ["did you mean 'f1'"]),
        (["resources.accelerator=gpu"], ["did you mean 'cuda'"]),
        (
            ["search={space: {training: {epochs: {kind: int, low: 1, high: 2}}}}"],
            ["'kind' is missing", "search.space={training.epochs: {kind: …}}"],
        ),
        (["search={space: {training.epochs: {low: 1, high: 2}}}"], ["'kind' is missing"]),
        (["factors.context.treatments={4: {training.epochs: 9}}"], ["not text", "quotes: '4'"]),
        ([f"factors.context.treatments={{{'x' * 61}: {{training.epochs: 9}}}}"], ["60 char"]),
        (
            [
                "analysis.hypotheses=[{factor: context, claim: better},"
                " {factor: context, claim: better}]"
            ],
            ["occurs twice"],
        ),
        (["seeds=[1, 1]"], ["seed occurs twice"]),
        (["name=a/b"], ["name", "found:   a/b", "allowed:"]),
        (["{training.epochs: 2"], ["--set", "PATH=VALUE"]),
        (["nonsense"], ["--set", "found:   nonsense", "PATH=VALUE"]),
        (["base..x=1"], ["empty part"]),
        (["name.x=1"], ["no parts", "set name as a whole"]),
        (["data.train={limit: 5}"], ["base.data.train", "split"]),
        (["data.source=null"], ["no `source`"]),
        (["data.validation={share: 0.1, split: train}"], ["base.data.validation", "either"]),
        (["factors={}"], ["factors"]),
        (
            ["factors.precision.treatments.nf4={model.precison: nf4}"],
            ["factors.precision.treatments.nf4", "unknown key 'precison'", "'precision'"],
        ),
        (["factors.precision.treatments.full={}"], ["both the control and a treatment"]),
        (["analysis.hypotheses=[{factor: context, claim: non_inferior}]"], ["needs a `margin`"]),
        (["analysis.hypotheses=[{factor: context, claim: better, margin: 1}]"], ["no `margin`"]),
        (["analysis.hypotheses=[{claim: better}]"], ["either `factor` or `interaction`"]),
    ],
)
def test_a_wrong_value_is_explained(assignments: list[str], parts: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        load_experiment(QUICKSTART, assignments)
    for part in parts:
        assert part in str(caught.value)


def test_an_error_names_the_line(tmp_path: Path) -> None:
    lines = QUICKSTART.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("training:"))
    lines[at] = "  training: {epochs: 2,\n    learning_rte: 1}"
    path = tmp_path / "wrong.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ExperimentError, match=rf"wrong.yaml, line {at + 2}: base.training.learn"):
        load_experiment(path)


def test_an_error_in_an_assignment_names_the_assignment() -> None:
    with pytest.raises(ExperimentError, match=r"where:   --set base\.training\.epochs"):
        load_experiment(QUICKSTART, ["training.epochs=x"])


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"a: [1, 2", ["not YAML", "line"]),
        (b"", ["mapping", "an empty file"]),
        (b"- 1\n- 2\n", ["mapping", "list"]),
        (b"name: x\nname: y\n", ["occurs twice", "line 2", "first on line 1"]),
        (b"\xff\xfe\x00", ["cannot be read", "not UTF-8"]),
        (b"name: x\n", ["missing"]),
        (b"name: 2024-13-45\n", ["not YAML", "month"]),
        (b"a: " + b"[" * 3000, ["not YAML"]),
        (b"a: &a [*a]\n", ["contains itself"]),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, content: bytes, parts: list[str]) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_bytes(content)
    with pytest.raises(ExperimentError) as caught:
        load_experiment(path)
    for part in [*parts, "experiment.yaml"]:
        assert part in str(caught.value)


def test_a_missing_file_and_a_folder_are_explained(tmp_path: Path) -> None:
    for path in (tmp_path / "no.yaml", tmp_path):
        with pytest.raises(ExperimentError, match="cannot be read"):
            load_experiment(path)
