"""Names, descriptions and arguments of the verbs, read from their methods, for any framework.

A tool is its method: the name, the docstring up to its sections, and for each argument the type
from the signature and the sentence from ``Args``. The user and keyword-only arguments belong to
the host, and no tool has them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from docstring_parser import DocstringStyle, parse_from_object

from pekit_agents.tools.actions import PersonalActions

__all__ = ["VERBS", "Parameter", "ToolSpec", "tool_specs"]

#: The verbs, in the order in which tools are offered.
VERBS = (
    "remember_object",
    "find_personal_objects",
    "find_in_video",
    "describe_personal",
    "list_personal_objects",
    "update_personal_object",
    "correct_personal",
    "add_photos",
    "forget_personal_object",
)
_HOSTS = ("self", "user_id")


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument that the model gives.

    Attributes:
        name: Its name.
        annotation: Its type.
        default: Its default; ``inspect.Parameter.empty`` when the model must give it.
        description: What the model is told about it.
    """

    name: str
    annotation: Any
    default: Any
    description: str

    @property
    def required(self) -> bool:
        """Whether the model must give it."""
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A verb as a tool.

    Attributes:
        name: The verb's name, which is the method's.
        description: What the model is told about it.
        parameters: What the model gives.
        hosts: The names of the keyword-only arguments that the adapter gives.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    hosts: frozenset[str]


@cache
def tool_specs() -> tuple[ToolSpec, ...]:
    """Return the verbs as tools, in the order of :data:`VERBS`."""
    return tuple(_spec(getattr(PersonalActions, verb)) for verb in VERBS)


def _spec(method: Callable[..., Any]) -> ToolSpec:
    doc = parse_from_object(method, DocstringStyle.GOOGLE)
    told = {param.arg_name: _one_line(param.description) for param in doc.params}
    types = get_type_hints(method, localns={"ActionResult": Any})
    given = inspect.signature(method).parameters.values()
    parameters = tuple(
        Parameter(param.name, types[param.name], param.default, told[param.name])
        for param in given
        if param.kind is not param.KEYWORD_ONLY and param.name not in _HOSTS
    )
    hosts = frozenset(param.name for param in given if param.kind is param.KEYWORD_ONLY)
    return ToolSpec(method.__name__, _one_line(doc.description), parameters, hosts)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
