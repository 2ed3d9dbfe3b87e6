"""Folding ops into documents (SPEC, section 7)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Document:
    """What the ops of one kind and key add up to."""

    kind: str
    key: str
    cursor: int
    data: Any
    redacted: bool = False


def fold(document: Document | None, op: dict) -> Document | None:
    """Returns the document after an op of it, or None for none. An op that it has already changes nothing (STATE-3)."""
    if op.get("hidden") or (document and op["cursor"] <= document.cursor):
        return document
    verb, data, redacted = op.get("verb"), op.get("data"), bool(op.get("redacted"))
    if verb == "remove":
        return None
    if verb is None:
        data, redacted = (document.data if document else {}), True
    elif verb == "append":
        before = document.data if document and isinstance(document.data, dict) else {}
        old = before.get(data["field"])
        text = old + data["text"] if isinstance(old, str) else data["text"]
        data = {**before, data["field"]: _paired(text)}
        redacted = redacted or bool(document and document.redacted)
    return Document(op["kind"], op["key"], op["cursor"], data, redacted)


def _paired(text: str) -> str:
    """Joins halves of a surrogate pair that came in two ops (FOLD-4); keeps lone ones."""
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
