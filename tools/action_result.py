"""What a verb gives back: a result, or an error that its caller can mend."""

from __future__ import annotations

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

__all__ = ["ActionError", "ActionResult", "fixable"]

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
    """Turn the errors that a model can mend into :class:`ActionError`; others pass."""
    try:
        yield
    except _FIXABLE as exc:
        raise ActionError(str(exc)) from exc
