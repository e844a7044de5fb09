"""What `make run` shows: the federal government's goals, and a small organisation in which everything happens."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from rich.console import Console

from api.applying import Applied, Urls, apply_file, desk_of, operator
from api.desk import Envelope
from domain.values import Role
from examples.demo import commands as team
from examples.demo.story import NAMESPACE as TEAM_NAMESPACE
from examples.demo.story import entity as identity
from examples.lines import Line, write
from examples.us_federal import commands as federal
from infra.receivers import reach_of
from infra.settings import PREFIX, Settings, home_of

KEYS = "keys.env"
LISTENING = 9000
FEDERAL = UUID(federal.ORGANISATION)
TEAM = TEAM_NAMESPACE
OWNER = identity("person", "mara")


class DemonstrationFailed(Exception):
    """A line of the sample data was refused: this release and its samples do not fit."""


def near(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Lets webhooks reach this machine, as far as the operator has not said where they may go."""
    local = {"webhook_networks": "127.0.0.0/8", "webhook_plain_http": True}
    return msgspec.structs.replace(
        settings, **{name: value for name, value in local.items() if f"{PREFIX}{name.upper()}" not in environment}
    )


async def load(settings: Settings, urls: Urls, talk: Console) -> str:
    """Applies both samples where they are not there yet, and writes the keys; answers the greeting."""
    home = home_of(settings)
    keys = home / KEYS
    if not keys.exists():
        today = datetime.now(UTC).date()
        goals = _file(home / "us-federal.ndjson", federal.lines)
        story = _file(home / "demo.ndjson", lambda: team.lines(today))
        await _apply(settings, urls, talk, goals, FEDERAL)
        await _apply(settings, urls, talk, story, TEAM)
        await _issue_keys(settings, urls, keys)
        for file in (goals, story):
            file.unlink()  # it names people who may ask to be forgotten
    values = dict(line.split("=", 1) for line in keys.read_text().splitlines() if "=" in line)
    return greeting(settings, values["HEADWAY_API_KEY"])


def greeting(settings: Settings, key: str) -> str:
    """The address, and a question to begin with."""
    url = f"http://{settings.host}:{settings.port}"
    keys = home_of(settings) / KEYS
    here = reach_of(settings).may_dial("127.0.0.1", LISTENING) and settings.webhook_plain_http
    beside = Path(sys.executable).with_name("headway")
    command = beside if beside.exists() else "headway"
    webhooks = (
        f"Webhooks reach this machine: set -a; . {keys}; {command} webhooks listen --port {LISTENING} --subscribe\n"
        if here
        else ""
    )
    question = "{ outcomes(first: 3) { totalCount nodes { title progress status team { name } } } }"
    return (
        f"\nHeadway answers at {url} (GraphiQL: {url}/graphql, commands: {url}/reference). Ask it:\n\n"
        f"  curl -s {url}/graphql -H 'authorization: Bearer {key}' -H 'content-type: application/json' \\\n"
        f"    -d '{msgspec.json.encode({'query': question}).decode()}'\n\n"
        f"{webhooks}"
        f"The keys stand in {keys}. Ctrl-C stops everything.\n"
    )


def _file(path: Path, lines: Callable[[], Iterable[Line]]) -> Path:
    """Written once: what was half applied goes on with the very same lines."""
    if not path.exists():
        beside = path.with_suffix(".part")
        write(lines(), beside)
        beside.rename(path)
    return path


async def _apply(settings: Settings, urls: Urls, talk: Console, path: Path, organisation_id: UUID) -> None:
    result: Applied = await apply_file(settings, urls, path, organisation_id, talk)
    if result.refused:
        raise DemonstrationFailed(f"Line {result.first_refused} of {path.name} was refused; report this.")
    talk.print(f"{path.name}: {result.applied} commands", markup=False)


async def _issue_keys(settings: Settings, urls: Urls, keys: Path) -> None:
    async with desk_of(settings, urls) as office:

        async def issue(organisation_id: UUID, name: str, role: Role, person: str | None = None) -> str:
            fields = {"name": name, "role": role.value} | ({"personId": person} if person else {})
            done = await office.desk.issue(
                "issue-api-key", msgspec.json.encode(fields), operator(organisation_id), Envelope()
            )
            await office.positions.wait(organisation_id, done.position, 30)
            return done.secret or ""

        lines = {
            "HEADWAY_URL": f"http://{settings.host}:{settings.port}",
            "HEADWAY_API_KEY": await issue(FEDERAL, "Demonstration, owner", Role.OWNER),
            "HEADWAY_TEAM_API_KEY": await issue(TEAM, "Demonstration, owner", Role.OWNER, OWNER),
            "HEADWAY_AUDITOR_API_KEY": await issue(FEDERAL, "Demonstration, auditor", Role.AUDITOR),
        }
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    beside = keys.with_suffix(".part")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    beside.rename(keys)
