"""Plans: chosen by observation, bound, run on a read connection, and their answers kept while the position stands."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from graphql import FieldNode

from api.graphql.arguments import Binding, Observed
from api.graphql.compiler import ORGANISATION, Compiled, Compiler, LeftToExecutor
from api.graphql.document import Limits, Operation
from api.graphql.execution import Executor
from api.graphql.model import Model
from api.graphql.paging import connection as written_connection
from api.graphql.refusals import RequestRefused
from api.graphql.sight import VEIL
from api.graphql.templates import VIEWER
from api.graphql.writing import NON_NULL, Writer
from api.viewer import Viewer
from infra.database import unavailable
from infra.telemetry import QUERIES, log

PLANS_AN_OPERATION = 24
MOST_PLAN_BYTES = 8_000_000
MOST_INTROSPECTED = 16
REACHED = "select min(position) from checkpoint where organisation_id = $1"
RETRIED = ("40001", "40P01")


class Positions(Protocol):
    """How far the read models of an organisation have come, as this process knows it.

    `sure`: every move is heard of, so what the database has told once may be remembered.
    """

    sure: bool

    def advance(self, organisation_id: UUID, position: int) -> None:
        """The position was seen."""
        ...

    def reached(self, organisation_id: UUID) -> int | None:
        """None: the database has to be asked."""
        ...

    async def wait(self, organisation_id: UUID, position: int, seconds: float) -> bool:
        """Whether the position was reached within the time."""
        ...


class ReadPool(Protocol):
    """Connections, each scoped to an organisation."""

    def of(self, organisation_id: UUID) -> AbstractAsyncContextManager[Any]:
        """A connection that sees this organisation alone."""
        ...


@dataclass(slots=True)
class Kept:
    """An answer as it was sent, and its compressed forms once asked for."""

    position: int
    body: bytes
    tag_at: Callable[[int], str]
    coded: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _tag: str = ""

    @property
    def tag(self) -> str:
        """Reckoned when somebody first asks for it, which a POST does not."""
        self._tag = self._tag or self.tag_at(self.position)
        return self._tag

    @property
    def size(self) -> int:
        return len(self.body) + sum(len(one) for one in self.coded.values()) + 200


class Responses:
    """Answers by organisation, sight, plan and parameters, good while the position stands. Bounded by bytes.

    Whatever of the viewer an answer depends on is among the parameters, but that owners and auditors see all.
    """

    def __init__(self, most_bytes: int) -> None:
        self._kept: OrderedDict[Any, Kept] = OrderedDict()
        self._bytes, self._most = 0, most_bytes
        self.used = most_bytes > 0

    def get(self, key: Any) -> Kept | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Any, kept: Kept) -> None:
        was = self._kept.pop(key, None)
        if was is not None:
            self._bytes -= was.size
        if kept.size > self._most // 8:
            return
        self._kept[key] = kept
        self._bytes += kept.size
        while self._bytes > self._most:
            self._bytes -= self._kept.popitem(last=False)[1].size

    def forget(self) -> None:
        """Lets go of every answer."""
        self._kept.clear()
        self._bytes = 0

    def grown(self, bytes_more: int) -> None:
        """A compressed form was added to a kept answer."""
        self._bytes += bytes_more


@dataclass(slots=True)
class Answered:
    """The body of an answer. `kept` where it may be given again; `position` None where nothing was read."""

    body: bytes
    position: int | None
    kept: Kept | None = None
    partial: bool = False
    known: str | None = None  # what the client has, where that is still the answer

    @property
    def tag(self) -> str | None:
        """None where nothing may be kept."""
        return self.kept.tag if self.kept else self.known


@cache
def _counted(path: str, reason: str) -> Any:
    return QUERIES.labels(path, reason)


class Reads:
    """Answers queries."""

    def __init__(
        self,
        model: Model,
        pool: ReadPool,
        positions: Positions,
        limits: Limits | None = None,
        *,
        cache_bytes: int = 32_000_000,
    ) -> None:
        self.model = model
        self.pool = pool
        self.positions = positions
        self.limits = limits or Limits()
        self.responses = Responses(cache_bytes)
        self.executor = Executor(model, pool)
        self.counts: Counter[str] = Counter()  # compiled, kept, and the reasons of the ordinary path
        self._plans: OrderedDict[int, tuple[Operation, Compiled]] = OrderedDict()
        self._plan_bytes = 0
        self._introspected: OrderedDict[Any, bytes] = OrderedDict()
        self._restricted: set[UUID] = set()  # organisations in which something was once not for everybody

    # plans

    def plan(self, operation: Operation, variables: Mapping[str, Any], *, veiled: bool = False) -> Compiled:
        """One that holds for the variables. Raises RequestRefused or LeftToExecutor."""
        for plan in operation.plans:
            if plan.holds_for(variables, veiled=veiled):
                self._plans.move_to_end(id(plan))
                return plan
        plan = self.compiler(operation, variables, veiled=veiled).operation(operation.node)
        self._keep(operation, plan)
        return plan

    def compiler(self, operation: Operation, variables: Mapping[str, Any], *, veiled: bool = False) -> Compiler:
        writer = Writer(ORGANISATION, VEIL if veiled else None)
        return Compiler(self.model, operation.fragments, Observed(variables), written_connection, writer)

    def veils(self, viewer: Viewer) -> bool:
        """Whether something may be hidden from the viewer, as far as is known; each statement tells it anew."""
        return not viewer.sees_all and viewer.organisation_id in self._restricted

    def _too_much(self, plan: Compiled, told: Any, viewer: Viewer) -> bool:
        """Whether a statement without a veil was run for somebody from whom something may be hidden."""
        if not plan.scoped or plan.veiled or not told[-1]:
            return False
        self._restricted.add(viewer.organisation_id)
        return not viewer.sees_all

    def _keep(self, operation: Operation, plan: Compiled) -> None:
        operation.plans.append(plan)
        self._plans[id(plan)] = (operation, plan)
        self._plan_bytes += len(plan.text or "")
        while self._plan_bytes > MOST_PLAN_BYTES or len(operation.plans) > PLANS_AN_OPERATION:
            oldest = next(iter(self._plans)) if self._plan_bytes > MOST_PLAN_BYTES else id(operation.plans[0])
            of, out = self._plans.pop(oldest)
            of.plans.remove(out)
            self._plan_bytes -= len(out.text or "")

    # answers

    async def answer(
        self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer, tag: str | None = None
    ) -> Answered:
        """Raises RequestRefused or DocumentRefused; everything else is in the body. `tag`: what the client has
        already."""
        variables = operation.coerce(self.model.schema, raw, self.limits.introspection)
        binding = Binding(variables, viewer, viewer.today())
        if operation.introspects:
            return await self._introspect(operation, raw, binding)
        try:
            plan = self.plan(operation, variables, veiled=self.veils(viewer))
        except LeftToExecutor as left:
            return await self.ordinary(operation, raw, binding, left.reason)
        cost = self.price(plan, variables)
        if plan.text is None:
            return Answered(self._body(plan.constant, None, cost), None)
        asked = Bound(operation, raw, plan, binding, tuple([param.extract(binding) for param in plan.params]), cost)
        if not plan.lasting:
            return await self._read(asked)
        kept = self.responses.get(asked.key) if self.responses.used else None
        if kept is not None or tag is not None:
            reached = await self._reached(viewer.organisation_id)
            if kept is not None and kept.position == reached:
                self._count("kept")
                return Answered(kept.body, reached, kept)
            if tag is not None and tag == asked.tag(reached or 0):
                return Answered(b"", reached, known=tag)
        return await self._read(asked)

    def names_key(self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer) -> bool:
        """Whether an answer tells by which key the viewer came in. Raises what refuses the operation before it is run:
        RequestRefused and DocumentRefused."""
        variables = operation.coerce(self.model.schema, raw, self.limits.introspection)
        try:
            plan = self.plan(operation, variables, veiled=self.veils(viewer))
        except LeftToExecutor:
            return True
        self.price(plan, variables)
        return VIEWER["key"] in plan.params

    def price(self, plan: Compiled, variables: Mapping[str, Any]) -> int:
        cost, path = plan.cost.total(variables)
        if cost > self.limits.cost:
            most = self.limits.cost
            sentence = f"The query costs {cost}, and {most} is the limit; ask for less, most of all under {path}."
            told = {"requested": cost, "limit": most}
            raise RequestRefused("TOO_EXPENSIVE", sentence, cost=told, costliest=path)
        return cost

    def _count(self, path: str, reason: str = "") -> None:
        self.counts[reason or path] += 1
        _counted(path, reason).inc()

    async def reached(self, organisation_id: UUID) -> int:
        """How far the read models are, as the process knows it or the database."""
        return await self._reached(organisation_id) or 0

    async def _reached(self, organisation_id: UUID) -> int | None:
        reached = self.positions.reached(organisation_id)
        if reached is not None:
            return reached
        row = await self.fetch(organisation_id, REACHED, (organisation_id,))
        self._seen(organisation_id, row[0])
        return row[0]

    def _seen(self, organisation_id: UUID, position: int | None) -> None:
        if position is not None and self.positions.sure:
            self.positions.advance(organisation_id, position)

    async def _read(self, asked: "Bound") -> Answered:
        try:
            told = await self.fetch(asked.binding.viewer.organisation_id, asked.plan.text or "", asked.values)
        except FieldNull as null:
            log.error("graphql_field_null", field=null.field)
            return await self.ordinary(asked.operation, asked.raw, asked.binding, "field_error")
        if self._too_much(asked.plan, told, asked.binding.viewer):
            return await self.answer(asked.operation, asked.raw, asked.binding.viewer)
        data, position = told[0], told[1]
        self._count("compiled")
        self._seen(asked.binding.viewer.organisation_id, position)
        position = position or 0
        self.check_positions(asked.plan, asked.binding.variables, position)
        if not asked.plan.lasting:
            return Answered(self._body(data, position, asked.cost), position)
        kept = Kept(position, self._body(data, position, asked.cost), asked.tag)
        if self.responses.used:
            self.responses.put(asked.key, kept)
        return Answered(kept.body, position, kept)

    def check_positions(self, plan: Compiled, variables: Mapping[str, Any], reached: int) -> None:
        """No answer is given as of a position that the read models have not reached."""
        for argument in plan.positions:
            asked = argument.read(variables)
            if asked > reached:
                raise not_reached(asked, reached)

    def _body(self, data: bytes, position: int | None, cost: int) -> bytes:
        at = b'"position":%d,' % position if position is not None else b""
        return b'{"data":%b,"extensions":{%b"cost":{"requested":%d,"limit":%d}}}' % (data, at, cost, self.limits.cost)

    async def fetch(self, organisation_id: UUID, text: str, values: tuple[Any, ...]) -> Any:
        """One row; once more on another connection where that can help. Raises RequestRefused and FieldNull."""
        for attempt in (1, 2):
            try:
                async with self.pool.of(organisation_id) as connection:
                    return await connection.fetchrow(text, *values)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                again = getattr(error, "sqlstate", None) in RETRIED or unavailable(error) == "UNAVAILABLE"
                if attempt == 1 and again and not isinstance(error, TimeoutError):
                    continue
                raise refusal_of(error) from error
        raise AssertionError("unreachable")

    # the ordinary path

    async def ordinary(self, operation: Operation, raw: Mapping[str, Any], binding: Binding, reason: str) -> Answered:
        """graphql-core's own execution over plain rows."""
        self._count("ordinary", reason)
        compiler = self.compiler(operation, binding.variables)
        compiler.lenient = True
        cost = self.price(compiler.operation(operation.node), binding.variables)
        try:
            ran = await self.executor.run(operation, raw, binding)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise refusal_of(error) from error
        body: dict[str, Any] = {"errors": ran.errors} if ran.errors else {}
        body["data"] = ran.data
        body["extensions"] = {"position": ran.position, "cost": {"requested": cost, "limit": self.limits.cost}}
        return Answered(msgspec.json.encode(body), ran.position, partial=bool(ran.errors))

    async def _introspect(self, operation: Operation, raw: Mapping[str, Any], binding: Binding) -> Answered:
        """The schema does not change while the process lives: its answers are kept, and open no connection."""
        if not self.executor.only_introspects(operation):
            return await self.ordinary(operation, raw, binding, "introspection beside data")
        key = (operation.text, operation.name, repr(sorted(binding.variables.items())))
        body = self._introspected.get(key)
        if body is None:
            body = self._introspected[key] = self.executor.introspect(operation, raw)
            if len(self._introspected) > MOST_INTROSPECTED:
                self._introspected.popitem(last=False)
        return Answered(body, None)

    # the position

    async def wait(self, organisation_id: UUID, position: int, seconds: float) -> None:
        """Until the read models have reached it. Raises RequestRefused where they don't in time."""
        reached = await self._reached(organisation_id)
        if (reached or 0) >= position or await self.positions.wait(organisation_id, position, seconds):
            return
        reached = await self._reached(organisation_id)
        if (reached or 0) < position:
            raise not_reached(position, reached or 0)

    async def payload(
        self, operation: Operation, nodes: Sequence[FieldNode], type_name: str, binding: Binding
    ) -> bytes:
        """A mutation's payload, compiled over what the server gives (`binding.given`), as of the command's position."""
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        accepted = binding.given["position"] is not None
        veiled = self.veils(binding.viewer)
        plans = operation.payloads.setdefault((id(nodes[0]), accepted), [])
        plan = next((one for one in plans if one.holds_for(binding.variables, veiled=veiled)), None)
        if plan is None:
            plan = self.compiler(operation, binding.variables, veiled=veiled).payload(type_name, sets, accepted)
            plans.append(plan)
            del plans[:-PLANS_AN_OPERATION]
        self.price(plan, binding.variables)
        values = tuple(param.extract(binding) for param in plan.params)
        told = await self.fetch(binding.viewer.organisation_id, plan.text or "", values)
        if self._too_much(plan, told, binding.viewer):
            return await self.payload(operation, nodes, type_name, binding)
        return told[0]


