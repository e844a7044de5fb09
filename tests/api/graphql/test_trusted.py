"""Trusted documents: by their digest, and alone where an operator wants that."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.applying import Urls
from api.graphql.trusted import Trusted
from infra.embedded import EmbeddedServer
from infra.settings import Settings, SettingsInvalid
from tests.api.edge import Answer, Edge, refused_by_graphql, served

TRUSTED = "query Who { viewer { role } }"
OTHER = "{ viewer { role } }"
DIGEST = sha256(TRUSTED.encode()).hexdigest()


def folder(path: Path, text: str = TRUSTED) -> Path:
    (path / "who.graphql").write_text(text)
    (path / "README.md").write_text("not a document")
    return path


@pytest.fixture(scope="module")
async def only(
    postgres: EmbeddedServer, database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Edge]:
    settings = Settings(
        graphql_documents=str(folder(tmp_path_factory.mktemp("trusted"))), graphql_trust="only", checkpoint_seconds=0
    )
    urls = Urls(postgres.url(database_name), postgres.application_url(database_name))
    async with served(settings, urls) as opened:
        opened.here = await opened.found("Careful")
        yield opened


async def ask(edge: Edge, **body: Any) -> Answer:
    return await edge.ask(
        "POST", "/graphql", body, edge.here.keys["OWNER"], {"accept": "application/graphql-response+json"}
    )


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": f"sha256:{DIGEST}"},
        {"documentId": f"sha256:{DIGEST.upper()}"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}},
        {"query": TRUSTED},
    ],
    ids=["by id", "by id in capitals", "as Apollo's clients do", "by its text"],
)
async def test_c39_a_trusted_document_is_answered(only: Edge, body: dict[str, object]) -> None:
    answer = await ask(only, **body)
    assert (answer.status, answer.json["data"]) == (200, {"viewer": {"role": "OWNER"}})


async def test_c39_by_get_with_its_tag(only: Edge) -> None:
    path, key = f"/graphql?documentId=sha256:{DIGEST}", only.here.keys["OWNER"]
    first = await only.ask("GET", path, key=key)
    assert first.json["data"] == {"viewer": {"role": "OWNER"}}
    again = await only.ask("GET", path, key=key, headers={"if-none-match": first.headers["etag"]})
    assert again.status == 304


async def test_c39_no_other_document_is_answered(only: Edge) -> None:
    refused_by_graphql(await ask(only, query=OTHER), 400, "DOCUMENT_NOT_TRUSTED")
    refused_by_graphql(await ask(only, query="{ __schema { queryType { name } } }"), 400, "DOCUMENT_NOT_TRUSTED")
    async with only.unmoved():
        mutation = 'mutation { registerPerson(input: {name: "x"}) { position } }'
        refused_by_graphql(await ask(only, query=mutation), 400, "DOCUMENT_NOT_TRUSTED")


@pytest.mark.parametrize("name", ["sha256:" + "0" * 64, "sha256:", "sha256:../who"])
async def test_an_id_that_nobody_knows_is_refused(only: Edge, name: str) -> None:
    refused_by_graphql(await ask(only, documentId=name), 400, "PERSISTED_QUERY_NOT_FOUND")


@pytest.mark.parametrize("name", [7, "", "who", "md5:" + "0" * 32, [], {}])
async def test_an_id_that_is_none_is_refused(only: Edge, name: object) -> None:
    refused_by_graphql(await ask(only, documentId=name), 400, "BAD_REQUEST")


async def test_a_request_without_a_document_is_refused(only: Edge) -> None:
    refused_by_graphql(await ask(only, variables={}), 400, "BAD_REQUEST")


def test_a_trusted_document_that_does_not_fit_the_schema_stops_the_start(
    postgres: EmbeddedServer, database_name: str, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HEADWAY_HOME": str(tmp_path / "home"),
        "HEADWAY_DATABASE_URL": postgres.url(database_name),
        "HEADWAY_GRAPHQL_DOCUMENTS": str(folder(tmp_path, "{ sorrow }")),
    }
    command = [sys.executable, "-m", "api", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert (
        done.stderr.strip().splitlines()[-1].startswith("Correct who.graphql, a trusted document: Cannot query field")
    )


def test_the_folder_holds_what_is_trusted(tmp_path: Path) -> None:
    assert Trusted.of(os.fspath(folder(tmp_path)), "only").documents == {DIGEST: TRUSTED}
    assert Trusted.of(None, "open").documents == {}
    with pytest.raises(SettingsInvalid, match="HEADWAY_GRAPHQL_DOCUMENTS"):
        Trusted.of(str(tmp_path / "nowhere"), "only")
