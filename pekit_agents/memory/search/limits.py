"""How large a memory may grow in RAM: two numbers, from the environment."""

from __future__ import annotations

import os

from pekit_agents.errors import InvalidInput

INDEX_ABOVE, RAM_MB = "PEKIT_INDEX_ABOVE", "PEKIT_MEMORY_RAM_MB"
_DEFAULTS = {INDEX_ABOVE: "100000", RAM_MB: "512"}


def limit(variable: str) -> int:
    """Return the whole number that an environment variable holds, else its default.

    Raises:
        InvalidInput: It holds something else.
    """
    value = os.environ.get(variable, _DEFAULTS[variable])
    if not value.isdecimal():
        raise InvalidInput(f"{variable} must be a whole number, got {value!r}.")
    return int(value)
