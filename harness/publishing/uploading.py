"""A folder to a model repository of the Hub, through its own client.

The only module that writes to the Hub; what is in the folder is decided elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import InputError, OutputError, UnreachableError

__all__ = ["check_repo_id", "token_of_environment", "upload"]

_TOKEN = "HF_TOKEN"


def check_repo_id(repo_id: str) -> None:
    """See that this can be a repository's name.

    Raises
    ------
    OutputError
        It cannot.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo_id)
        if repo_id.count("/") != 1:
            raise HFValidationError("owner and name are needed")
    except HFValidationError as error:
        raise OutputError(
            "this is not a repository's name",
            where="--repo-id",
            got=f"{repo_id}: {str(error).splitlines()[0]}",
            allowed="OWNER/NAME of letters, digits, - _ and .",
        ) from None


def token_of_environment() -> str:
    """The Hub's access token.

    Raises
    ------
    OutputError
        There is none in the environment.
    """
    token = os.environ.get(_TOKEN, "").strip()
    if not token:
        raise OutputError(
            "there is no access token for the Hub",
            where=f"{_TOKEN} in the environment",
            got="not set",
            fix="make one with the right to write at https://huggingface.co/settings/tokens and"
            f" set {_TOKEN}; --dry-run needs none",
        )
    return token


def upload(
    folder: Path, repo_id: str, token: str, *, public: bool, revision: str | None, message: str
) -> str:
    """Commit all files of a folder at once, and return the commit's address.

    Parameters
    ----------
    folder : Path
    repo_id : str
        Made if it does not exist, private unless `public`.
    token : str
    public : bool
        Whether anybody may see it.
    revision : str or None
        A branch, made if it does not exist; the main one when left out.
    message : str
        Of the commit.

    Raises
    ------
    OutputError
        The repository is public and was not meant to be, or the Hub refuses.
    UnreachableError
        The Hub does not answer.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    api = HfApi(token=token)
    with _explained(repo_id, api.endpoint):
        try:
            info = api.repo_info(repo_id, repo_type="model")
        except RepositoryNotFoundError:
            api.create_repo(repo_id, repo_type="model", private=not public, exist_ok=True)
        else:
            _check_visibility(repo_id, private=bool(info.private), public=public)
        if revision is not None:
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo_id,
            folder_path=str(folder),
            repo_type="model",
            revision=revision,
            commit_message=message,
        )
        return str(commit.commit_url)


def _check_visibility(repo_id: str, *, private: bool, public: bool) -> None:
    if private == public:
        raise OutputError(
            f"the repository exists and is {'private' if private else 'public'}",
            where=f"--repo-id {repo_id}",
            got="--public" if public else "no --public",
            fix="change it on the Hub, where all that is in it is affected; or"
            + (" leave --public out" if public else " give --public, or another name"),
        )


@contextmanager
def _explained(repo_id: str, endpoint: str) -> Iterator[None]:
    """Turn the client's errors into ours; its transport raises errors of its own.

    Raises
    ------
    OutputError, UnreachableError
        Instead of an error of another package.
    """
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except InputError:
        raise
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise OutputError(
            "the Hub refuses the upload",
            where=f"{endpoint}, {repo_id}",
            got=f"{status}: {' '.join(str(error).split())}",
            fix=f"give {_TOKEN} a token that may write to this repository"
            if status in (401, 403)
            else None,
        ) from None
    except ValueError as error:  # the Hub's check of a card's front matter
        raise OutputError(
            "the Hub does not take the files", where=repo_id, got=" ".join(str(error).split())
        ) from None
    except Exception as error:
        away = isinstance(error, OSError) or type(error).__module__.startswith(
            ("httpx", "httpcore")
        )
        if not away:
            raise
        raise UnreachableError(
            "the Hub cannot be reached",
            where=endpoint,
            got=f"{type(error).__name__}: {' '.join(str(error).split())}",
            fix="check the network, HF_ENDPOINT and HF_HUB_OFFLINE",
        ) from None
