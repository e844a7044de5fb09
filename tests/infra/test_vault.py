"""Keys of persons: what is sealed opens where it belongs and while its key stands, and nowhere else."""

import sqlite3
from base64 import b64encode
from os import urandom
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comments import Commented
from domain.people import PersonDeactivated, PersonRegistered
from infra import vault as vaults
from infra.codec import UnknownEvent, decode, encode
from infra.master_key import FILE, master_key, open_vault
from infra.seals import FORGOTTEN, MARK, Seals, sealed_texts
from infra.settings import Settings
from infra.vault import Vault, VaultUnavailable, VaultUnsafe

MASTER = urandom(32)
HERE, THERE, ANA, BEN = (UUID(int=nth) for nth in range(1, 5))
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault.sqlite3"


@pytest.fixture
def seals(path: Path) -> Seals:
    return Seals(Vault(path, MASTER))


def registered(name: str = "Ana", email: str | None = "ana@harbour.example") -> PersonRegistered:
    return PersonRegistered(person_id=ANA, name=name, email=email)


@given(texts, st.none() | st.just("ana@harbour.example"))
def test_what_is_sealed_opens_again_and_is_not_there_to_be_read(seals: Seals, name: str, email: str | None) -> None:
    event = registered(f"Ana {name}", email)
    body, _ = seals.sealed(HERE, event, BEN)
    assert "Ana" not in body
    assert "harbour.example" not in body
    assert str(ANA) in body  # ids are no texts
    assert seals.open(HERE, "person.registered", 1, body) == event


def test_the_same_text_is_never_sealed_to_the_same(seals: Seals) -> None:
    assert seals.sealed(HERE, registered(), BEN) != seals.sealed(HERE, registered(), BEN)


def test_a_reason_is_sealed_beside_the_body_as_well(seals: Seals) -> None:
    body, reason = seals.sealed(HERE, PersonDeactivated(person_id=ANA, reason="Ill."), BEN)
    assert reason is not None
    assert "Ill." not in body + reason
    assert seals.reason(HERE, "person.deactivated", reason) == "Ill."
    assert seals.reason(HERE, "person.deactivated", "Plain.") == "Plain."


def test_what_nobody_in_particular_says_is_nobodys(seals: Seals) -> None:
    event = Commented(comment_id=uuid4(), author_id=ANA, text="Mine.", about_id=uuid4())
    assert "Mine." not in seals.sealed(HERE, event, None)[0]  # it names its author
    body, _ = seals.sealed(HERE, registered(), None)
    assert "Ana" not in body


@pytest.mark.parametrize("where", ["organisation", "field", "kind"])
def test_a_sealed_text_opens_only_where_it_belongs(seals: Seals, where: str) -> None:
    body, _ = seals.sealed(HERE, registered(), BEN)
    sealed = sealed_texts("person.registered", body)
    there = {
        "organisation": (THERE, "person.registered", "name"),
        "field": (HERE, "person.registered", "email"),
        "kind": (HERE, "person.revised", "name"),
    }
    with pytest.raises(UnknownEvent):
        seals.text(*there[where], sealed["name"])


@pytest.mark.parametrize("damage", ["{0}AA", "{1}x.y.z", "{1}"])
def test_a_damaged_text_is_told(seals: Seals, damage: str) -> None:
    body, _ = seals.sealed(HERE, registered(), BEN)
    text = sealed_texts("person.registered", body)["name"]
    with pytest.raises(UnknownEvent):
        seals.text(HERE, "person.registered", "name", damage.format(text[:-4], MARK))


def test_without_its_key_a_forgotten_text_is_told_as_such(seals: Seals) -> None:
    body, _ = seals.sealed(HERE, registered(), BEN)
    seals.vault.forget(HERE, ANA)
    opened = seals.open(HERE, "person.registered", 1, body)
    assert opened == PersonRegistered(person_id=ANA, name=FORGOTTEN, email=None)


def test_nobody_forgotten_gets_a_new_key(seals: Seals) -> None:
    seals.vault.forget(HERE, ANA)
    body, _ = seals.sealed(HERE, registered(), BEN)
    assert decode("person.registered", 1, body) == registered(FORGOTTEN, None)
    assert seals.vault.key_of(THERE, ANA) is not None  # elsewhere somebody else


def test_a_key_that_is_lost_but_not_destroyed_is_an_outage(seals: Seals, path: Path) -> None:
    body, _ = seals.sealed(HERE, registered(), BEN)
    seals.vault.close()
    path.unlink()
    with pytest.raises(VaultUnavailable):
        Seals(Vault(path, MASTER)).open(HERE, "person.registered", 1, body)


def test_the_next_process_finds_the_same_keys(seals: Seals, path: Path) -> None:
    body, _ = seals.sealed(HERE, registered(), BEN)
    first = seals.vault.key_of(HERE, ANA)
    seals.vault.close()
    again = Vault(path, MASTER)
    assert Seals(again).open(HERE, "person.registered", 1, body) == registered()
    second = again.key_of(HERE, ANA)
    assert first is not None
    assert second is not None
    assert first[0] == second[0]


