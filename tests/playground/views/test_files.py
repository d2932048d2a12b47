from __future__ import annotations

import re
from pathlib import Path

import pytest

import harness.playground

FOLDER = Path(harness.playground.__file__).parent


@pytest.mark.parametrize("file", sorted(one.name for one in (FOLDER / "static").iterdir()))
def test_own_files_are_served_and_sent_once(client, file: str) -> None:
    answer = client.get(f"/static/{file}")
    kind = "text/css" if file.endswith("css") else "text/javascript"
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.content == (FOLDER / "static" / file).read_bytes()
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"/static/{file}", headers=tag).status_code == 304


@pytest.mark.parametrize("path", ["../urls.py", "%2e%2e/urls.py", "x.js", "/etc/passwd", "a\0"])
def test_no_other_file_is(client, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_no_page_has_a_script_or_a_style_of_its_own() -> None:
    for file in (FOLDER / "templates").rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|\|safe|autoescape off", html)
        assert all(
            "src=" in tag and "{% url 'static'" in tag for tag in re.findall(r"<script[^>]*>", html)
        )
        assert not re.search(r"(src|href)=\"(https?:)?//", html)
