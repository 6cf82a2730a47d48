"""The seam to LanceDB: which of its errors pass by themselves, and what the others become."""

from __future__ import annotations

import logging
import random
import re
import time
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from pekit_agents.errors import MemoryStoreError, PeKitError, WriteConflict
from pekit_agents.wording.messages import clause

if TYPE_CHECKING:
    from collections.abc import Callable

    from pekit_agents.memory.place.place import Place

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_ATTEMPTS = 24
_FIRST_PAUSE_S = 0.004
_LONGEST_PAUSE_S = 0.2

# LanceDB raises plain RuntimeError, ValueError and OSError; only their text tells them apart.
_FOREIGN = (RuntimeError, ValueError, OSError, pa.ArrowException)
# Another process removed the version that was being read, or committed first.
_CONFLICT = re.compile(r"conflict|concurrent (writers|transaction)", re.IGNORECASE)
_MOVED_ON = re.compile(r"not found|no such file", re.IGNORECASE)
_RUST_SOURCE = re.compile(r",? ?/\S+?\.rs:\d+:\d+")


class CompareAndSetError(Exception):
    """A compare-and-set was lost: another writer had been faster."""


def with_retries(
    operation: Callable[[], _T], *, doing: str, place: Place, reset: Callable[[], None]
) -> _T:
    """Run ``operation``, and again while other processes get in its way.

    Args:
        operation: Must be safe to run again.
        doing: "read" or "written", for the message.
        place: Where the memory lies, for the message.
        reset: Drops what is kept open, so that the next attempt sees the newest version.

    Raises:
        WriteConflict: Other writers won every time.
        MemoryStoreError: LanceDB or the disk failed.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return operation()
        except PeKitError:
            raise
        except Exception as exc:
            if not is_foreign(exc):
                raise
            if not _passes(exc, place) or attempt == _ATTEMPTS - 1:
                raise store_error(exc, doing=doing, place=place) from exc
            _log.debug("attempt %d on %s: %s", attempt + 1, place, exc)
        reset()
        _pause(attempt)
    raise AssertionError("unreachable")


def is_foreign(exc: Exception) -> bool:
    """Return whether ``exc`` is of LanceDB, Arrow or the disk, or a lost compare-and-set."""
    # LanceDB panics on some damaged files, with a class that no module exports.
    return isinstance(exc, (CompareAndSetError, *_FOREIGN)) or type(exc).__name__ == "RustPanic"


def _passes(exc: Exception, place: Place) -> bool:
    return _lost_race(exc, place) or bool(_MOVED_ON.search(_reason(exc, place)))


def _lost_race(exc: Exception, place: Place) -> bool:
    return isinstance(exc, CompareAndSetError) or bool(_CONFLICT.search(_reason(exc, place)))


def _reason(exc: Exception, place: Place) -> str:
    # Without the place, whose name could contain any of the words that are looked for.
    return clause(_RUST_SOURCE.sub("", str(exc)).replace(str(place), "").strip())


def _pause(attempt: int) -> None:
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)
    time.sleep(random.uniform(0.0, longest))  # noqa: S311 - spreads the writers, no secret


def store_error(exc: Exception, *, doing: str, place: Place) -> MemoryStoreError:
    """Return what to raise in place of ``exc``, an error of LanceDB, Arrow or the disk."""
    if _lost_race(exc, place):
        return WriteConflict(
            f"Other writers changed the memory in {place} on each of {_ATTEMPTS} attempts. "
            "It is safe to try again."
        )
    return MemoryStoreError(
        f"The memory in {place} could not be {doing}: {_reason(exc, place)}. {place.remedy(doing)}"
    )
