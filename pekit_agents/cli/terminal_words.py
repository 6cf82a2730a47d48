"""``terminal_words`` and ``usage_words``: what to say at a terminal, and not to a programmer."""

from __future__ import annotations

import re
from typing import Any

import typer

__all__ = ["WORDS", "terminal_words", "usage_words"]

#: How messages of the package say what to do -> the same at a terminal.
WORDS = {
    "add photos to it with add_views, change it with update": (
        "add photos to it with `pekit add`, change it with `pekit update`"
    ),
    "Pass the path of a local file, or bytes": "Give the path of a file on this machine",
    "if it shows something else, remove it; if the object is small in it, point it out with a "
    "box": (
        "if it shows something else, `pekit reject NAME PHOTO` takes it out again; if the object "
        "is small in it, point it out with `pekit add NAME PHOTO --box`"
    ),
    "point it out with a box": "point it out with --box",
    "say which it is by its number": "say with --region which it is",
    "search the photo again for the numbers of its matches": "`pekit find` shows the numbers",
    "give strictness='recall', 'precision' or a rate": (
        "give --strictness recall, precision or a rate"
    ),
    "give a threshold, or calibrate it": "give --threshold, or calibrate it",
    "Open it with the encoder that wrote it, embed it anew, or use another folder": (
        "Open it with the --profile that wrote it, carry it over with `pekit reembed`, or use "
        "another --memory"
    ),
    "choose another or ask to overwrite it": "choose another or add --force",
    "Skip, replace or rename them": "Say --on-conflict skip, replace or rename",
    'or give storage_options={"api_key": ...}': "or put it before the command",
    "raise timeout, or look": "raise --timeout, or look",
    "raise its token limit": "raise --max-tokens",
    "pass the key as api_key": "set the key as OPENAI_API_KEY",
    "expected base_url as": "expected --endpoint as",
    "check that base_url is that": "check that --endpoint is that",
    "expected max_new_tokens over 0": "expected --max-tokens over 0",
    'leave load_in_4bit out, with dtype="bfloat16"': "leave --4bit out, with --dtype bfloat16",
    "load_in_4bit needs": "--4bit needs",
}


#: How typer's checks say what an option expects -> the same in plain words.
_USAGE = (
    (re.compile(r"^Value error, "), ""),
    (re.compile(r"^(.+) is not one of (.+?)\.?$"), r"expected one of \2, found \1"),
    (re.compile(r"^Input should be a valid integer.*"), "expected a whole number"),
    (re.compile(r"^Input should be a valid number.*"), "expected a number"),
    (re.compile(r"^Input should be greater than or equal to (\S+)$"), r"expected \1 or more"),
    (re.compile(r"^Input should be less than or equal to (\S+)$"), r"expected \1 or less"),
    (re.compile(r"^Input should be "), "expected "),
)


def usage_words(exc: typer.BadParameter) -> str:
    """Return what is wrong with an option: what was expected and, where it is known, found."""
    said = exc.message
    for pattern, plain in _USAGE:
        said = pattern.sub(plain, said)
    told: list[Any] = getattr(exc.__cause__, "errors", list)()
    if said == exc.message or "found" in said or len(told) != 1:
        return said
    return f"{said}, found {told[0]['input']!r}"


def terminal_words(text: str) -> str:
    """Return a message with options and commands in the place of arguments and methods."""
    for written, typed in WORDS.items():
        text = text.replace(written, typed)
    return text
