"""One file of many is let go with a word, and what every file would meet is not."""

from __future__ import annotations

import pytest

from pekit_agents.errors import (
    ImageError,
    InvalidInput,
    MemoryStoreError,
    MissingDependency,
    ModelError,
    NoObjectFound,
    WriteConflict,
)
from pekit_agents.images.leaving_out import leaving_out


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ImageError("a.jpg: damaged"), "a.jpg: damaged"),
        (InvalidInput("no box"), "no box"),
        (NoObjectFound("nothing stands out"), "nothing stands out"),
        (MissingDependency("pip install x"), "pip install x"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (FileNotFoundError(2, "No such file or directory"), "No such file"),
        (MemoryError(), "not enough free RAM"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (RecursionError("too deep"), "RecursionError"),
    ],
)
def test_what_is_wrong_with_one_file_is_told(error: Exception, why: str) -> None:
    told: list[str] = []
    with leaving_out(told.append):
        raise error
    assert len(told) == 1
    assert why in told[0]


@pytest.mark.parametrize(
    "error",
    [MemoryStoreError("full"), WriteConflict("x"), ModelError("broken"), KeyboardInterrupt()],
)
def test_what_every_file_would_meet_is_raised(error: BaseException) -> None:
    told: list[str] = []
    with pytest.raises(type(error)), leaving_out(told.append):
        raise error
    assert told == []


def test_nothing_is_told_where_nothing_is_wrong() -> None:
    told: list[str] = []
    with leaving_out(told.append):
        pass
    assert told == []
