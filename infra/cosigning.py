"""A witness at work: fetches the last checkpoint of somebody else's Headway over HTTP, keeps it in a file once it is
proven to continue the one before, and sends its signature back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.notes import Checkpoint, Key, Note, cosign, decoded, read_note
from infra.witnessing import kept

SECONDS = 30


class NotAnswered(Exception):
    """The other side does not do what was asked of it; the sentence says what it answered."""


class Other:
    """Somebody else's Headway, asked with the key of an owner or auditor there."""

    def __init__(self, session: aiohttp.ClientSession, url: str, api_key: str) -> None:
        self.session = session
        self.url = url.rstrip("/")
        self.headers = {"authorization": f"Bearer {api_key}"}

    async def _asked(self, method: str, path: str, **more: Any) -> bytes:
        try:
            async with self.session.request(
                method, f"{self.url}/audit/{path}", headers=self.headers, allow_redirects=False, **more
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotAnswered(f"{self.url} does not answer: {type(error).__name__}.") from None
        if response.status not in {200, 201}:
            raise NotAnswered(f"{self.url} answers {response.status}: {body[:500].decode(errors='replace')}")
        return body

    async def checkpoint(self) -> Note:
        """Raises NotAnswered, NoteWrong."""
        return read_note((await self._asked("GET", "checkpoint")).decode(errors="replace"))

    async def prove(self, old: int, size: int) -> Sequence[bytes]:
        """Raises NotAnswered, NoteWrong; what the proof is worth is for who asked to find out."""
        body = await self._asked("GET", f"consistency?from={old}&to={size}")
        try:
            told = msgspec.json.decode(body, type=_Proof)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise NotAnswered(f"{self.url} answers with something that is no proof.") from None
        return [decoded(one) for one in told.proof]

    async def hand_over(self, size: int, line: str) -> None:
        """Raises NotAnswered."""
        await self._asked("POST", "cosign", json={"size": size, "signature": line})


class _Proof(msgspec.Struct):
    proof: list[str]


async def cosigned(
    url: str, api_key: str, keys: Sequence[Key], file: Path, name: str, private: Ed25519PrivateKey
) -> Checkpoint:
    """Raises NotWitnessed, NotAnswered, NoteWrong, OSError; what was not kept in the file is not signed."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(SECONDS)) as session:
        other = Other(session, url, api_key)
        note = await other.checkpoint()
        checkpoint = await kept(file, note, keys, other.prove)
        await other.hand_over(checkpoint.size, cosign(note.text, name, private, datetime.now(UTC)).line)
    return checkpoint
