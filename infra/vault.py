"""The keys under which the ledger keeps what is personal, in a file apart from the ledger and its backups.

A person's texts are readable for as long as their key is here. Keys are made ahead, by a thread of their own, and lie
unassigned until somebody new is met, so that nobody waits for the disk; what is sealed names its key, so an assignment
that a crash has lost costs nothing but a second key for the same person. Any number of processes of one machine share
the file.
"""

import os
import sqlite3
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from uuid_utils.compat import uuid7

from infra.telemetry import VAULT_ERRORS, log

LEAST_AHEAD, MOST_AHEAD = 8, 256  # keys made in one transaction
MOST_KEPT = 50_000  # keys in memory
SECONDS_OF_TRUST = 1.0  # in what this process remembers, before it looks whether another has changed the file
SECONDS_TO_LOCK = 5.0
NONCE = 12
SECRET = 32
TABLES = """
create table if not exists key (
    id blob primary key, organisation blob, person blob, wrapped blob not null) without rowid;
create index if not exists key_by_person on key (organisation, person) where person is not null;
create table if not exists forgotten (
    organisation blob, person blob, primary key (organisation, person)) without rowid;
create table if not exists proof (wrapped blob not null);
"""
PROOF = b"the master key is the right one"


Assigned = tuple[bytes, bytes, bytes]  # organisation, person, key


class VaultUnavailable(OSError):
    """The file can't be read or written, or lacks a key that it should have: nothing personal can be told or kept."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        VAULT_ERRORS.inc()
        log.error("vault_unavailable", says=sentence)


class VaultUnsafe(Exception):
    """The vault can't be opened as it is; the sentence says what to do."""


