"""The private keys that sign checkpoints: a file that nobody else may read, newest key first.

Every key in it signs, so that a new key is introduced by the old one; the next rotation retires the older. Which public
keys have ever signed is kept in the ledger, so that what a retired key has signed still verifies.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.embedded import write_secret
from infra.settings import Settings, SettingsInvalid, home_of

OVERLAP = 2  # keys that sign
SEED_BYTES = 32


class KeyRing:
    """The keys of an installation; read anew at each use, for another process may have rotated them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, settings: Settings) -> "KeyRing":
        if settings.signing_keys is not None:
            return cls(Path(settings.signing_keys).expanduser().absolute())
        return cls(home_of(settings) / "signing-keys")

    def privates(self) -> list[Ed25519PrivateKey]:
        """Newest first; the first is made when nobody has any. Raises SettingsInvalid for a file that holds none."""
        if not self.path.exists():
            return self._write([Ed25519PrivateKey.generate()])
        try:
            seeds = [b64decode(line, validate=True) for line in self.path.read_text().split()]
        except (OSError, NotBase64, UnicodeDecodeError):
            seeds = []
        if not seeds or any(len(seed) != SEED_BYTES for seed in seeds):
            raise SettingsInvalid(
                "Correct the file of signing keys, or name another by HEADWAY_SIGNING_KEYS:"
                " each line is an Ed25519 key, 32 bytes in base64."
            )
        return [Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds]

    def rotate(self, *, end_overlap: bool = False) -> list[Ed25519PrivateKey]:
        """A new key, which signs beside the one before until the next rotation, or alone; raises SettingsInvalid."""
        kept = [] if end_overlap else self.privates()[: OVERLAP - 1]
        return self._write([Ed25519PrivateKey.generate(), *kept])

    def _write(self, privates: list[Ed25519PrivateKey]) -> list[Ed25519PrivateKey]:
        text = "".join(f"{b64encode(one.private_bytes_raw()).decode()}\n" for one in privates)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_secret(self.path, text)
        except OSError as error:
            raise SettingsInvalid(
                f"The file of signing keys can't be written ({error.strerror}); name another by HEADWAY_SIGNING_KEYS."
            ) from None
        return privates
