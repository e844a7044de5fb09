"""Root questions: who there is, and when."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.alignment import Cycle
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.organisation import (
    NAME_ORDERS,
    TEAM_FILTERS,
    NameOrder,
    Organisation,
    Person,
    Team,
    TeamFilter,
    Viewer,
)


@stands_on(None)
class OrganisationQuestions:
    """Who there is, and when."""

    @mapped(Relation())
    def organisation(self, as_of: AsOf | None = UNSET) -> Organisation | None:
        """The organisation that the key belongs to."""
        raise NotCompiled

    @mapped(Relation(source="(select {viewer.person} as person_id, {viewer.role} as role)"))
    def viewer(self, as_of: AsOf | None = UNSET) -> Viewer:
        """Who is asking."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def team(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Team | None:
        """One team."""
        raise NotCompiled

    @mapped(
        Relation(
            where="({a.include_former} or {c}.disbanded_on is null)",
            order=NAME_ORDERS,
            filters=TEAM_FILTERS,
            typical=50,
        )
    )
    def teams(
        self,
        *,
        filter: TeamFilter | None = UNSET,
        include_former: bool = False,
        order_by: NameOrder = NameOrder.NAME,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Team]:
        """The teams; those disbanded only where asked for."""
        raise NotCompiled

    @mapped(Relation(where="({a.include_former} or {c}.left_on is null)", order=NAME_ORDERS, typical=50))
    def people(
        self,
        *,
        include_former: bool = False,
        order_by: NameOrder = NameOrder.NAME,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Person]:
        """The people; those who have left only where asked for."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def cycle(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Cycle | None:
        """One of them."""
        raise NotCompiled

    @mapped(Relation(order=order("starts_on date desc", unique="id uuid desc")))
    def cycles(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Cycle]:
        """The latest first."""
        raise NotCompiled
