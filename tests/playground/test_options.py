from __future__ import annotations

import pytest

from harness.playground.options import PASSWORD, Options, PlaygroundError, checked, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_password(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    assert is_loopback(host)
    assert checked(Options(host=host)).password == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "my.machine", "", "127.0.0.1x"])
def test_others_need_a_password(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    with pytest.raises(PlaygroundError, match=PASSWORD):
        checked(Options(host=host))
    monkeypatch.setenv(PASSWORD, "a long password")
    assert checked(Options(host=host)).password == "a long password"


def test_a_short_password_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "secret")
    with pytest.raises(PlaygroundError, match="too short") as error:
        checked(Options())
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_memory_limit_is_an_amount(limit: float) -> None:
    with pytest.raises(PlaygroundError, match="--memory-limit"):
        checked(Options(memory_limit=limit))
