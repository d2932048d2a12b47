"""Text of files, as text and as JSON, with an error that names the place of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import DataError

__all__ = ["decoded", "encodable", "parsed_json"]


def decoded(path: Path) -> str:
    """A file's text: UTF-8, with or without a byte order mark."""
    try:
        raw = path.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        got = error.strerror or type(error).__name__
        raise DataError("a data file cannot be read", where=str(path), got=got) from None
    except UnicodeDecodeError as error:
        utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        got = f"the byte 0x{raw[error.start]:02x}"
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            "a data file is not UTF-8 text",
            where=f"{path}, line {line}",
            got=f"{got}; the file looks like UTF-16" if utf16 else got,
            allowed="UTF-8, with or without a byte order mark",
            fix="save the file again as UTF-8",
        ) from None


def parsed_json(text: str, path: Path, line: int | None = None) -> Any:
    """The JSON in a file, or in one line of it."""
    where = str(path) if line is None else f"{path}, line {line}"
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # One object per line in a .json file: the second line is what json cannot place.
        lines = line is None and error.msg == "Extra data" and error.lineno > 1
        raise DataError(
            "this is not JSON",
            where=f"{path}, line {line or error.lineno}, column {error.colno}",
            got="an empty text" if not text.strip() else error.msg,
            fix="name the file .jsonl if it has one object per line" if lines else None,
        ) from None
    except ValueError as error:  # a number with thousands of digits
        raise DataError("this JSON cannot be read", where=where, got=str(error)) from None
    except RecursionError:
        got = "lists or objects inside each other, hundreds deep"
        raise DataError("this JSON cannot be read", where=where, got=got) from None


def encodable(text: str, where: str) -> str:
    """The text itself, if UTF-8 can hold it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            "a text holds half of a surrogate pair",
            where=where,
            got=f"\\u{ord(text[error.start]):04x} at character {error.start}",
            allowed="whole characters",
            fix="write the file again; whatever made it has cut a text inside an emoji",
        ) from None
    return text
