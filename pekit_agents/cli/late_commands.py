"""``LateGroup``: a group of commands, each of which is imported when it is first needed.

A command needs neither the modules nor the options of the others; help needs them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

__all__ = ["LateGroup"]


class LateGroup(TyperGroup):
    """Its subclasses say where its commands are.

    Attributes:
        homes: Each command, in the order of the help, and the module whose ``commands`` hold it.
    """

    homes: ClassVar[Mapping[str, str]]

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands = _Late(self.homes)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the help; no command is imported for them."""
        return list(self.commands)


class _Late(MutableMapping[str, Any]):
    """Commands by their names; one is imported when it is asked for."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._made: dict[str, Any] = dict.fromkeys(homes)
        self._homes = homes

    def __getitem__(self, name: str) -> Any:
        if self._made[name] is None:
            group = typer.main.get_group(import_module(self._homes[name]).commands)
            self._made.update(group.commands)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]
