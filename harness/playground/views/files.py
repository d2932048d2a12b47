"""Style sheet and scripts: the files that are there when the playground starts, no others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

__all__ = ["file"]

_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_FOLDER: Final = Path(__file__).parents[1] / "static"
_FILES: Final[Mapping[str, bytes]] = {
    one.name: one.read_bytes() for one in _FOLDER.iterdir() if one.suffix in _TYPES
}


def _tag(request: HttpRequest, path: str) -> str | None:
    return f'"{hashlib.sha256(_FILES[path]).hexdigest()[:16]}"' if path in _FILES else None


@require_safe
@condition(etag_func=_tag)
def file(request: HttpRequest, path: str) -> HttpResponse:
    """One of them, or nothing at all if the browser has it already."""
    if path not in _FILES:
        raise Http404
    return HttpResponse(_FILES[path], content_type=_TYPES[Path(path).suffix])
