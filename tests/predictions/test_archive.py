import json
import zipfile
import zlib

import pyarrow as pa
import pytest

from harness.errors import DataError
from harness.predictions.archive import member_names, read_members

TREE = {"id": "q1", "text": "é" * 500}


def zstandard(path, content, packed=None):
    """A zip with one member of method 93, as another program would write it.

    It is stored first, and its method and size are changed in both headers afterwards.
    """
    packed = packed or pa.Codec("zstd").compress(content, asbytes=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("before.json", "{}")
        info = zipfile.ZipInfo("a.json")
        info.extra = b"\x99\x99\x02\x00ok"  # some writers put a time here
        archive.writestr(info, packed)
    raw = bytearray(path.read_bytes())
    sizes = len(packed).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    local = raw.index(b"PK\x03\x04", 1)
    central = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 1)
    for method, crc in ((local + 8, local + 14), (central + 10, central + 16)):
        raw[method : method + 2] = (93).to_bytes(2, "little")
        raw[crc : crc + 4] = zlib.crc32(content).to_bytes(4, "little")
        raw[crc + 4 : crc + 12] = sizes
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_json(write_zip, method):
    path = write_zip({"a.json": TREE, "b.json": [1]}, method)
    assert member_names(path) == ["a.json", "b.json"]
    assert list(read_members(path, ["b.json", "a.json"])) == [("b.json", [1]), ("a.json", TREE)]


def test_members_may_be_compressed_with_zstandard(tmp_path):
    path = zstandard(tmp_path / "a.eval", json.dumps(TREE).encode())
    assert list(read_members(path, ["a.json"])) == [("a.json", TREE)]


def test_of_a_member_that_was_written_again_the_last_one_counts(tmp_path):
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.json", "2")
    assert list(read_members(path, member_names(path))) == [("a.json", 2)]


def test_a_large_member_has_several_frames(tmp_path):
    content = json.dumps(TREE).encode()
    halves = content[:100], content[100:]
    packed = b"".join(pa.Codec("zstd").compress(half, asbytes=True) for half in halves)
    path = zstandard(tmp_path / "a.eval", content, packed)
    assert list(read_members(path, ["a.json"])) == [("a.json", TREE)]


@pytest.mark.parametrize("packed", [b"garbage", pa.Codec("zstd").compress(b"{} ", asbytes=True)])
def test_damaged_zstandard_is_named(tmp_path, packed):
    path = zstandard(tmp_path / "a.eval", b'{"": 1}'[:3], packed)
    with pytest.raises(DataError, match="this zip cannot be read") as caught:
        list(read_members(path, ["a.json"]))
    assert caught.value.where == f"{path}: a.json"


def test_every_way_to_cut_a_zip_short_is_an_error(write_zip):
    path = write_zip({"a.json": TREE})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="this zip cannot be read"):
            member_names(path)


def test_a_damaged_member_is_an_error(write_zip):
    path = write_zip({"a.json": TREE})
    raw = bytearray(path.read_bytes())
    raw[45] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(DataError, match="this zip cannot be read"):
        list(read_members(path, ["a.json"]))


@pytest.mark.parametrize(("content", "what"), [(b"{", "not JSON"), (b"\xff", "cannot be read")])
def test_a_member_that_is_no_json_is_named(tmp_path, content, what):
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", content)
    with pytest.raises(DataError, match=what) as caught:
        list(read_members(path, ["a.json"]))
    assert "a.eval: a.json" in caught.value.where
