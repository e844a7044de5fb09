"""Every read model, in the order in which their SQL is installed."""

from projections import access, accountability, alignment, history, measures, organisation, practice
from projections.rows import Projection

PROJECTIONS: tuple[Projection, ...] = (
    Projection("access", access.TABLES, access.revisions),
    Projection("organisation", organisation.TABLES, organisation.revisions),
    Projection("alignment", alignment.TABLES, alignment.revisions),
    Projection("accountability", accountability.TABLES, accountability.revisions),
    Projection("practice", practice.TABLES, practice.revisions),
    Projection("measures", measures.TABLES, measures.revisions),
    Projection("history", history.TABLES, history.revisions),
)
# files of functions alone, over the tables of several projections
DERIVED: tuple[str, ...] = ("figures", "progress", "map", "sight")
NAMES: tuple[str, ...] = tuple(projection.name for projection in PROJECTIONS)
