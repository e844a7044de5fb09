"""A process that does nothing but project, until it is killed, or kills itself at a crash point: the n-th time."""

import asyncio
import os
import signal
import sys

import infra.projector
from infra.database import Database
from infra.positions import Positions
from infra.settings import Settings


def die_at(times: int) -> None:
    seen = 0

    def crash(point: str) -> None:
        nonlocal seen
        seen += 1
        if seen == times:
            os.kill(os.getpid(), signal.SIGKILL)

    infra.projector.crash = crash


async def main(owner: str, application: str, times: int) -> None:
    if times:
        die_at(times)
    database = await Database.open(Settings(), owner, application)
    infra.projector.Projector(database, Positions()).start()
    sys.stdout.write("projecting\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
