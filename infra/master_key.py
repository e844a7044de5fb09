"""The key that wraps all others: from the environment, a file, or what a program of the operator's writes, such as one
that asks a key management service; else from a file of the home, made at the first start."""

import os
import shlex
import subprocess
from base64 import b64decode, b64encode
from binascii import Error
from pathlib import Path

from infra.settings import Settings, home_of
from infra.vault import Vault, VaultUnsafe

BYTES = 32
FILE = "master.key"
SECONDS = 30


def open_vault(settings: Settings) -> Vault:
    """Raises VaultUnsafe."""
    path = Path(settings.vault).expanduser().absolute() if settings.vault else home_of(settings) / "vault.sqlite3"
    return Vault(path, master_key(settings))


def master_key(settings: Settings) -> bytes:
    """Raises VaultUnsafe."""
    if settings.master_key is not None:
        return _decoded(settings.master_key, "HEADWAY_MASTER_KEY")
    if settings.master_key_command is not None:
        return _decoded(_written_by(settings.master_key_command), "what HEADWAY_MASTER_KEY_COMMAND writes")
    if settings.master_key_file is None:
        return key_in(home_of(settings) / FILE)
    path = Path(settings.master_key_file).expanduser()
    try:
        return _decoded(path.read_text(), str(path))
    except OSError as error:
        raise VaultUnsafe(f"Make {path} a file that can be read: {error.strerror}.") from None


def key_in(path: Path) -> bytes:
    """Out of a file, made where there is none; raises VaultUnsafe."""
    try:
        _make(path)
        return _decoded(path.read_text(), str(path))
    except OSError as error:
        raise VaultUnsafe(f"Make {path} a file that can be read: {error.strerror}.") from None


def _make(path: Path) -> None:
    """By whoever comes first; the name appears only with the key in it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{FILE}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(b64encode(os.urandom(BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _written_by(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own
            shlex.split(command), capture_output=True, text=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        raise VaultUnsafe("Correct HEADWAY_MASTER_KEY_COMMAND: it did not write a key.") from None
    return done.stdout


def _decoded(text: str, origin: str) -> bytes:
    try:
        key = b64decode(text.strip(), validate=True)
    except (Error, ValueError):
        key = b""
    if len(key) != BYTES:
        raise VaultUnsafe(f"Correct {origin}: a master key is {BYTES} random bytes in base64.")
    return key
