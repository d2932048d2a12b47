"""A trained arm to a stand-in of the Hub, through the Hub's real client in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from harness.cli import main
from tests.publishing.hub_stand_in import COMMIT, StandIn, digest, hub_stand_in

ROOT = Path(__file__).parents[2]
TOKEN = "hf_" + "x1" * 17


def push(
    work: Path, hub: StandIn, *options: str, token: str | None = TOKEN
) -> subprocess.CompletedProcess[str]:
    """The address of the Hub is read when its client is imported, hence another process."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    own |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT)}
    own |= {"HF_HOME": str(work / "hf"), "HF_TOKEN": token} if token else {}
    command = [sys.executable, "-m", "harness", "push", *options]
    return subprocess.run(command, cwd=work, env=own, capture_output=True, text=True, check=False)


def test_everything_arrives_and_nothing_private(
    tiny_ablation: Path, model_folders: dict[str, Path]
) -> None:
    with hub_stand_in() as hub:
        done = push(
            tiny_ablation, hub, "tiny/llama/lora", "--repo-id", "me/tiny", "--license", "mit",
            "--base-name", "them/llama", "--revision", "exp",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{hub.url}/me/tiny/commit/{COMMIT}\n"
    assert hub.created == [
        {"name": "tiny", "organization": "me", "type": "model", "visibility": "private"}
    ]
    assert hub.branches == ["exp"]
    assert "POST /api/models/me/tiny/commit/exp" in hub.requests
    assert f"Bearer {TOKEN}" in hub.tokens
    assert set(hub.files) == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "harness.json",
        "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    assert hub.lfs_paths == ["adapter_model.safetensors"]
    (oid,) = hub.large
    assert digest(hub.large[oid]) == oid
    config = json.loads(hub.files["adapter_config.json"])
    assert config["base_model_name_or_path"] == "them/llama"
    card = ModelCard(hub.files["README.md"].decode())
    assert (card.data.license, card.data.base_model) == ("mit", "them/llama")
    for name, content in hub.files.items():
        for private in (model_folders["llama"], tiny_ablation, Path.home() / "x", TOKEN):
            assert str(private).encode() not in content, name


def test_a_dry_run_shows_it_and_contacts_nobody(tiny_ablation: Path) -> None:
    with hub_stand_in() as hub:
        done = push(
            tiny_ablation, hub, "tiny/t5/whole", "--repo-id", "me/x", "--dry-run", token=None
        )
    assert done.returncode == 0, done.stderr
    assert hub.requests == []
    for shown in ("private", "model.safetensors", "README.md:", "library_name: transformers"):
        assert shown in done.stdout
    (data,) = [line for line in done.stdout.splitlines() if line.startswith("| data |")]
    assert "apache-2.0" in data, "the embedded data are this project's own"


@pytest.mark.parametrize(
    ("state", "options", "expected"),
    [
        ({"exists": True, "private": False}, [], "the repository exists and is public"),
        ({"exists": True, "private": True}, ["--public"], "the repository exists and is private"),
        ({"refuses": True}, [], "a token that may write"),
    ],
)
def test_what_the_hub_does_not_allow_is_explained(
    tiny_ablation: Path, state: dict[str, bool], options: list[str], expected: str
) -> None:
    with hub_stand_in(**state) as hub:
        done = push(tiny_ablation, hub, "tiny/t5/lora", "--repo-id", "me/tiny", *options)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not hub.files


def test_a_hub_that_is_not_there(tiny_ablation: Path) -> None:
    done = push(
        tiny_ablation, StandIn(url="http://127.0.0.1:9"), "tiny/t5/lora", "--repo-id", "me/tiny"
    )
    assert done.returncode == 2
    assert "the Hub cannot be reached" in done.stderr


@pytest.mark.parametrize(
    ("name", "expected"), [("me/tiny", "HF_TOKEN"), ("tiny", "OWNER/NAME"), ("a/b c", "OWNER/NAME")]
)
def test_wrong_input_is_found_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    expected: str,
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["push", "any", "--repo-id", name]) == 2
    assert expected in capsys.readouterr().err


def test_an_untrained_arm_is_nothing_to_upload(
    tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tiny_ablation)
    assert main(["push", "tiny/t5/untrained", "--repo-id", "me/tiny", "--dry-run"]) == 2
    assert "nothing trained to upload" in capsys.readouterr().err
