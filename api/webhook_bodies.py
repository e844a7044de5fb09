"""What a full delivery says beside its data: what it is about as it stood then, what changed, and the sentence of the
history; as the webhook's person may see it, by the same path as any question."""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.graphql.refusals import RequestRefused
from api.graphql.service import GraphQLService
from api.viewer import Viewer
from domain.public_events import CATALOGUE
from domain.values import Role
from infra.deliverer import Message
from infra.outbox import STATEMENTS
from infra.projector import STATEMENTS as READING

ENTITIES: Mapping[str, str] = {  # by the field that bears the id of what an event is about
    "milestone_id": """Milestone { title state due firstDue moves weight reachedOn daysLate daysEarly missedOn
      missedBecause withdrawnBecause owner { id name } outcome { id title } initiative { id title } }""",
    "task_id": """Task { title conditions state due firstDue overdue deliveredOn endedOn endReason returns
      renegotiations effort effortUnit
      promiser { id name } beneficiary { id name } requester { id name } team { id name }
      outcome { id title } initiative { id title } }""",
    "outcome_id": """Outcome { title description state stateReason ambition startsOn dueOn progress expected pace
      statedStatus suggestedStatus status team { id name } owner { id name } reviewer { id name } cycle { id title }
      grade { grade success } }""",
    "check_in_id": "CheckIn { day confidence status moved setBack next author { id name } outcome { id title } }",
    "measure_id": "Measure { title unit direction baseline target current progress outcome { id title } }",
    "reading_id": "Reading { day value note measure { id title } indicator { id title } }",
    "source_id": "Source { title kind state silentSince expectEveryHours measure { id title } indicator { id title } }",
    "boundary_id": "Boundary { title lower upper outcome { id title } }",
    "cycle_id": "Cycle { title startsOn endsOn state closedOn }",
    "initiative_id": """Initiative { title state startsOn dueOn endedOn endReason owner { id name }
      outcome { id title } }""",
    "decision_id": """Decision { title why decidedOn reversedOn reversedBecause decidedBy { id name }
      team { id name } }""",
    "celebration_id": """Celebration { title text day author { id name } people { id name } cheerCount
      outcome { id title } }""",
}
DOCUMENT = """query Webhook($id: ID!, $at: AsOf) {
  entity: node(id: $id, asOf: $at) { id __typename ... on %s }
  told: history(entity: $id, last: 1, filter: {about: $id}, asOf: $at) {
    nodes { position sentence changes { field before after } }
  }
}"""
DOCUMENTS = {subject: DOCUMENT % fields for subject, fields in ENTITIES.items()}


class Told(msgspec.Struct):
    """An entry of the history."""

    position: Any
    sentence: str
    changes: msgspec.Raw


class Entries(msgspec.Struct):
    """The newest of them."""

    nodes: list[Told]


class Data(msgspec.Struct):
    """What the document asks for."""

    entity: msgspec.Raw
    told: Entries


class Answer(msgspec.Struct):
    """Of GraphQL."""

    data: Data


class Bodies:
    """Renders full deliveries."""

    def __init__(self, service: GraphQLService) -> None:
        self.service = service

    async def _viewer(self, message: Message) -> Viewer | None:
        """None where whoever it is for is there no more."""
        organisation_id = message.organisation_id
        async with self.service.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            role = await connection.fetchval(
                STATEMENTS["viewer"], organisation_id, message.person_id, message.api_key_id
            )
        if role is None:
            return None
        return Viewer(
            organisation_id=organisation_id,
            role=Role(role),
            person_id=message.person_id,
            api_key_id=message.api_key_id,
        )

    async def render(self, message: Message) -> str:
        """JSON members that follow the data; nothing where the event has no entity of its own."""
        viewer = await self._viewer(message) if CATALOGUE[message.kind].subject in DOCUMENTS else None
        return await self.seen(message, viewer) if viewer is not None else ""

    async def seen(self, message: Message, viewer: Viewer) -> str:
        """As `render`, in a viewer's eyes."""
        document = DOCUMENTS.get(CATALOGUE[message.kind].subject)
        if document is None:
            return ""
        operation = self.service.endpoint.documents.get(document).operation(None)
        variables = {"id": str(message.about_id), "at": {"position": message.position}}
        try:
            answered = await self.service.reads.answer(operation, variables, viewer)
        except RequestRefused as refused:
            raise TimeoutError(str(refused)) from refused  # tried again, as when the database is away
        data = msgspec.json.decode(answered.body, type=Answer).data
        members = f',"entity":{bytes(data.entity).decode()}'
        for one in data.told.nodes:
            if int(one.position) == message.position:
                sentence = msgspec.json.encode(one.sentence).decode()
                members += f',"changes":{bytes(one.changes).decode()},"sentence":{sentence}'
        return members
