from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.errors import TrackingError
from harness.tracking import Store, open_store
from harness.tracking.store import search, write


def test_default_is_mlflows_own_default_in_the_working_folder(opened: Any) -> None:
    assert opened.store.uri == f"sqlite:///{opened.folder}/mlflow.db"
    assert (opened.folder / "mlflow.db").is_file()


def test_creating_a_store_says_nothing(opened: Any) -> None:
    assert opened.said == ""


def test_environment_names_the_store(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", opened.store.uri)
    assert open_store().uri == opened.store.uri


def test_relative_path_becomes_absolute(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(opened.folder)
    assert open_store("sqlite:///mlflow.db").uri == opened.store.uri


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("uri", "advice"),
    [
        ("sqlite:///{tmp}/a_file/mlflow.db", "a folder you may write"),
        ("sqlite:///{tmp}/a_file", "a folder you may write"),
        ("sqlite:///{tmp}", "a folder you may write"),
        ("{tmp}/runs", "sqlite:///mlflow.db"),
        ("file://{tmp}/runs", "sqlite:///mlflow.db"),
        ("carrier-pigeon://roof", "--tracking-uri"),
        ("http://127.0.0.1:{port}", "mlflow server"),
    ],
    ids=["below-a-file", "not-a-database", "a-folder", "plain", "file", "unknown", "no-server"],
)
def test_bad_store_is_refused_soon_with_the_way_out(uri: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / "a_file").write_text("text, and long enough not to be taken for a new database" * 9)
    begun = time.monotonic()
    with pytest.raises(TrackingError) as caught:
        open_store(uri.format(tmp=tmp_path, port=closed_port()))
    assert time.monotonic() - begun < 20
    assert "cannot be opened" in caught.value.what
    assert caught.value.fix is not None
    assert advice in caught.value.fix


def test_read_only_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(f"file:{path}?mode=rwc", uri=True) as connection:
        connection.execute("CREATE TABLE one (two)")
    path.chmod(0o444)
    try:
        path.open("a").close()
    except OSError:
        with pytest.raises(TrackingError):
            open_store(f"sqlite:///{path}")
    else:
        pytest.skip("this user may write read-only files")


def test_interrupted_creation_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def create_half(tracking_uri: str) -> None:
        Path(tracking_uri.removeprefix("sqlite:///")).write_text("half a database")
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow, "MlflowClient", create_half)
    with pytest.raises(KeyboardInterrupt):
        open_store(f"sqlite:///{tmp_path}/new/mlflow.db")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.slow
def test_processes_that_create_one_store_at_once_all_get_it(tmp_path: Path) -> None:
    code = "from harness.tracking import open_store; open_store('sqlite:///mlflow.db')"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)
    ]
    assert [process.communicate()[1] for process in processes] == [b"", b""]
    assert [process.returncode for process in processes] == [0, 0]
    assert {path.name for path in tmp_path.iterdir()} - {"mlruns"} == {"mlflow.db"}


def test_password_is_not_shown() -> None:
    store = Store("postgresql://me:secret@host/db", client=None)  # type: ignore[arg-type]
    assert store.where == "postgresql://me:***@host/db"


def test_importing_the_package_does_not_import_mlflow() -> None:
    code = "import harness.tracking, sys; print({'mlflow', 'pandas', 'torch'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


def test_more_than_mlflow_takes_at_once_is_written_in_parts(store: Store) -> None:
    from mlflow.entities import Metric

    run_id = store.client.create_run("0").info.run_id
    params = {f"p{i}": str(i) for i in range(250)}
    points = [Metric("loss", float(i), 0, i) for i in range(1_200)]
    write(store, run_id, params=params, metrics=points, tags={f"t{i}": "x" for i in range(150)})
    run = store.client.get_run(run_id)
    assert run.data.params == params
    assert {f"t{i}" for i in range(150)} <= set(run.data.tags)
    assert [m.step for m in store.client.get_metric_history(run_id, "loss")] == [*range(1_200)]


def test_search_goes_through_all_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        store.client.create_run("0", tags={"here": "yes"})
    ask = store.client.search_runs
    monkeypatch.setattr(store.client, "search_runs", lambda **given: ask(**given, max_results=2))
    assert len(search(store, "tags.here = 'yes'")) == 3
