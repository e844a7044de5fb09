"""What went wrong, as a person and a program can read it: RFC 9457 problem details with a stable code."""

from collections.abc import Sequence

import msgspec
from litestar import Response

from domain.codes import (
    CONFLICT,
    IDEMPOTENCY_KEY_REUSED,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON_REQUIRED,
    STALE_POSITION,
    Code,
)
from domain.kernel import Refused
from domain.values import Invalid

# Refusals are 422 but for these.
STATUS_OF_CODE = {
    CONFLICT.name: 409,
    STALE_POSITION.name: 412,
    NOT_ALLOWED.name: 403,
    PERSON_REQUIRED.name: 403,
    NOT_FOUND.name: 404,
    INVALID.name: 400,
    IDEMPOTENCY_KEY_REUSED.name: 422,
}

TITLES = {
    400: "The request cannot be read",
    401: "Who is asking is not known",
    403: "Not allowed",
    404: "Not found",
    405: "No such method here",
    409: "Conflict",
    412: "Changed in between",
    413: "Too large",
    415: "No such media type here",
    422: "Refused by a rule",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Not available for the moment",
}


class ProblemBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The JSON of a problem."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    rule: str = ""
    fields: tuple[str, ...] = ()


class Problem(Exception):
    """Any request that is not answered as asked; `detail` says what to do next."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        rule: str = "",
        fields: Sequence[str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.detail = detail
        self.rule = rule
        self.fields = tuple(fields)
        self.headers = headers or {}

    def body(self) -> ProblemBody:
        return ProblemBody(
            type=f"urn:headway:problem:{self.code.lower().replace('_', '-')}",
            title=TITLES.get(self.status, "Refused"),
            status=self.status,
            code=self.code,
            detail=self.detail,
            rule=self.rule,
            fields=self.fields,
        )

    def response(self) -> Response[bytes]:
        return Response(
            msgspec.json.encode(self.body()),
            status_code=self.status,
            media_type="application/problem+json",
            headers=self.headers,
        )


def of_code(code: Code, sentence: str, fields: Sequence[str] = ()) -> Problem:
    """With the status that the code stands for."""
    return Problem(STATUS_OF_CODE.get(code.name, 422), code.name, sentence, rule=code.rule, fields=fields)


def refused(refusal: Refused) -> Problem:
    """A rule said no."""
    return of_code(refusal.code, refusal.sentence, refusal.fields)


def invalid(error: Invalid) -> Problem:
    """A value that cannot be meant."""
    return of_code(INVALID, error.sentence, [error.field] if error.field else [])


def unavailable(code: str = "UNAVAILABLE") -> Problem:
    """The database can't serve for the moment; nothing that was acknowledged is lost."""
    sentence = "Send the request again in a moment; the database does not answer."
    if code == "STORAGE_FULL":
        sentence = "Nothing can be recorded before the operator makes room on the database's disk; reading goes on."
    return Problem(503, code, sentence, headers={"retry-after": "2"})


def fault(reference: str) -> Problem:
    """An error of ours; what it was stands in the log under the reference."""
    return Problem(500, "INTERNAL", f"Tell the operator this reference: {reference}.")
