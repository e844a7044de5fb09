"""Puts the sentences of the files beside the read models, where `told_sentence` finds them."""

from hashlib import sha256
from pathlib import Path

import asyncpg

from infra.database import statements
from projections.wording import SHIPPED, commands, encoded, kinds, languages, public

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))


async def install_wording(connection: asyncpg.Connection, own: Path | None = None) -> None:
    """The shipped sentences, and over them an operator's own; nothing where they stand. Raises WordingWrong."""
    told = {"": {**commands(), **kinds(), **public()}, **languages(SHIPPED, *([own] if own else []))}
    digest = sha256(encoded(told).encode()).hexdigest()
    async with connection.transaction():
        await connection.execute(STATEMENTS["prepare"])
        if await connection.fetchval(STATEMENTS["standing"]) == digest:
            return
        await connection.execute(STATEMENTS["clear"])
        for language, words in told.items():
            texts = [encoded(one) for one in words.values()]
            await connection.execute(STATEMENTS["word"], language, list(words), texts)
        await connection.execute(STATEMENTS["note"], digest)
