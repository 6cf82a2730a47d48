"""Errors as problem details (RFC 9457): the sentences of the toolkit, each with a status."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from pekit_agents.errors import (
    AmbiguousName,
    ClipError,
    ImageError,
    InvalidInput,
    MemoryStoreError,
    NoObjectFound,
    ObjectChanged,
    ObjectExists,
    ObjectNotFound,
    PeKitError,
    ProfileError,
    WriteConflict,
)
from pekit_agents.server.work import RequestRefused, ServerBusy, TooManyRequests
from pekit_agents.tools.action_result import NAMELESS, ActionError
from pekit_agents.tools.clip_store import UnknownClip
from pekit_agents.tools.image_store import UnknownImage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROBLEM_JSON", "Problem", "problem_of"]

PROBLEM_JSON = "application/problem+json"

#: Of several that fit, the first: subclasses stand before what they are.
_KINDS: tuple[tuple[type[PeKitError], int, str, str], ...] = (
    (UnknownImage, 404, "picture-not-found", "No such picture"),
    (UnknownClip, 404, "clip-not-found", "No such clip"),
    (ClipError, 422, "unreadable-clip", "The clip cannot be used"),
    (ImageError, 422, "unreadable-picture", "The picture cannot be used"),
    (InvalidInput, 422, "invalid-input", "The request cannot be used as it is"),
    (NoObjectFound, 422, "no-object-found", "Nothing to remember was found in a photo"),
    (ObjectNotFound, 404, "not-found", "No such thing"),
    (ObjectExists, 409, "name-taken", "The name is taken"),
    (ObjectChanged, 412, "changed-meanwhile", "It was changed meanwhile"),
    (AmbiguousName, 409, "ambiguous-name", "Several things have that name"),
    (TooManyRequests, 429, "too-many-requests", "Too many requests"),
    (ServerBusy, 503, "busy", "The server is busy"),
    (WriteConflict, 503, "write-conflict", "Others were writing"),
    (ProfileError, 501, "not-set-up", "The server is not set up for this"),
    (MemoryStoreError, 503, "memory-unavailable", "The memory cannot be used"),
    (PeKitError, 400, "refused", "The request was refused"),
)
_WAIT = 5  # seconds, for what may go away by itself


class Problem(HTTPException):
    """A request that is answered with problem details.

    Args:
        status: The HTTP status.
        detail: What was expected, what was found and what to do about it.
        kind: What it is, as the last part of the ``type``.
        title: The same in words that are always the same.
        headers: Further headers of the answer.
        members: Further members of the body.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        phrase = HTTPStatus(status).phrase
        self.kind = kind or phrase.casefold().replace(" ", "-")
        self.title, self.members = title or phrase, members

    def body(self) -> dict[str, Any]:
        """Return the problem details."""
        return {
            "type": f"urn:pekit-agents:problem:{self.kind}",
            "title": self.title,
            "status": self.status_code,
            "detail": self.detail,
            **self.members,
        }


def problem_of(exc: PeKitError) -> Problem:
    """Return the problem that an error of the toolkit is to who sent the request."""
    cause = exc.__cause__ if isinstance(exc, ActionError) else None
    told = cause if isinstance(cause, PeKitError) else exc
    status, kind, title = next(
        (status, kind, title) for each, status, kind, title in _KINDS if isinstance(told, each)
    )
    wait = told.retry_after if isinstance(told, RequestRefused) else _WAIT
    headers = {"Retry-After": str(wait)} if status in (429, 503) else {}
    # A photo that was sent has no other name than its bytes.
    return Problem(status, NAMELESS.sub("", exc.message), kind=kind, title=title, headers=headers)
