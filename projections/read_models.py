"""Every read model, in the order in which their SQL is installed."""

from projections import access, accountability, alignment, history, organisation, practice, progress
from projections.rows import Projection

PROJECTIONS: tuple[Projection, ...] = (
    Projection("access", access.TABLES, access.revisions),
    Projection("organisation", organisation.TABLES, organisation.revisions),
    Projection("alignment", alignment.TABLES, alignment.revisions),
    Projection("accountability", accountability.TABLES, accountability.revisions),
    Projection("practice", practice.TABLES, practice.revisions),
    Projection("progress", progress.TABLES, progress.revisions),
    Projection("history", history.TABLES, history.revisions),
)
NAMES: tuple[str, ...] = tuple(projection.name for projection in PROJECTIONS)
