"""Metrics and logs: what an operator watches. No organisation, person or text is ever a label or a field."""

import logging
import sys

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

COMMANDS = Counter(
    "headway_commands", "Commands by name and what became of them.", ["command", "outcome"], registry=REGISTRY
)
APPEND_SECONDS = Histogram(
    "headway_append_seconds", "From handing a batch to the database to its answer.", buckets=_FAST, registry=REGISTRY
)
APPEND_BATCH = Histogram(
    "headway_append_batch_size", "Commands in one append.", buckets=(1, 2, 4, 8, 16, 32, 64), registry=REGISTRY
)
APPEND_CONFLICTS = Counter(
    "headway_append_conflicts", "Commands decided again because of a conflict.", registry=REGISTRY
)
_FOLDS = Counter("headway_folds", "Folds by where they came from.", ["source"], registry=REGISTRY)
FOLDS_WARM, FOLDS_COLD, FOLDS_PRESUMED = (_FOLDS.labels(source) for source in ("warm", "read", "presumed"))
STALE_REFUSALS = Counter(
    "headway_stale_refusals", "Refusals on warm folds that a fresh look took back.", registry=REGISTRY
)
PROJECTED = Counter("headway_projected_events", "Events projected.", registry=REGISTRY)
PROJECTION_LAG_EVENTS = Gauge(
    "headway_projection_lag_events", "Positions the read models lag behind, summed.", ["projection"], registry=REGISTRY
)
PROJECTION_LAG_SECONDS = Histogram(
    "headway_projection_lag_seconds", "From recorded to projected.", buckets=_FAST, registry=REGISTRY
)
PROJECTIONS_STOPPED = Gauge(
    "headway_projections_stopped", "Projections of organisations that a failing event has stopped.", registry=REGISTRY
)
NOTED = Counter("headway_noted_facts", "Facts that the timekeeper has noted.", registry=REGISTRY)
VAULT_ERRORS = Counter(
    "headway_vault_errors", "Times that the vault did not answer, or lacked a key.", registry=REGISTRY
)
CHECKPOINTS = Counter("headway_checkpoints", "Checkpoints signed.", registry=REGISTRY)
CHECKPOINTS_REFUSED = Counter(
    "headway_checkpoints_refused", "Checkpoints not signed because history does not continue.", registry=REGISTRY
)
ANNOUNCED = Counter("headway_webhook_deliveries", "Deliveries made for webhooks.", registry=REGISTRY)
DELIVERED = Counter("headway_webhook_tries", "Deliveries tried, by what came of it.", ["result"], registry=REGISTRY)
DELIVERY_SECONDS = Histogram(
    "headway_webhook_seconds", "From recorded to accepted at the first try.", buckets=_FAST, registry=REGISTRY
)
NOTICES = Counter(
    "headway_notices", "Notices tried, by channel and by what came of it.", ["channel", "result"], registry=REGISTRY
)
QUERIES = Counter(
    "headway_graphql_operations", "GraphQL operations by path and reason.", ["path", "reason"], registry=REGISTRY
)
LIVE_QUERIES = Gauge("headway_live_queries", "Live queries that somebody listens to.", registry=REGISTRY)
LIVE_GROUPS = Gauge("headway_live_groups", "Groups of equal live queries, each asked once a change.", registry=REGISTRY)
_LIVE_ASKED = Counter(
    "headway_live_asked", "Times that a group was asked, by what came of it.", ["outcome"], registry=REGISTRY
)
LIVE_CHANGED, LIVE_UNCHANGED, LIVE_FAILED = (
    _LIVE_ASKED.labels(outcome) for outcome in ("changed", "unchanged", "failed")
)
REQUEST_SECONDS = Histogram(
    "headway_http_request_seconds",
    "Requests by route and status class.",
    ["route", "status"],
    buckets=_FAST,
    registry=REGISTRY,
)
POOL_CONNECTIONS = Gauge(
    "headway_pool_connections", "Database connections by pool and state.", ["pool", "state"], registry=REGISTRY
)

log: structlog.stdlib.BoundLogger = structlog.get_logger("headway")


def configure_logs(level: str) -> None:
    """One JSON line an event on standard error, whoever tells it; the renderer escapes what could forge a line."""
    chain: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]), handlers=[others], force=True
    )
