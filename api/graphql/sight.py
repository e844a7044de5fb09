"""What a viewer may not see (R15), told once for each table of the read model.

A statement for somebody from whom something may be hidden bears these predicates on every alias of every table, however
its rows are reached: as a question, a relation, a count, an order, a cursor, a union, or in a filter's sub-select.
Functions of the read model know no viewer, so that numbers are equal for every reader.

What is hidden now is hidden in the past as well, for the past names it too; what is open now is open in the past.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api.graphql.templates import VIEWER, Places, filled
from api.graphql.writing import Moment, Sql, Writer, sql

OF_OUTCOME = "{c}.outcome_id not in {hidden}"
OF_ENTITY = "{c}.entity_id not in {hidden} and coalesce(outcome_of({org}, {c}.entity_id) not in {hidden}, true)"
SCOPES: Mapping[str, str] = {
    "outcome": "{c}.id not in {hidden}",
    "alignment": OF_OUTCOME + " and ({c}.higher_id is null or {c}.higher_id not in {hidden})",
    "measure": OF_OUTCOME,
    "measure_terms": "exists (select from measure m where m.organisation_id = {org} and m.id = {c}.measure_id"
    " and m.until is null and m.outcome_id not in {hidden})",
    "reading": "{c}.outcome_id is null or " + OF_OUTCOME,
    "source": "{c}.outcome_id is null or " + OF_OUTCOME,
    "boundary": OF_OUTCOME,
    "breach": OF_OUTCOME,
    "check_in": OF_OUTCOME,
    "acknowledgement": "{c}.outcome_id is null or " + OF_OUTCOME,
    "comment": OF_ENTITY.replace("entity_id", "about_id"),
    "decided_of": OF_OUTCOME,
    "missed_check_in": OF_OUTCOME,
    "outcome_share": OF_OUTCOME,
    "grade": "{c}.id not in {hidden}",
    # To whom a promise went tells the leads of the outcome that it served; whoever it went to is told all the same.
    "escalation": "({c}.outcome_id is null or " + OF_OUTCOME + ") and ({c}.serves_id is null or {c}.serves_id not in"
    " {hidden} or exists (select from escalated_to x where x.organisation_id = {org} and x.escalation_id = {c}.id"
    " and x.person_id = {viewer.person} and x.until is null))",
    "escalated_to": "{c}.outcome_id is null or {c}.person_id = {viewer.person} or " + OF_OUTCOME,
    "worked_on": "{c}.id not in {hidden}",
    "succession": OF_OUTCOME + " and {c}.successor_id not in {hidden}",
    "cadence": "{c}.outcome_id is null or " + OF_OUTCOME,
    "tagging": OF_ENTITY,
    "link": OF_ENTITY,
    "following": OF_ENTITY,
    "findable": OF_ENTITY.replace("entity_id", "id"),
    "milestone": OF_OUTCOME,
    "former_day": OF_OUTCOME,
    "awaited_milestone": OF_OUTCOME + " and {c}.awaited_outcome_id not in {hidden}",
    "celebration": "{c}.outcome_id is null or " + OF_OUTCOME,
    "celebrated_person": "{c}.outcome_id is null or " + OF_OUTCOME,
    "cheer": "{c}.outcome_id is null or " + OF_OUTCOME,
    "initiative": OF_OUTCOME,
    "reference": OF_ENTITY,
    # What tells of a webhook that was disabled tells of nothing else.
    "entry": "{c}.type like 'task.%' and {c}.type <> 'task.escalated' or {c}.type = 'webhook.disabled'"
    " or {c}.position not in {hidden:positions}",
    "concerned": "{c}.id not in {hidden} and not exists (select from initiative i where i.organisation_id = {org}"
    " and i.until is null and i.id = {c}.id and i.outcome_id in {hidden})",
}
# Tables that name an outcome and are seen by all: a task is a promise between people, and does not name what it serves
# where that is hidden; who may read an outcome is told nowhere, and a webhook to whoever subscribed it alone.
SEEN_BY_ALL = frozenset({"task", "outcome_reader", "webhook"})
# Whether anything was ever restricted: an index holds these rows alone, so that it costs next to nothing where not.
RESTRICTED = "exists (select from outcome v where v.visibility <> 'ORGANISATION' and v.organisation_id = "


@dataclass(frozen=True, slots=True)
class Veil:
    """Keeps from a statement what its viewer may not see."""

    scopes: Mapping[str, str]

    def predicate(self, writer: Writer, table: str, alias: str, moment: Moment) -> Sql | None:
        """What every row of the table has to fulfil."""
        scope = self.scopes.get(table)
        return filled(scope, Places(writer, moment, child=alias)) if scope else None

    def hidden(self, writer: Writer, what: str) -> Sql:
        """A sub-select of the ids of the hidden outcomes, or of the positions of what was recorded of them."""
        outcomes = sql("select h.id from hidden_outcomes(", writer.organisation, ", ", VIEWER["person"], ") h")
        writer.once("hidden", outcomes)
        if what != "positions":
            return sql("(select h.id from hidden h)")
        recorded = sql(
            "select k.position from hidden h cross join lateral hidden_with(",
            writer.organisation,
            ", h.id) w join concerned k on k.id = w.id where k.until is null and k.organisation_id = ",
            writer.organisation,
        )
        writer.once("hidden_positions", recorded)
        return sql("(select h.position from hidden_positions h)")


VEIL = Veil(SCOPES)
