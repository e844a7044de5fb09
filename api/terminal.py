"""What the subcommands share: how they talk, how they exit, and the database that they are for."""

import os
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import uvloop
from cyclopts import Parameter
from rich.console import Console

from api.applying import Urls, prepare
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.settings import Settings, home_of, read_settings

talk = Console(stderr=True, highlight=False)
DONE, FOUND, WRONG = 0, 1, 2
Json = Annotated[bool, Parameter(name="--json", negative="", help="Write JSON, for machines.")]


T = TypeVar("T")


class NobodyReads(Exception):
    """Whoever read standard output has gone, as `head` goes once it has its lines."""


def say(text: str) -> None:
    """A fact. Raises NobodyReads."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in its buffer goes nowhere
        raise NobodyReads from None


@contextmanager
def database(settings: Settings) -> Generator[Urls]:
    """The database that is set, or the home's embedded one, running for so long; up to date when handed over."""
    server: EmbeddedServer | None = None
    try:
        if settings.database_url is not None:
            urls = Urls(settings.database_url, settings.application_database_url)
        else:
            server = EmbeddedServer(home_of(settings))
            if server.note:
                talk.print(server.note)
            server.start()
            urls = Urls(server.url(), server.application_url())
        yield urls
    finally:
        if server is not None:
            server.stop()


def asked(question: Callable[[Database], Awaitable[T]]) -> T:
    """What the database that is set answers, brought up to date and opened as a serving process opens it."""
    settings = read_settings(os.environ)

    async def run(urls: Urls) -> T:
        await prepare(settings, urls, talk.print)
        opened = await Database.open(settings, urls.owner, urls.application)
        try:
            return await question(opened)
        finally:
            await opened.close()

    with database(settings) as urls:
        return uvloop.run(run(urls))
