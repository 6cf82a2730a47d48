"""``Once``: what a request stores, stored once for each ``Idempotency-Key``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.server.work import Work

__all__ = ["Once"]

_REPEATED = "Idempotency-Repeated"


@dataclass(frozen=True, slots=True)
class _Storing:
    """Stores for one request.

    Attributes:
        key: What the client calls the request; None where it does not say.
    """

    key: str | None
    _service: Service
    _user_id: str
    _place: str
    _response: Response

    async def see(self, digest: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do some work with photos, unless it was done for this key.

        Args:
            digest: A hash of what the request holds.
            work: Does it and returns what was done, as JSON-ready values without names or texts.

        Raises:
            RequestRefused: Too much waits.
            Problem: The key is in use, or another request's.
        """
        return await self._done(self._service.vision, digest, work)

    async def look_up(self, digest: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do some work without photos, as :meth:`see` does.

        Raises:
            RequestRefused: Too much waits.
            Problem: The key is in use, or another request's.
        """
        return await self._done(self._service.records, digest, work)

    def object_id(self) -> str | None:
        """Return the id of what the request introduces, the same each time; None without a key."""
        return None if self.key is None else self._digits("object", 32)

    def view_ids(self, count: int) -> list[str] | None:
        """Return ids of the views that the request adds, as :meth:`object_id` does."""
        if self.key is None:
            return None
        return [self._digits(f"view {number}", 12) for number in range(count)]

    async def _done(
        self, threads: Work, digest: str, work: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        user, key = self._user_id, self.key
        if key is None:
            return await threads.run(user, work)
        told = hashlib.sha256(f"{self._place}\n{digest}".encode()).hexdigest()
        once = self._service.finished.once
        done, repeated = await threads.run(user, once, user, key, told, work)
        if repeated:
            self._response.headers[_REPEATED] = "true"
        return done

    def _digits(self, what: str, count: int) -> str:
        told = f"{what}\n{self._user_id}\n{self._place}\n{self.key}"
        return hashlib.sha256(told.encode()).hexdigest()[:count]


def _storing(
    request: Request,
    response: Response,
    service: ServiceOf,
    user: UserOf,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="Your own name for this request. Sent again within a day with the same "
            "key, it is not done again.",
            examples=["5f6d1f0e-6c1b-4d0a-9e43-1b7d9d3c2a10"],
        ),
    ] = None,
) -> _Storing:
    place = f"{request.method} {request.url.path}?{request.url.query}"
    return _Storing(key, service, user, place, response)


Once = Annotated[_Storing, Depends(_storing)]
