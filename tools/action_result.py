"""What a verb gives back: ``ActionResult``, or ``ActionError``, which a model can mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pekit_agents.errors import (
    AmbiguousName,
    InvalidInput,
    NoObjectFound,
    ObjectExists,
    ObjectNotFound,
    PeKitError,
)
from pekit_agents.wording.messages import NOTHING_STORED

__all__ = ["NAMELESS", "ActionError", "ActionResult", "fixable"]

#: What a model can do about an error, where that is another thing than a programmer can do.
_REMEDIES: dict[type[PeKitError], str] = {
    NoObjectFound: ", or describe it by another category",
    ObjectExists: "; if it is the same thing, add photos to it with add_photos; "
    "otherwise choose another name",
}
#: What stands in an error of a picture in memory for its file.
NAMELESS = re.compile(r"<bytes, [^>]*>: ")
_FIXABLE = (InvalidInput, NoObjectFound, ObjectNotFound, ObjectExists, AmbiguousName)


class ActionError(PeKitError):
    """The caller of a verb, a model, can put it right: the message says how."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What a verb did.

    Attributes:
        text: All of it in words; it stands alone.
        record: All of it as JSON-ready values; pictures by handle.
        images: Handles of the pictures worth looking at.
    """

    text: str
    record: dict[str, Any]
    images: tuple[str, ...] = field(default=())


@contextmanager
def fixable() -> Iterator[None]:
    """Turn the errors that a model can mend into :class:`ActionError`; others pass.

    It says what the model can do, with tools; what is for programmers is left out.
    """
    try:
        yield
    except _FIXABLE as exc:
        raise ActionError(_for_a_model(exc)) from exc


def _for_a_model(exc: PeKitError) -> str:
    """Return what an error says without what only a programmer can do."""
    said = NAMELESS.sub("", exc.message).rstrip(".;, ")
    said, stored, _ = said.partition(NOTHING_STORED)
    return f"{said}{_REMEDIES.get(type(exc), '')}{stored}."
