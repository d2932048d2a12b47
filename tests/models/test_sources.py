"""Finding models: what is identified, and what a person is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import ModelError, UnreachableError
from harness.experiment.model import Model
from harness.models.base import load_base
from harness.models.sources import find_model


def test_identity_is_the_content_not_the_path(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(model_folders["t5"], copy)
    identity = find_model(Model(name=str(copy))).identity
    assert identity == find_model(Model(name=str(model_folders["t5"]))).identity
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert find_model(Model(name=str(copy))).identity != identity


def test_the_embedded_model_is_found() -> None:
    assert (Path(find_model(Model(name="embedded:tiny_t5")).location) / "README.md").is_file()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("embedded:no", ["no such embedded model", "embedded:no", "embedded:tiny_t5"]),
        ("/no/such/folder", ["no such model folder", "/no/such/folder", "embedded:NAME"]),
        ("./missing", ["no such model folder"]),
        ("a/b/c", ["no such model folder", "a/b/c"]),
    ],
)
def test_a_model_that_is_not_there_is_explained(name: str, parts: list[str]) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(Model(name=name))
    for part in parts:
        assert part in str(caught.value)


def test_a_hub_that_does_not_answer_is_explained() -> None:
    with pytest.raises(UnreachableError, match="hub cannot be reached") as caught:
        find_model(Model(name="google/t5-v1_1-small"))
    assert "--set base.model.name=/path" in str(caught.value)


def test_a_folder_or_file_that_is_no_model_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_text("x")
    for path, what, found in (
        (tmp_path, "not a model folder", "without a config.json"),
        (file, "not a GGUF file", "does not begin with the letters GGUF"),
    ):
        with pytest.raises(ModelError, match=what) as caught:
            find_model(Model(name=str(path)))
        assert found in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"name": "embedded:tiny_t5", "revision": "main"}, "revision"),
        ({"name": "embedded:tiny_t5", "gguf_file": "a.gguf"}, "gguf_file"),
        ({"revision": "main"}, "revision"),
    ],
)
def test_what_would_be_ignored_is_refused(
    model_folders: dict[str, Path], settings: dict[str, str], where: str
) -> None:
    with pytest.raises(ModelError, match="has no effect on this model") as caught:
        find_model(Model(**{"name": str(model_folders["t5"]), **settings}))
    assert f"base.model.{where}" in str(caught.value)


def test_a_hubs_model_is_known_by_its_commit_and_loaded_at_it(
    model_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, from the hub's local cache, laid out as its client does."""
    commits = {"main": "a" * 40, "v1": "b" * 40}
    for branch, commit in commits.items():
        repository = tmp_path / "models--owner--model"
        family = "t5" if branch == "main" else "llama"
        shutil.copytree(model_folders[family], repository / "snapshots" / commit)
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / branch).write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for config, branch in (
        (Model(name="owner/model"), "main"),
        (Model(name="owner/model", revision="v1"), "v1"),
    ):
        source = find_model(config)
        assert source == ("owner/model", commits[branch], f"owner/model@{commits[branch]}", None)
        assert load_base(config, source).encoder_decoder == (branch == "main")
