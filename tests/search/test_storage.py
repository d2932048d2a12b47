"""Storages: signs of life, many who open one at once, and errors that keep a secret."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from harness.errors import TrackingError
from harness.search import storage as storages
from harness.search import worker
from harness.search.results import arm_tuning
from harness.search.storage import (
    beating,
    explained,
    open_storage,
    storage_url,
    where_is,
)
from harness.search.worker import Ask, work_on

pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # it beats, by `beating`
HOST = {"harness.host": socket.gethostname() + "-two", "harness.pid": "1"}
LONG_AGO = time.time() - 1000


def silence_database(storage, trial) -> None:
    """As after a last beat long ago; Optuna asks the database's clock, not this one."""
    from sqlalchemy import text

    with storage._backend.engine.begin() as connection:
        connection.execute(text("UPDATE trial_heartbeats SET heartbeat = '2020-01-01 00:00:00'"))


def silence_journal(storage, trial) -> None:
    storage.set_trial_system_attr(trial._trial_id, "heartbeat", LONG_AGO)


@pytest.mark.parametrize(
    ("name", "silence"),
    [("a.journal", silence_journal), ("sqlite:///a.db", silence_database)],
    ids=["journal", "database"],
)
def test_a_silent_worker_elsewhere_is_replaced(
    open_arm, tmp_path, monkeypatch, name, silence
) -> None:
    """Its trial is tried again with its settings; one that gives signs of life is left alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "_WAIT", 0.01)
    elsewhere, here = (open_arm(open_storage(name), trials=2) for _ in range(2))
    work_on(open_arm(open_storage(name), trials=1), lambda ask: 0.0)
    trial = elsewhere.study.ask()
    trial.set_user_attr("worker", HOST)
    rate = trial.suggest_float("training.learning_rate", 1e-4, 1.0, log=True)
    with beating(elsewhere.study, trial):
        pass
    waited: list[int] = []

    def waiting(others: int) -> None:
        assert here.study.get_trials()[1].state is TrialState.RUNNING
        waited.append(others)
        silence(elsewhere.study._storage, trial)

    work_on(here, lambda ask: 7.0, waiting)
    assert waited == [1]
    found = arm_tuning(here).trials[1]
    assert (found.number, found.value) == (1, 7.0)
    assert found.params["training.learning_rate"] == rate
    worker._tell(elsewhere.study, trial, TrialState.COMPLETE, 1.0)  # it was only slow
    assert arm_tuning(here).trials[1].value == 7.0


def test_a_journal_beats_while_a_trial_is_worked_on(open_arm, journal) -> None:
    arm, other = open_arm(journal(beat=1)), open_arm(journal(silence=1))
    trial = arm.study.ask()
    with beating(arm.study, trial):
        time.sleep(2.2)
        assert other.study._storage._get_stale_trial_ids(0) == []
    time.sleep(1.3)
    assert other.study._storage._get_stale_trial_ids(0) == [trial._trial_id]
    assert open_arm(journal(silence=9)).study._storage._get_stale_trial_ids(0) == []
    arm.study.tell(trial, 1.0)
    arm.study._storage.record_heartbeat(trial._trial_id)  # too late, and no error


def test_a_worker_that_never_beat_falls_silent_too(open_arm, journal) -> None:
    study = open_arm(journal(silence=1)).study
    trial = study.ask()
    trial.set_user_attr("worker", HOST)
    assert study._storage._get_stale_trial_ids(0) == []
    time.sleep(1.1)
    assert study._storage._get_stale_trial_ids(0) == [trial._trial_id]


def test_signs_of_life_outlast_a_moment_without_the_database(tmp_path, monkeypatch) -> None:
    kept = open_storage(f"sqlite:///{tmp_path / 'a.db'}")
    study = optuna.create_study(storage=kept)
    trial = study.ask()
    (tmp_path / "a.db").rename(tmp_path / "b.db")
    kept._backend.engine.dispose()
    kept.record_heartbeat(trial._trial_id)
    (tmp_path / "b.db").rename(tmp_path / "a.db")
    kept._backend.engine.dispose()
    kept.record_heartbeat(trial._trial_id)


def test_a_storage_that_fails_in_between_is_told(open_arm, tmp_path) -> None:
    kept = open_storage(f"sqlite:///{tmp_path / 'a.db'}")
    arm = open_arm(kept, trials=3)

    def gone(ask: Ask) -> float:
        (tmp_path / "a.db").rename(tmp_path / "b.db")
        kept._backend.engine.dispose()
        return 0.0

    with pytest.raises(TrackingError, match=r"the search's storage failed(.|\n)*no such table"):
        work_on(arm, gone)
    with pytest.raises(TrackingError, match="No space left"), explained("one"):
        raise OSError(28, "No space left on device")


def test_tables_that_another_worker_makes_at_the_same_moment(tmp_path, monkeypatch) -> None:
    from sqlalchemy.exc import IntegrityError, OperationalError

    left = [
        OperationalError("CREATE TABLE studies", {}, Exception("table studies already exists")),
        IntegrityError("CREATE TABLE", {}, Exception("Key (typname)=(studies) already exists.")),
    ]
    connected = storages._connected

    def busy(url: str):
        if left:
            raise left.pop()
        return connected(url)

    monkeypatch.setattr(storages, "_connected", busy)
    open_storage(f"sqlite:///{tmp_path / 'a.db'}")
    assert not left


SECRETS = [
    "postgresql+psycopg://me:Zwei%2Fge@127.0.0.1:1/d",
    "postgresql+psycopg://me:Zwei@ge@127.0.0.1:1/d",  # an @ that had to be written as %40
    "postgresql+psycopg://127.0.0.1:1/d?user=me&password=Zwei%40ge",
    "postgresql+psycopg://me:Zwei/ge@127.0.0.1:one/d",
    "postgresql:/me:Zwei%40ge@127.0.0.1/d",
    "postgresql+nodriver://me:Zweige@127.0.0.1/d",
    "nodatabase://me:Zweige@127.0.0.1/d",
]


@pytest.mark.parametrize("url", SECRETS)
def test_no_error_tells_a_password(url) -> None:
    with pytest.raises(TrackingError) as caught:
        open_storage(url)
    for text in (str(caught.value), repr(caught.value), where_is(url)):
        assert "Zwei" not in text
        assert "ge@" not in text
    assert "me" in where_is(url)
    assert "127.0.0.1" in where_is(url)


def test_an_error_does_not_give_a_short_password_away() -> None:
    with pytest.raises(TrackingError) as raised:
        open_storage("postgresql+psycopg://u:p@127.0.0.1:1/d")
    assert "***" not in str(raised.value).partition("found:")[2].partition("allowed:")[0]
    assert "its message is left out" in str(raised.value)


def test_where_a_storage_is(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    assert where_is(storage_url(None)) == str(tmp_path / "optuna.journal")
    monkeypatch.setenv("OPTUNA_STORAGE", "postgresql://me:x@host:5432/p")
    assert where_is(storage_url(None)) == "postgresql://me:***@host:5432/p"
    assert where_is(storage_url("b.log")) == str(tmp_path / "b.log")
    assert where_is("postgresql://host:5432/p") == "postgresql://host:5432/p"


@pytest.mark.parametrize("content", [b"SQLite format 3\0", b"{not json}\n{}\n", b'{"a": 1}\n'])
def test_a_file_that_is_no_journal(tmp_path, content) -> None:
    file = tmp_path / "a.journal"
    file.write_bytes(content)
    with pytest.raises(TrackingError, match="journal cannot be opened"):
        open_storage(str(file))
    assert file.read_bytes() == content


def test_a_journal_that_is_only_read_must_exist(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="there is no such search storage"):
        open_storage(str(tmp_path / "a.journal"), must_exist=True)
    assert not [*tmp_path.iterdir()]
    open_storage(str(tmp_path / "new" / "a.journal"))
    open_storage(str(tmp_path / "new" / "a.journal"), must_exist=True)


def test_half_a_line_at_the_end_of_a_journal_spoils_nothing(open_arm, tmp_path) -> None:
    """As a full disk leaves it: what was written whole is kept, and the search goes on."""
    place = tmp_path / "a.journal"
    work_on(open_arm(open_storage(str(place)), trials=2), lambda ask: float(ask.number))
    whole = place.read_bytes()
    place.write_bytes(whole + b'{"op_code":6,"worker_id":"')
    work_on(open_arm(open_storage(str(place)), trials=4), lambda ask: float(ask.number))
    found = arm_tuning(open_arm(open_storage(str(place)), trials=4))
    assert [trial.value for trial in found.trials] == [0.0, 1.0, 2.0, 3.0]
    assert place.read_bytes().startswith(whole)


def test_the_driver_that_is_missing_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    with pytest.raises(TrackingError, match="pip install mysqlclient"):
        open_storage("mysql://me:secret@127.0.0.1/d")
