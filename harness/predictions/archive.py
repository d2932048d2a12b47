"""JSON files inside a zip, those that are compressed with Zstandard included.

Inspect compresses its logs so; Python's own zipfile reads that method from 3.14 on.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.data.texts import parsed_json
from harness.errors import DataError

__all__ = ["member_names", "read_members"]

_ZSTANDARD = 93  # APPNOTE.TXT 4.4.5
_LOCAL_HEADER = 30  # bytes before a member's name; 4.3.7
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(OSError, EOFError, ValueError),
    *(NotImplementedError, RuntimeError),  # another method; a password
)


def member_names(path: Path) -> list[str]:
    """Names of the files in a zip, each once.

    Raises
    ------
    DataError
        This is no zip, or its end is missing.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return list(dict.fromkeys(archive.namelist()))
    except _BROKEN as error:
        raise _unreadable(path, error) from None


def read_members(path: Path, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Names and JSON content of some of a zip's files, one after the other.

    Raises
    ------
    DataError
        A file's bytes are damaged, or it is not JSON.
    """
    with zipfile.ZipFile(path) as archive:
        for name in names:
            member = Path(f"{path}: {name}")
            try:
                text = _content(archive, archive.getinfo(name), path).decode()
            except _BROKEN as error:
                raise _unreadable(member, error) from None
            yield name, parsed_json(text, member)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    if info.compress_type != _ZSTANDARD:
        return archive.read(info)
    import pyarrow as pa

    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack_from("<HH", file.read(_LOCAL_HEADER), _LOCAL_HEADER - 4)
        file.seek(name + extra, 1)
        packed = file.read(info.compress_size)
    content: bytes = pa.Codec("zstd").decompress(packed, info.file_size, asbytes=True)
    if zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile("the checksum is another one")
    return content


def _unreadable(where: Path, error: Exception) -> DataError:
    return DataError(
        "this zip cannot be read",
        where=str(where),
        got=(str(error) or type(error).__name__).splitlines()[0],
        fix="copy the file again, if it was cut short on its way",
    )
