"""The embedded servers: they start anywhere, under their roles, and nothing outlives their parent."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from devtools import leftovers, postgres
from devtools.refusal import Refusal
from tests.devtools.conftest import Holder

Hold = Callable[[Path], Holder]


def roles(environment: dict[str, str]) -> list[tuple[str, bool, bool]]:
    with psycopg.connect(environment["DATABASE_SYSTEM_URL"]) as connection:
        query = "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname LIKE 'app_%' ORDER BY 1"
        return connection.execute(query).fetchall()


def vanishes(folder: Path) -> bool:
    """Wait until a folder is gone."""
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not folder.exists()


def test_servers_start_in_a_path_with_spaces_and_keep_their_data(hold: Hold, tmp_path: Path) -> None:
    folder = tmp_path / "a folder with 'odd\" name"
    first = hold(folder)
    assert roles(first.environment) == [
        (name, False, False) for name in ("app_owner", "app_system", "app_tenant", "app_web", "app_worker")
    ]
    with psycopg.connect(first.environment["DATABASE_OWNER_URL"]) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    with redis.Redis.from_url(first.environment["REDIS_URL"]) as broker:
        assert broker.ping() is True
    first.end(signal.SIGTERM)
    assert first.leaves_nothing()

    second = hold(folder)
    with psycopg.connect(second.environment["DATABASE_OWNER_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_guardian_stops_the_servers_when_their_parent_is_killed(hold: Hold, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    holder = hold(tmp_path)
    holder.end(signal.SIGKILL)
    assert holder.leaves_nothing()
    assert "database system is shut down" in (tmp_path / "log" / "postgres.log").read_text()
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    assert vanishes(tmp_path / "scratch")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_servers_stop_with_their_parent(hold: Hold, tmp_path: Path, number: signal.Signals) -> None:
    holder = hold(tmp_path)
    holder.end(number)
    assert holder.process.returncode == 0
    assert holder.leaves_nothing()


def test_redis_refuses_strangers(hold: Hold, tmp_path: Path) -> None:
    holder = hold(tmp_path)
    host_and_port = holder.environment["REDIS_URL"].partition("@")[2]
    with (
        redis.Redis.from_url(f"redis://{host_and_port}") as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_socket_moves_to_the_temporary_folder_when_its_path_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp")  # noqa: S108  # the very case
    data = tmp_path / ("long" * 30)
    folder = postgres.socket_folder(data)
    try:
        assert folder.parent == Path("/tmp")  # noqa: S108
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder == postgres.socket_folder(data)
        assert folder != postgres.socket_folder(data / "b")
    finally:
        folder.rmdir()
        postgres.socket_folder(data / "b").rmdir()


def test_half_made_cluster_is_made_again(hold: Hold, tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert len(roles(hold(tmp_path).environment)) == 5


@pytest.mark.parametrize(("version", "words"), [("17", "made by PostgreSQL 17"), (None, "holds no database")])
def test_foreign_cluster_is_refused(tmp_path: Path, version: str | None, words: str) -> None:
    if version:
        (tmp_path / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(Refusal, match=words):
        postgres.refuse_foreign(tmp_path)


def test_pid_file_of_a_vanished_server_is_dropped_when_its_number_is_somebody_elses(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{tmp_path}\n")
    leftovers.clear(tmp_path)
    assert not pid_file.exists()
