"""A verb's arguments: ``arguments_model`` checks, ``wrong_arguments`` says what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, create_model

from pekit_agents.owner_text import NAME_LIMIT, quote

if TYPE_CHECKING:
    from pekit_agents.tools.specs import Parameter, ToolSpec

__all__ = ["arguments_model", "wrong_arguments"]

#: What is expected, by how pydantic's names of errors begin.
_EXPECTED = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number of seconds",
    "finite": "a number of seconds",
    "is_instance": "a list of texts",
}
#: A time as people say it: hours where there are any, minutes and seconds.
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")


def arguments_model(spec: ToolSpec) -> type[BaseModel]:
    """Return a model of what a language model gives; what is no field of it is dropped.

    It takes what language models give in place of it, where only one thing can be meant: one text
    for a list of texts, a list as JSON, a number for a text, ``"1:05"`` for 65 seconds, ``null``
    for the default.
    """
    fields: dict[str, Any] = {
        parameter.name: (
            Annotated[parameter.annotation, BeforeValidator(_meant(parameter))],
            Field(
                ... if parameter.required else parameter.default, description=parameter.description
            ),
        )
        for parameter in spec.parameters
    }
    return create_model(spec.name, **fields)


def wrong_arguments(exc: ValidationError) -> str:
    """Return what is wrong with arguments, for the model that gave them."""
    wrong = "; ".join(_wrong(error) for error in exc.errors())
    return f"expected other arguments; {wrong}; call {exc.title} again with all that it needs."


def _meant(parameter: Parameter) -> Callable[[Any], Any]:
    """Return what makes of a given value the one that is meant, or leaves it to be refused."""
    kind = _read_as(parameter.annotation)

    def meant(value: Any) -> Any:
        blank = isinstance(value, str) and not value.strip()
        if value is None or (blank and kind is not _as_text):
            return value if parameter.required else parameter.default
        return kind(value)

    return meant


def _read_as(annotation: Any) -> Callable[[Any], Any]:
    if annotation is str:
        return _as_text
    if annotation is int:
        return _as_given
    if annotation is float:
        return _as_seconds
    return _as_choice if get_origin(annotation) is Literal else _as_list


def _as_given(value: Any) -> Any:
    return value


def _as_seconds(value: Any) -> Any:
    """Read ``"1:05.5"`` as 65.5."""
    at = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if at is None:
        return value
    return 3600 * int(at[1] or 0) + 60 * int(at[2]) + float(at[3])


def _as_text(value: Any) -> Any:
    """Read a number, or a list of a single text, as a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return value


def _as_choice(value: Any) -> Any:
    """Read ``"Is not"`` as ``"is_not"``."""
    return "_".join(value.casefold().replace("-", " ").split()) if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    """Read one text as a list of it, and a list that is written as JSON."""
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return [value]
    return read if isinstance(read, list) else [read if isinstance(read, str) else value]


def _wrong(error: Any) -> str:
    field, given = ".".join(map(str, error["loc"])), error["input"]
    if not field:
        return "expected arguments by their names, found none"
    kind = str(error["type"])
    if kind == "missing" or given is None:
        return f"{field}: expected a value, found none"
    if kind == "literal_error":
        expected = str(error["ctx"]["expected"]).replace("'", '"')
    else:
        expected = next((_EXPECTED[k] for k in _EXPECTED if kind.startswith(k)), "another value")
    return f"{field}: expected {expected}, found {_said(given)}"


def _said(given: Any) -> str:
    """Return a value as a model writes it, shortened."""
    if isinstance(given, str):
        return quote(given, NAME_LIMIT)
    told = json.dumps(given, default=str)
    return told if len(told) <= NAME_LIMIT else f"{told[:NAME_LIMIT]}..."
