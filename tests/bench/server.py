"""The product's server with baselines beside: one inserts a row, others answer by SQL written by hand or ordinarily."""

import os
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State

import api.serving
from api.app import Services, application
from api.applying import Urls
from api.auth import viewer_of
from api.graphql.arguments import Binding
from infra.database import statements
from infra.settings import read_settings
from infra.telemetry import configure_logs

JSON = "application/json"
TABLE = """
create table public.bench_row (id uuid primary key, body text not null);
grant insert on public.bench_row to headway_application;
"""
INSERT = "insert into public.bench_row (id, body) values ($1, $2)"

OUTCOME = """
select json_build_object('outcome', (
    select json_build_object('id', o.id, 'title', o.title, 'state', o.state, 'ambition', o.ambition, 'dueOn', o.due_on)
      from outcome o where o.organisation_id = $1 and o.id = $2 and o.until is null))::text
"""
WITH_TEAM = """
select json_build_object('outcomes', json_build_object('nodes', coalesce(json_agg(n.node), '[]')))::text
  from (select json_build_object('id', o.id, 'title', o.title, 'state', o.state, 'team', (
               select json_build_object('id', t.id, 'name', t.name)
                 from team t
                where t.organisation_id = $1 and t.id = o.team_id and t.until is null)) as node
          from outcome o
         where o.organisation_id = $1 and o.until is null
         order by o.title, o.id
         limit $2) n
"""
NESTED = """
select json_build_object('outcomes', json_build_object('nodes', coalesce(json_agg(n.node), '[]')))::text
  from (select json_build_object('id', o.id, 'title', o.title, 'measures', (
               select coalesce(json_agg(m.node), '[]')
                 from (select json_build_object('id', m.id, 'title', m.title, 'unit', m.unit_symbol, 'readings', (
                              select json_build_object('nodes', coalesce(json_agg(r.node), '[]'))
                                from (select json_build_object(
                                                 'id', r.id, 'day', r.taken_on, 'value', r.value::float8) as node
                                        from reading r
                                       where r.organisation_id = $1 and r.series_id = m.id and r.until is null
                                       order by r.taken_on, r.taken_at, r.id
                                       limit 5) r)) as node
                         from measure m
                        where m.organisation_id = $1 and m.outcome_id = o.id and m.until is null
                        order by m.title, m.id
                        limit 3) m)) as node
          from outcome o
         where o.organisation_id = $1 and o.until is null
         order by o.title, o.id
         limit $2) n
"""
TREE = """
with recursive tree (outcome_id, parent_id, depth, weight) as (
    select $2::uuid, null::uuid, 0, null::numeric
    union all
    select a.outcome_id, t.outcome_id, t.depth + 1, a.weight
      from tree t
      join alignment a on a.organisation_id = $1 and a.higher_id = t.outcome_id and a.until is null
     where t.depth < 10
)
select json_build_object('alignmentTree', coalesce(json_agg(json_build_object(
           'depth', t.depth, 'parentId', t.parent_id, 'weight', t.weight::float8,
           'outcome', (select json_build_object('id', o.id, 'title', o.title, 'state', o.state) from outcome o
                        where o.organisation_id = $1 and o.id = t.outcome_id and o.until is null))
           order by t.depth, t.outcome_id), '[]'))::text
  from tree t
"""
# Of an organisation, a viewer, a day and an id.
PROMISES = {
    **statements(Path(__file__).with_name("promises.sql")),
    **statements(Path(__file__).with_name("kept.sql")),
}
TAKEN = {name: max(int(number) for number in re.findall(r"\$(\d)", text)) for name, text in PROMISES.items()}
WORLD = statements(Path(__file__).with_name("world.sql"))  # these ask for a day as well
HAND = {"outcome": OUTCOME, "team": WITH_TEAM, "small": NESTED, "large": NESTED, "tree": TREE, **WORLD}


class Asked(msgspec.Struct):
    """What the baselines are asked: `name`, `value`, `on` of a statement by hand, or a document and its variables."""

    name: str = ""
    value: str | int = ""
    on: date | None = None
    query: str = ""
    variables: dict[str, Any] = {}


@post("/bench/insert", status_code=200)
async def insert(request: Request[None, None, State]) -> Response[bytes]:
    body = await request.body()
    async with request.app.state.database.append.acquire() as connection:
        await connection.execute(INSERT, uuid4(), body.decode())
    return Response(b"{}", media_type=JSON)


@post("/bench/hand", status_code=200)
async def by_hand(request: Request[None, None, State]) -> Response[bytes]:
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    asked = msgspec.json.decode(await request.body(), type=Asked)
    async with request.app.state.database.read.of(viewer.organisation_id) as connection:
        day = () if asked.on is None else (asked.on,)
        text = await connection.fetchval(HAND[asked.name], viewer.organisation_id, asked.value, *day)
    return Response(b'{"data":%b}' % text.encode(), media_type=JSON)


@post("/bench/promises", status_code=200)
async def of_promises(request: Request[None, None, State]) -> Response[bytes]:
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    asked = msgspec.json.decode(await request.body(), type=Asked)
    parameters = (viewer.organisation_id, viewer.person_id, asked.on, asked.value)[: TAKEN[asked.name]]
    async with request.app.state.database.read.of(viewer.organisation_id) as connection:
        text = await connection.fetchval(PROMISES[asked.name], *parameters)
    return Response(b'{"data":%b}' % text.encode(), media_type=JSON)


@post("/bench/ordinary", status_code=200)
async def ordinarily(request: Request[None, None, State]) -> Response[bytes]:
    viewer = await viewer_of(request, request.app.state.entrance, "read")
    asked = msgspec.json.decode(await request.body(), type=Asked)
    service = request.app.state.graphql
    operation = service.endpoint.documents.get(asked.query).operation(None)
    variables = operation.coerce(service.reads.model.schema, asked.variables, True)
    binding = Binding(variables, viewer, viewer.today())
    answered = await service.reads.ordinary(operation, asked.variables, binding, "bench")
    return Response(answered.body, media_type=JSON)


def with_baselines(services: Services) -> Litestar:
    app = application(services)
    for handler in (insert, by_hand, of_promises, ordinarily):
        app.register(handler)
    return app


def main() -> int:
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    api.serving.application = with_baselines
    return api.serving.run(settings, Urls(settings.database_url or "", settings.application_database_url))


if __name__ == "__main__":
    sys.exit(main())
