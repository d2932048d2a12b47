"""What is uploaded holds no local path, user or token, and says so if it would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.arm_settings import ArmSettings, read_settings
from harness.errors import OutputError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.publishing.staging import check_private, stage

SETTINGS = ArmSettings(
    model=Model(name="owner/base", revision="abc"),
    prompt=Prompt(template="{question}"),
    generation=Generation(stop_strings=("\n",)),
)
HOME = str(Path.home())


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    folder.mkdir()
    config = {"base_model_name_or_path": f"{HOME}/models/x", "revision": None, "r": 8}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    own = {"name_or_path": f"{HOME}/models/x", "local_files_only": True, "pad": "é"}
    (folder / "tokenizer_config.json").write_text(json.dumps(own), encoding="utf-8")
    (folder / "tokenizer.json").write_text('{"/home": 1}')
    (folder / "README.md").write_text("peft's own")
    (folder / "adapter_model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    (tmp_path / "target").mkdir()
    return folder


@pytest.mark.parametrize(("base", "revision"), [("owner/base", "abc"), (None, None)])
def test_paths_give_way_to_the_public_name(
    trained: Path, base: str | None, revision: str | None
) -> None:
    target = trained.parent / "target"
    stage(trained, target, SETTINGS, base)
    check_private(target)
    config = json.loads((target / "adapter_config.json").read_text())
    assert config == {"base_model_name_or_path": base, "revision": revision, "r": 8}
    own = json.loads((target / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert own == {"name_or_path": base, "pad": "é"}
    assert not (target / "README.md").exists()
    assert read_settings(target) == SETTINGS


TOKEN = "hf_" + "aB3" * 12


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("README.md", f"trained on {HOME}/secret.csv", f"README.md: the path {HOME}"),
        ("harness.json", json.dumps({"model": {"name": "/opt/models"}}), "the path /opt/models"),
        ("a.json", json.dumps([["/usr/bin"]]), "the path /usr/bin"),
        ("tokenizer.json", json.dumps({TOKEN: 1}), "tokenizer.json: a token"),
        ("README.md", "given-secret", "a token"),
        (
            "model.safetensors",
            (60).to_bytes(8, "little") + json.dumps({"from": HOME}).encode().ljust(60),
            f"model.safetensors: the path {HOME}",
        ),
    ],
)
def test_what_is_private_is_found(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    (tmp_path / "b.json").write_text('["owner/opt/models", "/opt/models-2", "/bin"]')
    check_private(tmp_path, ["given-secret"], ["/opt/models"])
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(OutputError) as caught:
        check_private(tmp_path, ["given-secret"], ["/opt/models"])
    assert expected in str(caught.value.got)
