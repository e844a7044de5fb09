"""Every read model, in the order in which their SQL is installed."""

from projections import access, accountability, alignment, history, progress
from projections.rows import Projection

PROJECTIONS: tuple[Projection, ...] = (
    Projection("access", access.TABLES, access.revisions),
    Projection("alignment", alignment.TABLES, alignment.revisions),
    Projection("accountability", accountability.TABLES, accountability.revisions),
    Projection("progress", progress.TABLES, progress.revisions),
    Projection("history", history.TABLES, history.revisions),
)
NAMES: tuple[str, ...] = tuple(projection.name for projection in PROJECTIONS)