@dataclass(slots=True)
class Bound:
    """A plan with the values of a request."""

    operation: Operation
    raw: Mapping[str, Any]
    plan: Compiled
    binding: Binding
    values: tuple[Any, ...]
    cost: int

    @property
    def key(self) -> Any:
        return (*self.sight, self.plan.serial, self.values)

    @property
    def sight(self) -> tuple[UUID, bool]:
        """What tells two viewers apart beside the values."""
        viewer = self.binding.viewer
        return viewer.organisation_id, self.plan.scoped and viewer.sees_all

    def tag(self, position: int) -> str:
        """The same in every process, for the same answer."""
        seen = [seen for _, seen in self.plan.observations]
        text = repr((*self.sight, self.operation.name, self.values, seen)) + self.operation.text
        return f'"{position}-{blake2b(text.encode(), digest_size=9).hexdigest()}"'


def data_of(body: bytes) -> bytes:
    """A body but for its extensions, which stand last and change with every position."""
    return body.rpartition(b',"extensions":')[0]


def not_reached(asked: int, reached: int) -> RequestRefused:
    """The refusal for a position that lies ahead."""
    sentence = f"Ask again in a moment: position {asked} is not reached; the read models stand at {reached}."
    return RequestRefused("POSITION_NOT_REACHED", sentence, asked=asked, reached=reached)


class FieldNull(Exception):
    """A field that must not be null was; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def refusal_of(error: BaseException) -> Exception:
    """What a failed read is told as; nothing of the database's own text."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state == "22P02" and f'"{NON_NULL}' in str(error):
        return FieldNull(str(error).partition(NON_NULL)[2].partition('"')[0])
    if state == "57014":
        return RequestRefused("TIMEOUT", "Ask for less at once; the answer took too long.")
    away = unavailable(error)
    if away is not None or isinstance(error, (asyncpg.InterfaceError, OSError, asyncio.TimeoutError)):
        return RequestRefused(away or "UNAVAILABLE", "Ask again in a moment; the database does not answer.")
    if state == "54001":
        return RequestRefused("TOO_COMPLEX", "Nest the query less deeply.")
    if state.startswith("22"):
        return RequestRefused("BAD_INPUT", "A value lies outside what can be reckoned with; correct the arguments.")
    return error if isinstance(error, Exception) else RuntimeError(str(error))
