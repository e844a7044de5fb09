"""Trusted documents: those that an operator has put into a folder, asked for by the SHA-256 of their text."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

from api.graphql.document import Documents
from api.graphql.refusals import DocumentRefused, RequestRefused
from infra.settings import SettingsInvalid
from infra.telemetry import log

Trust = Literal["open", "prefer", "only"]
SCHEME = "sha256:"


def digest_of(text: str) -> str:
    """As a client names the document, without the scheme."""
    return sha256(text.encode()).hexdigest()


def named_in(given: Mapping[str, Any]) -> str | None:
    """The digest that a request names, as `documentId` or in Apollo's extension; raises RequestRefused for what is
    none."""
    extensions = given.get("extensions")
    persisted = cast(dict[str, Any], extensions).get("persistedQuery") if isinstance(extensions, dict) else None
    name = given.get("documentId")
    if name is None and isinstance(persisted, dict):
        name = SCHEME + str(cast(dict[str, Any], persisted).get("sha256Hash"))
    if name is None:
        return None
    if not isinstance(name, str) or not name.startswith(SCHEME):
        raise RequestRefused("BAD_REQUEST", f"Send documentId as `{SCHEME}` and the SHA-256 of the document.")
    return name.removeprefix(SCHEME).lower()


class Trusted:
    """`open` takes every document, `prefer` logs those that are not trusted, `only` refuses them."""

    def __init__(self, files: Mapping[str, str], trust: Trust = "open") -> None:
        self.files = files  # texts by name
        self.documents = {digest_of(text): text for text in files.values()}
        self.trust = trust

    @classmethod
    def of(cls, folder: str | None, trust: Trust) -> "Trusted":
        """Every file `*.graphql` of the folder is one; raises SettingsInvalid where the folder can't be read."""
        try:
            paths = sorted(path for path in Path(folder).iterdir() if path.suffix == ".graphql") if folder else []
            return cls({path.name: path.read_text(encoding="utf-8") for path in paths}, trust)
        except (OSError, UnicodeDecodeError):
            sentence = "Correct HEADWAY_GRAPHQL_DOCUMENTS: name a folder of readable UTF-8 files."
            raise SettingsInvalid(sentence) from None

    def verify(self, documents: Documents) -> None:
        """Raises SettingsInvalid for a file that the schema does not take."""
        for name, text in self.files.items():
            try:
                documents.get(text)
            except DocumentRefused as refused:
                raise SettingsInvalid(f"Correct {name}, a trusted document: {refused.errors[0].message}") from None
            except RequestRefused as refused:
                raise SettingsInvalid(f"Correct {name}, a trusted document: {refused.sentence}") from None

    def text_of(self, query: object, named: str | None) -> str:
        """Raises RequestRefused."""
        if query is None and named is not None:
            known = self.documents.get(named)
            if known is None:
                raise RequestRefused("PERSISTED_QUERY_NOT_FOUND", "Send the document; none is known by this id.")
            return known
        if not isinstance(query, str):
            raise RequestRefused("BAD_REQUEST", "Send the document as the text `query`.")
        if self.trust != "open" and digest_of(query) not in self.documents:
            if self.trust == "only":
                raise RequestRefused("DOCUMENT_NOT_TRUSTED", "Ask by one of the documents that the operator trusts.")
            log.info("graphql_document_not_trusted", digest=digest_of(query))
        return query