def test_a_crash_costs_no_text(seals: Seals, path: Path) -> None:
    """The assignment of a key may be lost: the key is not."""
    body, _ = seals.sealed(HERE, registered(), BEN)
    again = Vault(path, MASTER)  # the former one never wrote whose key it was
    assert Seals(again).open(HERE, "person.registered", 1, body) == registered()
    keys = {text.split(".")[1] for text in sealed_texts("person.registered", body).values()}
    assert len(keys) == 1


def test_forgetting_in_one_process_is_seen_in_another(
    seals: Seals, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vaults, "SECONDS_OF_TRUST", 0.0)
    body, _ = seals.sealed(HERE, registered(), BEN)
    seals.vault.close()
    here, there = Seals(Vault(path, MASTER)), Seals(Vault(path, MASTER))
    assert there.open(HERE, "person.registered", 1, body) == registered()
    here.vault.forget(HERE, ANA)
    assert there.open(HERE, "person.registered", 1, body).as_dict()["name"] == FORGOTTEN
    assert there.vault.key_of(HERE, ANA) is None


def test_many_persons_have_a_key_each(seals: Seals) -> None:
    ids = {found[0] for nth in range(1_000) if (found := seals.vault.key_of(HERE, UUID(int=100 + nth))) is not None}
    assert len(ids) == 1_000


def test_no_key_lies_in_the_file_unwrapped_or_after_it_was_destroyed(seals: Seals, path: Path) -> None:
    seals.sealed(HERE, registered(), BEN)
    seals.vault.close()
    with sqlite3.connect(path) as file:
        kept = [row[0] for row in file.execute("select wrapped from key where person is not null")]
    assert len(kept) == 1
    assert kept[0] in path.read_bytes()
    again = Vault(path, MASTER)
    again.forget(HERE, ANA)
    again.close()
    assert kept[0] not in path.read_bytes()


def test_another_master_key_is_refused(seals: Seals, path: Path) -> None:
    seals.vault.close()
    with pytest.raises(VaultUnsafe, match="master key"):
        Vault(path, urandom(32))


def test_another_master_key_takes_over_at_once_or_not_at_all(
    seals: Seals, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vaults, "SECONDS_OF_TRUST", 0.0)
    body, _ = seals.sealed(HERE, registered(), BEN)
    other, new = Seals(Vault(path, MASTER)), urandom(32)
    assert seals.vault.wrap_anew(new) >= 1
    assert seals.open(HERE, "person.registered", 1, body) == registered()
    seals.vault.close()
    with pytest.raises(VaultUnavailable):
        other.open(HERE, "person.registered", 1, body)
    with pytest.raises(VaultUnavailable, match="start this process anew"):
        other.vault.key_of(HERE, BEN)
    with pytest.raises(VaultUnsafe, match="master key"):
        Vault(path, MASTER)
    again = Vault(path, new)
    assert Seals(again).open(HERE, "person.registered", 1, body) == registered()
    with sqlite3.connect(path) as file:
        file.execute("update key set wrapped = zeroblob(60) where person is not null")
    with pytest.raises(VaultUnavailable, match="none was wrapped anew: 1"):
        again.wrap_anew(MASTER)
    again.close()
    Vault(path, new).close()


def test_a_vault_that_can_not_be_opened_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    with pytest.raises(VaultUnsafe, match="file that can be read"):
        Vault(tmp_path / "vault", MASTER)


def test_the_master_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "home"))
    first = master_key(settings)
    assert first == master_key(settings)
    assert ((tmp_path / "home" / FILE).stat().st_mode & 0o777) == 0o600
    assert [one.name for one in (tmp_path / "home").iterdir()] == [FILE]


def test_the_master_key_comes_from_where_it_is_said_to(tmp_path: Path) -> None:
    text = b64encode(MASTER).decode()
    (tmp_path / "key").write_text(text + "\n")
    assert master_key(Settings(master_key=text)) == MASTER
    assert master_key(Settings(master_key_file=str(tmp_path / "key"))) == MASTER
    assert master_key(Settings(master_key_command=f"cat '{tmp_path / 'key'}'")) == MASTER


@pytest.mark.parametrize(
    "settings",
    [
        Settings(master_key="short"),
        Settings(master_key_file="/nowhere/key"),
        Settings(master_key_command="false"),
        Settings(master_key_command="/nowhere/program"),
        Settings(master_key_command="echo 'no key'"),
    ],
)
def test_a_wrong_master_key_is_told_without_saying_it(settings: Settings) -> None:
    with pytest.raises(VaultUnsafe) as told:
        master_key(settings)
    assert "short" not in str(told.value)


def test_a_vault_stands_in_the_home_unless_it_is_said_where(tmp_path: Path) -> None:
    open_vault(Settings(home=str(tmp_path))).close()
    open_vault(Settings(home=str(tmp_path), vault=str(tmp_path / "elsewhere" / "keys"))).close()
    assert (tmp_path / "vault.sqlite3").is_file()
    assert (tmp_path / "elsewhere" / "keys").is_file()


def test_events_without_anything_personal_are_stored_as_they_are(seals: Seals) -> None:
    event = PersonRegistered(person_id=ANA, name="Ana")
    assert seals.sealed(HERE, event, BEN)[0] != encode(event)
    assert seals.open(HERE, "person.registered", 1, encode(event)) == event
