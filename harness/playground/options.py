"""What a playground is started with, and what may not be."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Final, NamedTuple

from harness.errors import InputError

__all__ = ["PASSWORD", "Options", "PlaygroundError", "checked", "is_loopback"]

PASSWORD: Final = "HARNESS_PLAYGROUND_PASSWORD"
"""The environment variable with the password: a command line can be read by others."""
_SHORTEST: Final = 12


class PlaygroundError(InputError):
    """The playground cannot be started like this."""


class Options(NamedTuple):
    """How a playground is started.

    Attributes
    ----------
    runs : tuple of str
        Runs, folders and embedded models that are chosen at first.
    folder : Path
        Where the secret key and, unless there is another database, the conversations are.
    database : str
        A database's URL; a SQLite file in `folder` if empty.
    host : str
    port : int or None
        Port 8000 or the next that is free when None, any free one when 0.
    tracking_uri : str or None
        As for `harness.tracking.open_store`.
    memory_limit : float or None
        Most bytes that models may take together.
    password : str
        What everybody has to type in first; nobody if empty.
    """

    runs: tuple[str, ...] = ()
    folder: Path = Path("playground")
    database: str = ""
    host: str = "127.0.0.1"
    port: int | None = None
    tracking_uri: str | None = None
    memory_limit: float | None = None
    password: str = ""


def checked(options: Options) -> Options:
    """The options, with the password from the environment, if they are safe.

    Raises
    ------
    PlaygroundError
        Others could come in without a password, or guess it.
    """
    password = options.password or os.environ.get(PASSWORD, "")
    if not password and not is_loopback(options.host):
        raise PlaygroundError(
            "others could reach this playground, so that it needs a password",
            where=f"--host {options.host}",
            got=f"no password in {PASSWORD}",
            fix=f"put one of {_SHORTEST} characters or more into the environment variable"
            f" {PASSWORD}, or leave --host out and use an SSH tunnel",
        )
    if password and len(password) < _SHORTEST:
        raise PlaygroundError(
            "this password is too short",
            where=PASSWORD,
            got=f"{len(password)} characters",
            allowed=f"{_SHORTEST} or more",
        )
    limit = options.memory_limit
    if limit is not None and not 0 < limit < float("inf"):
        raise PlaygroundError(
            "this is no amount of memory",
            where="--memory-limit",
            got=limit,
            allowed="gigabytes, more than 0",
        )
    return options._replace(password=password)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host's address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
