"""Lists in pages: ``Page`` is the one that is wanted, and cuts it out."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, Response

from pekit_agents.server.problems import Problem

__all__ = ["PAGED", "Page"]

_T = TypeVar("_T")

_LINK = {
    "description": 'The URL of the next page, `rel="next"`; not on the last one.',
    "schema": {"type": "string"},
}
#: How the OpenAPI describes the answer with a page.
PAGED: dict[int | str, dict[str, Any]] = {200: {"headers": {"Link": _LINK}}}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The page that is asked for."""

    _request: Request
    _response: Response
    _limit: int
    _cursor: str | None

    def of(
        self, items: Sequence[_T], key: Callable[[_T], tuple[Any, ...]]
    ) -> tuple[list[_T], str | None]:
        """Return a page of items and the cursor of the next one; the answer links to it.

        A page begins after the place of the last item before, whether that is still there or not.

        Args:
            items: All of them.
            key: What they are ordered by, different for each: texts and numbers.

        Raises:
            Problem: The cursor is none.
        """
        ordered = sorted(items, key=key)
        if self._cursor is not None:
            after = _place(self._cursor)
            try:
                ordered = [item for item in ordered if key(item) > after]
            except TypeError as exc:
                raise _no_cursor() from exc
        page = ordered[: self._limit]
        if len(page) == len(ordered):
            return page, None
        told = json.dumps(key(page[-1])).encode()
        cursor = base64.urlsafe_b64encode(told).decode().rstrip("=")
        url = self._request.url.include_query_params(cursor=cursor)
        self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page, cursor


def _wanted(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200, description="The most on one page.")] = 50,
    cursor: Annotated[
        str | None, Query(description="`next` of the page before; the first page without it.")
    ] = None,
) -> _Wanted:
    return _Wanted(request, response, limit, cursor)


Page = Annotated[_Wanted, Depends(_wanted)]


def _place(cursor: str) -> tuple[Any, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as exc:
        raise _no_cursor() from exc
    if not isinstance(place, list):
        raise _no_cursor()
    return tuple(place)


def _no_cursor() -> Problem:
    return Problem(
        422,
        "cursor: expected the next of a page before, found something else; begin with the first "
        "page, without a cursor",
        kind="invalid-cursor",
    )
