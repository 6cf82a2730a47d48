"""Answers as lines of JSON, each sent as soon as it is there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from pydantic import BaseModel
from starlette.responses import StreamingResponse

__all__ = ["described_lines", "lines_answer"]

_NDJSON = "application/x-ndjson"


def described_lines(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return how the OpenAPI describes lines of JSON, by the schema of one."""
    content = {_NDJSON: {"schema": schema}}
    return {200: {"description": "One on each line", "content": content}}


async def lines_answer(lines: AsyncGenerator[BaseModel]) -> StreamingResponse:
    """Return records as lines of JSON; the first is waited for, so that it can still be refused.

    Raises:
        PeKitError: There is no first one.
    """
    first = await anext(lines, None)
    return StreamingResponse(
        _written(first, lines),
        media_type=_NDJSON,
        # Proxies pass each line on when it comes.
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


async def _written(
    first: BaseModel | None, others: AsyncGenerator[BaseModel]
) -> AsyncIterator[bytes]:
    try:
        if first is not None:
            yield _line(first)
        async for record in others:
            yield _line(record)
    finally:
        await others.aclose()


def _line(record: BaseModel) -> bytes:
    return record.model_dump_json(by_alias=True).encode() + b"\n"
