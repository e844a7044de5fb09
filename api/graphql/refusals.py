"""What a GraphQL request is refused with before or instead of an answer: a code, a sentence, perhaps a place."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError


class RequestRefused(Exception):
    """The whole request is refused; `extensions` are told beside the code."""

    def __init__(self, code: str, sentence: str, **extensions: Any) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.extensions = extensions

    def formatted(self) -> dict[str, Any]:
        return {"message": self.sentence, "extensions": {"code": self.code, **self.extensions}}


class DocumentRefused(Exception):
    """A document that cannot be run: GraphQL errors, each under the code."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors

    def formatted(self) -> list[Mapping[str, Any]]:
        return [with_code(error, self.code) for error in self.errors]


def with_code(error: GraphQLError, code: str) -> dict[str, Any]:
    """An error as it is answered."""
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["extensions"] = {"code": code} | dict(error.extensions or {})
    return formatted
