"""Who leads whom: a lead of a team leads its members, and those of the teams below it."""

from uuid import UUID

from domain.duties import Teams
from domain.kernel import Reads
from domain.people import Membership, TeamAbove


class Leading:
    """Whether somebody leads a team that a person belongs to, or one above it."""

    def __init__(self, lead_id: UUID, person_id: UUID) -> None:
        self.lead_id, self.person_id = lead_id, person_id
        self.leads = False

    def reads(self) -> Reads:
        """The teams of the person first, then one generation of teams after the other."""
        teams = Teams(self.person_id)
        yield [teams]
        theirs = [Membership(self.person_id, one) for one in sorted(teams.team_ids)]
        yield [*theirs]
        rising = {one for one, membership in zip(sorted(teams.team_ids), theirs, strict=True) if membership.joined}
        seen: set[UUID] = set()
        while rising:
            seen |= rising
            above = [TeamAbove(one) for one in sorted(rising)]
            memberships = [Membership(self.lead_id, one) for one in sorted(rising)]
            yield [*above, *memberships]
            self.leads = self.leads or any(one.lead for one in memberships)
            rising = {one.parent_id for one in above if one.parent_id} - seen
