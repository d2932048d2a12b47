"""Django's settings, made of the options; and the two secrets that they need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import dj_database_url

from harness.playground.options import Options, PlaygroundError, is_loopback

__all__ = ["LARGEST_BODY", "django_settings", "secret_key"]

LARGEST_BODY: Final = 2_000_000  # bytes of a request: the longest context in UTF-8, and a form
_HERE = Path(__file__).parent
_SQLITE: Final[dict[str, Any]] = {
    # Readers and the queue do not wait for each other, and what was written outlives a kill.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
}


def django_settings(options: Options, key: str) -> dict[str, Any]:
    """Keyword arguments of `django.conf.settings.configure`.

    Parameters
    ----------
    options : Options
    key : str
        From `secret_key`.

    Raises
    ------
    PlaygroundError
        The database's URL is not understood.
    """
    local = is_loopback(options.host)
    own = f"[{options.host}]" if ":" in options.host else options.host
    return {
        "DEBUG": False,
        "SECRET_KEY": key,
        "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "[::1]", own] if local else ["*"],
        "INSTALLED_APPS": ["harness.playground"],
        "ROOT_URLCONF": "harness.playground.urls",
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "harness.playground.middleware.Headers",
            "harness.playground.middleware.Explained",
            "harness.playground.middleware.RateLimit",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "harness.playground.middleware.Password",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [_HERE / "templates"],
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"],
                },
            }
        ],
        "DATABASES": {"default": _database(options)},
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": 100_000},  # with few, what is counted is pushed out
            }
        },
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en",
        "USE_I18N": False,
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "SESSION_COOKIE_NAME": "playground",
        "SESSION_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_NAME": "playground-csrf",
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_FAILURE_VIEW": "harness.playground.views.errors.csrf_failure",
        "X_FRAME_OPTIONS": "DENY",
        "SECURE_REFERRER_POLICY": "same-origin",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": LARGEST_BODY,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 200,
        "FILE_UPLOAD_HANDLERS": [],
        "LOGGING_CONFIG": None,
    }


def secret_key(folder: Path) -> str:
    """The key that signs cookies and forms: made at the first start, private to its owner.

    Raises
    ------
    PlaygroundError
        The folder cannot be written, or the file holds no key.
    """
    from django.core.management.utils import get_random_secret_key

    path = folder / "secret.key"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_text(encoding="ascii").strip()
        else:
            key = get_random_secret_key()
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(key)
    except (OSError, UnicodeDecodeError) as error:
        raise PlaygroundError(
            "the playground's folder cannot be used",
            where=str(folder),
            got=str(error),
            fix="give another one: --folder DIR",
        ) from None
    if len(key) < 40:
        raise PlaygroundError(
            "this file holds no secret key",
            where=str(path),
            got=f"{len(key)} characters",
            fix="delete it: a new one is made, and open pages have to be reloaded",
        )
    return key


def _database(options: Options) -> dict[str, Any]:
    if not options.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": options.folder / "conversations.sqlite3",
            "OPTIONS": _SQLITE,
        }
    try:
        found: dict[str, Any] = {**dj_database_url.parse(options.database)}
    except (ValueError, KeyError) as error:
        raise PlaygroundError(
            "this is not the URL of a database",
            where="--database",
            got=str(error).splitlines()[0],  # which names its scheme, never its password
            allowed="sqlite:///FILE, postgresql://USER@HOST/NAME, mysql://USER@HOST/NAME",
        ) from None
    if found["NAME"] == ":memory:":
        raise PlaygroundError(
            "a database in memory cannot keep conversations",
            where="--database",
            got=options.database,
            fix="name a file: sqlite:///FILE",
        )
    if found["ENGINE"].endswith("sqlite3"):
        found["OPTIONS"] = {**found.get("OPTIONS", {}), **_SQLITE}
    return found
