"""A stand-in for the Hub over loopback, which records what arrives.

It speaks as much of the Hub's API as its client uses to make a repository and to commit to it:
small files inside the commit, large ones by Git LFS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c" * 40


@dataclass
class StandIn:
    """What has arrived."""

    exists: bool = False
    private: bool = True
    refuses: bool = False
    url: str = ""
    requests: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    created: list[dict[str, Any]] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    lfs_paths: list[str] = field(default_factory=list)


@contextmanager
def hub_stand_in(**state: Any) -> Iterator[StandIn]:
    """Serve on a free port for as long as the block lasts."""
    hub = StandIn(**state)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Print nothing."""

        def _answer(self, status: int, tree: Any = None, **headers: str) -> None:
            body = b"" if tree is None else json.dumps(tree).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.split("?")[0]
            hub.requests.append(f"{self.command} {path}")
            if not path.startswith("/store/"):
                hub.tokens.add(self.headers.get("Authorization"))
            if hub.refuses:
                return self._answer(403, {"error": "no right to write"})
            status, tree, headers = (*_reply(hub, self.command, path, body), None, None)[:3]
            self._answer(status, tree, **(headers or {}))
            return None

    for verb in ("GET", "POST", "PUT", "HEAD"):
        setattr(Handler, f"do_{verb}", Handler._serve)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _reply(hub: StandIn, method: str, path: str, body: bytes) -> tuple[Any, ...]:
    if path.startswith("/store/"):
        hub.large[path.removeprefix("/store/")] = body
        return (200,)
    tree = json.loads(body) if body and not path.startswith("/api/models/") else None
    if path == "/api/repos/create":
        hub.created.append(tree)
        hub.exists, hub.private = True, tree.get("visibility", "public") == "private"
        return 200, {"url": f"{hub.url}/{tree['organization']}/{tree['name']}"}
    if path == "/api/validate-yaml":
        return 200, {"errors": [], "warnings": []}
    if path.endswith("/info/lfs/objects/batch"):
        return 200, {"transfer": "basic", "objects": [_object(hub, one) for one in tree["objects"]]}
    if found := re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)(?:/(\w+)/([^/]+))?", path):
        return _of_repository(hub, method, found[1], found[2], found[3], body)
    return 404, {"error": f"the stand-in does not know {method} {path}"}


def _of_repository(
    hub: StandIn, method: str, repo: str, what: str | None, revision: str | None, body: bytes
) -> tuple[Any, ...]:
    if not hub.exists:
        return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}
    if what is None or what == "revision":
        return 200, {"id": repo, "private": hub.private, "sha": COMMIT, "siblings": []}
    if what == "branch":
        hub.branches.append(str(revision))
        return (201,)
    if what == "preupload":
        files = json.loads(body)["files"]
        return 200, {"files": [_mode(one["path"]) for one in files]}
    if what == "commit":
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                hub.files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                hub.files[value["path"]] = hub.large[value["oid"]]
                hub.lfs_paths.append(value["path"])
        url = f"{hub.url}/{repo}/commit/{COMMIT}"
        return 200, {"commitUrl": url, "commitOid": COMMIT, "success": True}
    return 404, {"error": f"the stand-in does not know {method} {what}"}


def _mode(path: str) -> dict[str, object]:
    large = path.endswith(".safetensors")
    return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}


def _object(hub: StandIn, one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "actions": {"upload": {"href": f"{hub.url}/store/{one['oid']}", "header": {}}}}


def digest(content: bytes) -> str:
    """As LFS names an object."""
    return hashlib.sha256(content).hexdigest()
