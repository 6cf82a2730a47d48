"""What Typer takes for a command's options, where they are not the function's own parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

__all__ = ["grouped", "parameters_of", "with_parameters"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of its groups, each group's in the place of the group.

    Args:
        command: A parameter whose type is a dataclass is a group: its fields are options with
            defaults. The parameter's own default, where there is one, holds other defaults.
    """
    own = parameters_of(command)
    groups: dict[str, Any] = {each.name: each.annotation for each in own if _is_group(each)}

    def run(**given: Any) -> None:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **made)

    options = [
        option for each in own for option in (_options(each) if each.name in groups else [each])
    ]
    return with_parameters(wraps(command)(run), options)


def _is_group(parameter: inspect.Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _options(group: inspect.Parameter) -> list[inspect.Parameter]:
    options = parameters_of(group.annotation)
    if group.default is group.empty:
        return options
    return [option.replace(default=getattr(group.default, option.name)) for option in options]


def with_parameters(
    command: Callable[..., None], parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """Have a command that takes keyword arguments say which ones, as Typer asks for them."""
    said = [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in parameters]
    vars(command)["__signature__"] = inspect.Signature(said)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in said}
    return command


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function or a class, with their types and not their texts."""
    hints = get_type_hints(function, localns={"PeKit": object}, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    return [parameter.replace(annotation=hints[parameter.name]) for parameter in parameters]
