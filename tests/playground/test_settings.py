from __future__ import annotations

import stat
from pathlib import Path

import pytest

from harness.playground.options import Options, PlaygroundError
from harness.playground.settings import django_settings, secret_key


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "playground"
    key = secret_key(folder)
    assert len(key) >= 50
    assert secret_key(folder) == key
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert secret_key(tmp_path / "other") != key


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe" * 40])
def test_a_damaged_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(PlaygroundError):
        secret_key(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaygroundError, match="--folder"):
        secret_key(tmp_path / "file")


def test_only_names_of_this_machine_are_answered_to() -> None:
    assert "*" not in django_settings(Options(), "k")["ALLOWED_HOSTS"]
    assert django_settings(Options(host="0.0.0.0"), "k")["ALLOWED_HOSTS"] == ["*"]


def test_databases_by_url(tmp_path: Path) -> None:
    def found(url: str) -> dict[str, object]:
        return django_settings(Options(folder=tmp_path, database=url), "k")["DATABASES"]["default"]

    assert found("")["NAME"] == tmp_path / "conversations.sqlite3"
    other = found("sqlite:////var/x.sqlite3")
    assert (other["NAME"], other["OPTIONS"]) == ("/var/x.sqlite3", found("")["OPTIONS"])
    server = found("postgresql://me:pass@host:5433/talk")
    assert server["ENGINE"] == "django.db.backends.postgresql"
    assert (server["HOST"], server["PORT"], server["NAME"]) == ("host", 5433, "talk")


@pytest.mark.parametrize(
    "url", ["nonsense", "warez://me:pass1@host/x", "postgresql://me:pass1@h:x/"]
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(PlaygroundError, match="--database") as error:
        django_settings(Options(database=url), "k")
    assert "pass1" not in str(error.value)


def test_the_address_that_is_listened_on_is_answered_to() -> None:
    for host, name in (("127.0.0.2", "127.0.0.2"), ("0:0::1", "[0:0::1]")):
        assert name in django_settings(Options(host=host), "k")["ALLOWED_HOSTS"]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite://:memory:", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:  # each thread would have its own
    with pytest.raises(PlaygroundError, match="sqlite:///FILE"):
        django_settings(Options(database=url), "k")
