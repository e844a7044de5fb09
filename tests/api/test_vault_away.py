"""F21: with the vault away nothing personal is taken or told anew, everything else goes on, and nothing leaks."""

from uuid import uuid4

import pytest

from infra.vault import VaultUnavailable
from tests.api.edge import Edge, refused


@pytest.fixture
def away(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise VaultUnavailable("The vault at /secret/place does not answer.")

    for name in ("key_of", "key"):
        monkeypatch.setattr(edge.services.database.seals.vault, name, fail)


@pytest.mark.usefixtures("away")
async def test_what_is_personal_is_refused_for_now_and_all_else_is_taken(edge: Edge) -> None:
    before = (await edge.heads())[edge.here.id]
    answer = await edge.command("register-person", {"personId": str(uuid4()), "name": "Zoe"})
    refused(answer, 503, "UNAVAILABLE")
    assert answer.headers["retry-after"]
    assert b"/secret/place" not in answer.raw
    assert (await edge.command("form-team", {"name": "Night shift"})).status in {200, 201}
    assert (await edge.heads())[edge.here.id] == before + 1


async def test_once_it_is_back_the_same_is_taken(edge: Edge) -> None:
    answer = await edge.command("register-person", {"personId": str(uuid4()), "name": "Zoe"})
    assert answer.status in {200, 201}
