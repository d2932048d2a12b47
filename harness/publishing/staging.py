"""What is uploaded, laid out in a folder: without local paths, and searched for what is private.

Contacts nobody.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.arm_settings import ARM_FILE, ArmSettings
from harness.errors import OutputError

__all__ = ["check_private", "stage"]

_NAMES = ("base_model_name_or_path", "_name_or_path", "name_or_path", "tokenizer_name_or_path")
"""Keys under which peft and transformers keep where something was loaded from."""
_HERE = ("is_local", "local_files_only")
"""Keys about this machine that transformers writes into a tokenizer's configuration."""
_WORDS = ("tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", "added_tokens.json")
"""Files of a tokenizer's words, some of which look like paths."""
_TEXTS = (".json", ".md", ".txt", ".jinja", ".py", ".yaml")
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")
_HEADER = 8  # bytes that say how long a safetensors file's header is


def stage(trained: Path, target: Path, settings: ArmSettings, base: str | None) -> None:
    """Copy what a run has trained, with the base's public name in place of local paths.

    Parameters
    ----------
    trained, target : Path
        Folders; the second one exists.
    settings : ArmSettings
        Written beside it, for `harness.load_arm`.
    base : str or None
        The base's name on the Hub; no name is left where it is None.
    """
    for path in sorted(trained.iterdir()):
        if not path.is_file() or path.name == "README.md":  # peft's own card, which is empty
            continue
        if path.suffix == ".json" and path.name not in _WORDS:
            tree = _named(json.loads(path.read_text(encoding="utf-8")), settings, base)
            text = json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
            (target / path.name).write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(path, target / path.name)
    text = settings.model_dump_json(indent=2, exclude_none=True) + "\n"
    (target / ARM_FILE).write_text(text, encoding="utf-8")


def _named(tree: Any, settings: ArmSettings, base: str | None) -> Any:
    if not isinstance(tree, dict):
        return tree
    changed = {
        key: base if key in _NAMES and value is not None else value
        for key, value in tree.items()
        if key not in _HERE
    }
    if "base_model_name_or_path" in changed and base is not None:
        changed["revision"] = settings.model.revision
    return changed


def check_private(folder: Path, secrets: Sequence[str] = (), places: Sequence[str] = ()) -> None:
    """See that nothing in a folder tells where or by whom it was made.

    Parameters
    ----------
    folder : Path
    secrets : sequence of str
        Texts such as a token that no file may hold.
    places : sequence of str
        Local paths that no file may hold, besides the person's own folders.

    Raises
    ------
    OutputError
        A file holds a path, a user's name or a token.
    """
    private = [*_own_places(), *(place for place in places if os.path.isabs(place))]
    found = [
        f"{path.relative_to(folder)}: {what}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for what in _found(path, private, [one for one in secrets if one])
    ]
    if found:
        raise OutputError(
            "something private would be uploaded, so nothing was",
            where="harness push",
            got="; ".join(found[:5]),
            fix="take it out of the experiment (its question, labels, data and prompt are on the"
            " card), or give the base's public name with --base-name",
        )


def _found(path: Path, private: Sequence[str], secrets: Sequence[str]) -> Iterator[str]:
    text = _text(path)
    if _TOKEN.search(text) or any(secret in text for secret in secrets):
        yield "a token"
    if path.name in _WORDS:
        return
    for place in dict.fromkeys(private):
        if re.search(rf"(?<![\w.-]){re.escape(place)}(?![\w-])", text):  # not inside `owner/data`
            yield f"the path {place}"
    if path.suffix == ".json":
        for value in _strings(json.loads(text)):
            if os.path.isabs(value) and os.path.exists(value) and value.count(os.sep) > 1:
                yield f"the path {value}"


def _text(path: Path) -> str:
    """What can be read in a file; of weights, the header."""
    if path.suffix == ".safetensors":
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_HEADER), "little")
            return file.read(length).decode("utf-8", "replace")
    if path.suffix in _TEXTS:
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _own_places() -> list[str]:
    """The person's own folders, and others' that are named after them."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        name = ""
    named = [f"/home/{name}", f"/Users/{name}", f"\\Users\\{name}"] if name else []
    places = {str(Path.home()), os.getcwd(), *named}
    return sorted(place for place in places if len(place) > 2)


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for one in tree.values() if isinstance(tree, dict) else tree:
            yield from _strings(one)
