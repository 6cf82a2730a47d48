"""Lines of JSON, one for each request and each error: ``log_lines`` writes them.

They hold no name, text, path or id of a user. An error is where it was raised, without its words,
which may be somebody's.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from typing import TypeAlias

    _Raised: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None]"

__all__ = ["REQUESTS", "log_lines", "where_raised"]

#: The logger of requests.
REQUESTS = "pekit_agents.server.requests"


def log_lines(*, requests: bool) -> None:
    """Write what this process logs to standard error.

    Args:
        requests: Whether each request is a line; errors and warnings always are.
    """
    handler = logging.StreamHandler(sys.stderr)
    renamed = {"levelname": "level"}
    lines = _Lines("{levelname}{message}", style="{", timestamp="time", rename_fields=renamed)
    handler.setFormatter(lines)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if requests else logging.WARNING)


def where_raised(error: BaseException) -> list[str]:
    """Return the kinds of an error and of what caused it, and where each was raised."""
    told: list[str] = []
    each: BaseException | None = error
    while each is not None and len(told) < 200:
        told.append(type(each).__qualname__)
        for frame in traceback.extract_tb(each.__traceback__):
            told.append(f"{frame.filename}:{frame.lineno} in {frame.name}")
        if isinstance(each, BaseExceptionGroup) and each.exceptions:
            each = each.exceptions[0]
        else:
            each = each.__cause__ or each.__context__
    return told


class _Lines(JsonFormatter):
    def formatException(self, ei: Any) -> Any:  # noqa: N802
        raised: _Raised = ei
        return where_raised(raised[1])
