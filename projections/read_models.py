"""Every read model, in the order in which their SQL is installed."""

from projections import (
    access,
    accountability,
    alignment,
    capacity,
    celebrations,
    escalations,
    following,
    history,
    labels,
    measures,
    milestones,
    notices,
    organisation,
    practice,
    reviews,
    search,
    sources,
    webhooks,
    work,
)
from projections.rows import Projection

PROJECTIONS: tuple[Projection, ...] = (
    Projection("access", access.TABLES, access.revisions),
    Projection("organisation", organisation.TABLES, organisation.revisions),
    Projection("alignment", alignment.TABLES, alignment.revisions),
    Projection("accountability", accountability.TABLES, accountability.revisions),
    Projection("milestones", milestones.TABLES, milestones.revisions),
    Projection("celebrations", celebrations.TABLES, celebrations.revisions),
    Projection("capacity", capacity.TABLES, capacity.revisions),
    Projection("work", work.TABLES, work.revisions),
    Projection("practice", practice.TABLES, practice.revisions),
    Projection("escalations", escalations.TABLES, escalations.revisions),
    Projection("reviews", reviews.TABLES, reviews.revisions),
    Projection("measures", measures.TABLES, measures.revisions),
    Projection("history", history.TABLES, history.revisions),
    Projection("labels", labels.TABLES, labels.revisions),
    Projection("following", following.TABLES, following.revisions),
    Projection("search", search.TABLES, search.revisions),
    Projection("sources", sources.TABLES, sources.revisions),
    Projection("webhooks", webhooks.TABLES, webhooks.revisions),
    Projection("notices", notices.TABLES, notices.revisions),
)
# files of functions alone, over the tables of several projections
DERIVED: tuple[str, ...] = (
    "figures",
    "progress",
    "map",
    "sight",
    "promises",
    "load",
    "worth_celebrating",
    "cycle_review",
    "advice",
    "telling",
    "comparing",
    "public_events",
    "ahead",
    "deliveries",
)
NAMES: tuple[str, ...] = tuple(projection.name for projection in PROJECTIONS)
