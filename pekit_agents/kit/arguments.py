"""``a_finding``, ``a_match``, ``a_path`` and ``a_text``: what a kit was given, or what to give."""

from __future__ import annotations

from os import PathLike, fspath
from typing import NoReturn

from pekit_agents.errors import InvalidInput
from pekit_agents.retrieval.finding import Finding
from pekit_agents.types import Match

__all__ = ["a_finding", "a_match", "a_path", "a_text"]


def a_match(value: Match, instead: str) -> Match:
    """Return a match.

    Args:
        value: What was given for it.
        instead: The call that takes a photo and a name.

    Raises:
        InvalidInput: It is none.
    """
    if not isinstance(value, Match):
        _refuse(
            "a Match",
            value,
            f"take one from the matches or possible of find(photo), or call {instead}",
        )
    return value


def a_finding(value: Finding) -> Finding:
    """Return a finding.

    Raises:
        InvalidInput: It is none.
    """
    if not isinstance(value, Finding):
        _refuse("a Finding", value, "pass what find(photo) returned")
    return value


def a_path(value: str | PathLike[str]) -> str:
    """Return a path or a URI as text.

    Raises:
        InvalidInput: It is neither text nor a path.
    """
    if not isinstance(value, str | PathLike):
        _refuse("a path", value, "pass text or a pathlib.Path")
    return fspath(value)


def a_text(what: str, value: str) -> str:
    """Return a text.

    Raises:
        InvalidInput: It is none.
    """
    if not isinstance(value, str):
        _refuse(f"text as {what}", value, "pass a str")
    return value


def _refuse(expected: str, value: object, remedy: str) -> NoReturn:
    found = f"{value!r:.80}" if isinstance(value, str) else type(value).__name__
    raise InvalidInput(f"expected {expected}, found {found}; {remedy}")
