"""What the client is asked during a call: its roots, or to open a page.

Up to the protocol of 2025-11-25 a server sends the client a request, where the transport can carry
one; from 2026-07-28 on it answers the call with what it needs, and the call comes again with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import uuid4

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.types import (
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from pekit_agents.server.photo_folders import folder_of

__all__ = ["Call", "roots_of", "shown_page"]

Call: TypeAlias = "tuple[ServerRequestContext[Any, Any], CallToolRequestParams]"

_Answer = TypeVar("_Answer", bound="ListRootsResult | ElicitResult")
#: A program answers this at once, and one that does not is taken to have none.
_ROOTS_SECONDS = 10


async def roots_of(call: Call) -> list[Path] | InputRequiredResult:
    """Return the folders that the client says are its roots.

    Only what a client says that runs on this machine, as this user, is worth anything.

    Returns:
        The folders; ``[]`` where it has none or cannot say, or the answer to the call that asks.
    """
    told = call[0].session.client_capabilities
    if told is None or told.roots is None:
        return []
    answer = await _answer(call, "roots", ListRootsRequest(), ListRootsResult, _ROOTS_SECONDS)
    if isinstance(answer, InputRequiredResult):
        return answer
    uris = [] if answer is None else [str(root.uri) for root in answer.roots]
    return [folder for folder in map(folder_of, uris) if folder is not None]


async def shown_page(call: Call, url: str, words: str) -> bool | InputRequiredResult | None:
    """Have the client offer the user to open a page.

    Returns:
        Whether the user agreed; None where the client cannot show it, or the answer to the call
        that asks.
    """
    told = call[0].session.client_capabilities
    if told is None or told.elicitation is None or told.elicitation.url is None:
        return None
    modern = call[0].protocol_version in MODERN_PROTOCOL_VERSIONS
    page = ElicitRequestURLParams(
        message=words, url=url, elicitation_id=None if modern else uuid4().hex
    )
    answer = await _answer(call, "page", ElicitRequest(params=page), ElicitResult, None)
    if answer is None or isinstance(answer, InputRequiredResult):
        return answer
    return answer.action == "accept"


async def _answer(
    call: Call,
    key: str,
    request: ListRootsRequest | ElicitRequest,
    kind: type[_Answer],
    seconds: float | None,
) -> _Answer | InputRequiredResult | None:
    context, params = call
    if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        given = (params.input_responses or {}).get(key)
        if given is None:
            return InputRequiredResult(input_requests={key: request})
        return given if isinstance(given, kind) else None
    if not context.session.can_send_request:
        return None
    try:
        return await context.session.send_request(request, kind, seconds)
    except MCPError:
        return None