class Vault:
    """Of a process."""

    def __init__(self, path: Path, master: bytes) -> None:
        """Raises VaultUnsafe where the master key is another one."""
        self.path = path
        self._wrapping = AESGCM(master)
        self._ahead: list[tuple[UUID, AESGCM]] = []
        self._batch = LEAST_AHEAD
        self._by_id: dict[UUID, AESGCM] = {}
        self._by_person: dict[tuple[UUID, UUID], UUID] = {}
        self._unwritten: list[Assigned] = []
        self._thread = ThreadPoolExecutor(1, "vault")
        self._making: Future[list[tuple[UUID, AESGCM]]] | None = None
        self._forgotten: set[tuple[UUID, UUID]] = set()
        self._looked = (0.0, -1)  # when, and which version of the file was there
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._file, self._beside = _opened(path), _opened(path)  # the second is the thread's
            self._file.executescript(TABLES)
            self._prove()
        except (sqlite3.Error, OSError) as error:
            raise VaultUnsafe(f"Make {path} a file that can be read and written: {error}.") from None

    def _prove(self) -> None:
        self._file.execute("begin immediate")
        try:
            kept = self._file.execute("select wrapped from proof").fetchone()
            told = self._unwrap(kept[0]) if kept else PROOF + os.urandom(SECRET)
            if kept is None and told is not None:
                self._file.execute("insert into proof values (?)", (self._wrap(told),))
            if told is None or not told.startswith(PROOF):
                raise VaultUnsafe(f"Give the master key with which {self.path} was made; this is another one.")
        finally:
            self._file.execute("commit")
        self.secret = told.removeprefix(PROOF)  # of this installation, for what may not be guessed from a digest

    def wrap_anew(self, master: bytes) -> int:
        """Every key under another master key, all in one transaction; how many. A process that has opened the vault
        before must open it anew: until then it opens nothing and makes no keys. Raises VaultUnavailable."""
        with self._change() as file:
            rows = file.execute("select id, wrapped from key").fetchall()
            plain = [(id_, self._unwrap(wrapped)) for id_, wrapped in rows]
            if damaged := [id_ for id_, key in plain if key is None]:
                raise VaultUnavailable(f"Damaged keys in {self.path}, so that none was wrapped anew: {len(damaged)}.")
            new = AESGCM(master)
            anew = [(_wrapped(new, key), id_) for id_, key in plain if key is not None]
            file.executemany("update key set wrapped = ? where id = ?", anew)
            file.execute("update proof set wrapped = ?", (_wrapped(new, PROOF + self.secret),))
        self._wrapping = new
        return len(rows)

    def _wrap(self, plain: bytes) -> bytes:
        return _wrapped(self._wrapping, plain)

    def _unwrap(self, wrapped: bytes) -> bytes | None:
        try:
            return self._wrapping.decrypt(wrapped[:NONCE], wrapped[NONCE:], None)
        except InvalidTag:
            return None

    def key_of(self, organisation_id: UUID, person_id: UUID, *, new: bool = False) -> tuple[UUID, AESGCM] | None:
        """The key to seal a person's texts with, a new one where there is none; None once the person is forgotten.

        `new`: nobody has met them yet, so that the file need not be asked. Raises VaultUnavailable.
        """
        self._look()
        whose = (organisation_id, person_id)
        if whose in self._forgotten:
            return None
        id_ = self._by_person.get(whose)
        if id_ is None and not new:
            id_ = self._assigned(whose)
            if id_ is None and self.has_forgotten(organisation_id, person_id):
                return None
        if id_ is None:
            return self._assign(whose)
        key = self.key(id_)
        if key is None:  # destroyed by another process a moment ago
            self._by_person.pop(whose, None)
            return self.key_of(organisation_id, person_id)
        return id_, key

    def key(self, id_: UUID) -> AESGCM | None:
        """None where there is none any more; raises VaultUnavailable."""
        self._look()
        found = self._by_id.get(id_)
        if found is not None:
            return found
        row = self._one("select wrapped from key where id = ?", id_.bytes)
        if row is None:
            return None
        plain = self._unwrap(row[0])
        if plain is None:
            raise VaultUnavailable(f"A key in {self.path} is damaged.")
        return self._keep(id_, AESGCM(plain))

    def has_forgotten(self, organisation_id: UUID, person_id: UUID) -> bool:
        """Raises VaultUnavailable."""
        whose = (organisation_id, person_id)
        if whose in self._forgotten:
            return True
        asked = "select 1 from forgotten where organisation = ? and person = ?"
        if self._one(asked, organisation_id.bytes, person_id.bytes) is None:
            return False
        self._forgotten.add(whose)
        return True

    def forget(self, organisation_id: UUID, person_id: UUID, more: Iterable[UUID] = ()) -> None:
        """Destroys the person's keys, and those named; none is made for them again. Raises VaultUnavailable."""
        self._write_assigned()
        self._thread.submit(int).result()  # once all that was assigned is written
        whose = (organisation_id.bytes, person_id.bytes)
        with self._change() as file:
            file.execute("insert or ignore into forgotten values (?, ?)", whose)
            file.execute("delete from key where organisation = ? and person = ?", whose)
            file.executemany("delete from key where id = ?", [(one.bytes,) for one in more])
        self._by_id.clear()
        self._forgotten.add((organisation_id, person_id))

    def forgotten(self) -> list[tuple[UUID, UUID]]:
        """(organisation, person) of everybody whose keys were destroyed; raises VaultUnavailable."""
        try:
            rows = self._file.execute("select organisation, person from forgotten").fetchall()
        except sqlite3.Error as error:
            raise VaultUnavailable(f"The vault does not answer: {error}.") from None
        return [(UUID(bytes=organisation), UUID(bytes=person)) for organisation, person in rows]

    def close(self) -> None:
        self._write_assigned()
        self._thread.shutdown()
        self._file.close()
        self._beside.close()

    def _look(self) -> None:
        """Forgets what it remembers once another process has changed the file, which may be by destroying a key."""
        now = monotonic()
        if now - self._looked[0] < SECONDS_OF_TRUST:
            return
        self._write_assigned()
        row = self._one("pragma data_version")
        version = row[0] if row else -1
        if version != self._looked[1]:
            self._by_id.clear()
        self._looked = (now, version)

    def _assigned(self, whose: tuple[UUID, UUID]) -> UUID | None:
        asked = "select id from key where organisation = ? and person = ? limit 1"
        row = self._one(asked, whose[0].bytes, whose[1].bytes)
        if row is None:
            return None
        self._by_person[whose] = UUID(bytes=row[0])
        return self._by_person[whose]

    def _assign(self, whose: tuple[UUID, UUID]) -> tuple[UUID, AESGCM]:
        if self._making is not None and self._making.done():
            self._take_in(self._making)
        if self._making is None and len(self._ahead) <= self._batch // 2:
            self._making = self._thread.submit(self._make, self._batch, self._unwritten)
            self._unwritten, self._batch = [], min(MOST_AHEAD, self._batch * 2)
        if self._making is not None and not self._ahead:
            self._take_in(self._making)
        id_, key = self._ahead.pop()
        self._keep(id_, key)
        self._by_person[whose] = id_
        self._unwritten.append((whose[0].bytes, whose[1].bytes, id_.bytes))
        return id_, key

    def _take_in(self, making: "Future[list[tuple[UUID, AESGCM]]]") -> None:
        self._making = None
        self._ahead += making.result()

    def _write_assigned(self) -> None:
        """Behind what the thread is at; should it fail, that costs a second key for each at the most."""
        if self._unwritten:
            self._thread.submit(self._make, 0, self._unwritten)
            self._unwritten = []

    def _make(self, count: int, assigned: list[Assigned]) -> list[tuple[UUID, AESGCM]]:
        """In the thread: so many keys that are on the disk when this returns, and whose the former ones are."""
        made = [(uuid7(), AESGCM.generate_key(256)) for _ in range(count)]
        with Change(self._beside) as file:
            if self._unwrap(file.execute("select wrapped from proof").fetchone()[0]) is None:
                raise VaultUnavailable(f"The master key of {self.path} was changed: start this process anew.")
            file.executemany("update key set organisation = ?, person = ? where id = ?", assigned)
            file.executemany("insert into key (id, wrapped) values (?, ?)", [(i.bytes, self._wrap(k)) for i, k in made])
        return [(id_, AESGCM(key)) for id_, key in made]

    def _keep(self, id_: UUID, key: AESGCM) -> AESGCM:
        if len(self._by_id) >= MOST_KEPT:
            self._by_id.clear()
            self._by_person.clear()
        self._by_id[id_] = key
        return key

    def _one(self, asked: str, *values: bytes) -> tuple[bytes, ...] | None:
        try:
            return self._file.execute(asked, values).fetchone()
        except sqlite3.Error as error:
            raise VaultUnavailable(f"The vault does not answer: {error}.") from None

    def _change(self) -> "Change":
        return Change(self._file)


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=SECONDS_TO_LOCK, isolation_level=None, check_same_thread=False)
    file.execute("pragma secure_delete = on")
    file.execute("pragma synchronous = extra")
    return file


def _wrapped(wrapping: AESGCM, plain: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + wrapping.encrypt(nonce, plain, None)


class Change:
    """A transaction of the file; its errors come as VaultUnavailable."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self.file = file

    def __enter__(self) -> sqlite3.Connection:
        try:
            self.file.execute("begin immediate")
        except sqlite3.Error as error:
            raise VaultUnavailable(f"The vault does not answer: {error}.") from None
        return self.file

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        try:
            self.file.execute("commit" if error is None else "rollback")
        except sqlite3.Error as failure:
            raise VaultUnavailable(f"The vault does not answer: {failure}.") from None
        if isinstance(error, sqlite3.Error):
            raise VaultUnavailable(f"The vault does not answer: {error}.") from None
