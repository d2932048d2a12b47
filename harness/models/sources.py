"""Where a model comes from: embedded in this package, a local folder, or the hub.

Finds and identifies; loads nothing, and imports no torch.
"""

from __future__ import annotations

import hashlib
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import ModelError, UnreachableError
from harness.experiment.model import Model
from harness.experiment.section import EMBEDDED_PREFIX

__all__ = ["ModelSource", "find_model"]

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_WEIGHTS = ("*.safetensors", "*.bin", "*.json", "*.model", "*.txt")
_LOCAL_FIX = "give a local folder: --set base.model.name=/path/to/folder"


class ModelSource(NamedTuple):
    """A model that was found.

    Attributes
    ----------
    location : str
        What `from_pretrained` is given: a folder, or a hub name.
    revision : str or None
        For the hub, the commit that `revision` stood for.
    identity : str
        Content hash of a folder or GGUF file, or `name@commit`; part of a run's fingerprint.
    gguf_file : str or None
        The file in `location` that holds everything, if it is a GGUF file.
    """

    location: str
    revision: str | None
    identity: str
    gguf_file: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        """Keyword arguments of every `from_pretrained`; code from the hub is never run."""
        options: dict[str, Any] = {"revision": self.revision, "trust_remote_code": False}
        return options | ({"gguf_file": self.gguf_file} if self.gguf_file else {})


def find_model(config: Model) -> ModelSource:
    """Find the base model that a configuration names.

    Raises
    ------
    ModelError
        There is no such embedded model, the folder holds no model, or the hub does
        not have it.
    UnreachableError
        The hub does not answer.
    """
    if config.name.startswith(EMBEDDED_PREFIX):
        _check_unused(config, "revision", "gguf_file")
        return _folder(_embedded(config.name.removeprefix(EMBEDDED_PREFIX)), config.name)
    try:
        path = Path(config.name).expanduser()
        if path.exists():
            _check_unused(config, "revision", *(["gguf_file"] if path.is_file() else []))
            if path.is_dir() and not config.gguf_file:
                return _folder(path, config.name)
            return _gguf(path / config.gguf_file if config.gguf_file else path, config.name)
    except (OSError, RuntimeError) as error:  # no such home, too long a name, a broken link
        raise ModelError(
            "this model folder cannot be read",
            where=f"base.model.name: {config.name[:200]}",
            got=str(error),
        ) from None
    if path.is_absolute() or config.name.startswith(".") or not _HUB_NAME.fullmatch(config.name):
        raise ModelError(
            "there is no such model folder",
            where="base.model.name",
            got=config.name,
            allowed="an existing folder or GGUF file, a name on the hub (owner/name), or"
            " embedded:NAME",
        )
    return _hub(config)


def _check_unused(config: Model, *names: str) -> None:
    for name in names:
        if getattr(config, name) is not None:
            raise ModelError(
                f"`{name}` has no effect on this model",
                where=f"base.model.{name}",
                got=f"{getattr(config, name)}, with the model {config.name}",
                fix="leave it out, or set it to null in levels that name another model",
            )


def _embedded(name: str) -> Path:
    root = Path(str(files("harness.models"))) / "embedded"
    known = sorted(folder.name for folder in root.iterdir() if folder.is_dir())
    if name not in known:
        raise ModelError(
            "there is no such embedded model",
            where="base.model.name",
            got=EMBEDDED_PREFIX + name,
            allowed=", ".join(EMBEDDED_PREFIX + one for one in known),
        )
    return root / name


def _folder(path: Path, name: str) -> ModelSource:
    if not (path / "config.json").is_file():
        raise ModelError(
            "this is not a model folder",
            where=f"base.model.name: {name}",
            got="a folder without a config.json",
            allowed="a folder written by save_pretrained: config.json, weights and tokenizer",
        )
    if not any(any(path.glob(pattern)) for pattern in ("*.safetensors", "*.bin")):
        raise ModelError(
            "this model folder has no weights",
            where=f"base.model.name: {name}",
            allowed="a folder written by save_pretrained, with *.safetensors or *.bin files",
        )
    return ModelSource(str(path), None, _content_hash(path))


def _gguf(path: Path, name: str) -> ModelSource:
    """A GGUF file, known by the four bytes it begins with."""
    found = None
    if not path.is_file():
        found = f"there is no file {path.name}"
    else:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                found = "a file that does not begin with the letters GGUF"
            else:
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                digest += f" by gguf {version('gguf')}"  # which dequantizes
    if found:
        raise ModelError(
            "this is not a GGUF file",
            where=f"base.model.name: {name}",
            got=found,
            allowed="a folder written by save_pretrained, or a GGUF file",
        )
    return ModelSource(str(path.parent), None, digest, path.name)


def _content_hash(folder: Path) -> str:
    """sha256 over names and contents of the files that loading a model may read."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _WEIGHTS for path in folder.glob(pattern)}):
        if path.is_dir():
            continue
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


def _hub(config: Model) -> ModelSource:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    where = f"base.model.name: {config.name}"
    wanted = config.gguf_file or "config.json"
    try:
        path = hf_hub_download(config.name, wanted, revision=config.revision)
    except GatedRepoError:
        raise ModelError(
            "the hub gives this model only to people who accepted its licence",
            where=where,
            fix="accept it on the model's page and log in with `hf auth login`",
        ) from None
    except RevisionNotFoundError:
        raise ModelError(
            "the hub's model has no such revision", where=where, got=config.revision
        ) from None
    except LocalEntryNotFoundError as error:
        raise UnreachableError(
            "the hub cannot be reached, and the model is not in the local cache",
            where=where,
            got=str(error).splitlines()[0],
            fix=f"check the network, or {_LOCAL_FIX}",
        ) from None
    except RepositoryNotFoundError:
        raise ModelError(
            "the hub has no such model, and there is no such folder", where=where, fix=_LOCAL_FIX
        ) from None
    except EntryNotFoundError:
        raise ModelError(f"the hub's repository has no {wanted}", where=where) from None
    except Exception as error:  # the hub's client raises its transport's errors as they are
        raise UnreachableError(
            "the hub cannot be reached",
            where=where,
            got=f"{type(error).__name__}: {error}".splitlines()[0],
            fix=f"check the network, or {_LOCAL_FIX}",
        ) from None
    commit = Path(path).parent.name  # …/snapshots/<commit>/config.json
    if config.gguf_file:  # what was fetched is the whole model
        _gguf(Path(path), config.name)
        identity = f"{config.name}@{commit}/{wanted}"
        return ModelSource(config.name, commit, identity, config.gguf_file)
    return ModelSource(config.name, commit, f"{config.name}@{commit}")
