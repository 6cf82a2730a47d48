"""How large a memory may grow in RAM: two numbers from the environment, and their shares."""

from __future__ import annotations

import os

from pekit_agents.errors import InvalidInput

INDEX_ABOVE, RAM_MB = "PEKIT_INDEX_ABOVE", "PEKIT_MEMORY_RAM_MB"
_DEFAULTS = {INDEX_ABOVE: "100000", RAM_MB: "512"}
# What LanceDB may take of the bound, in sixteenths: for partitions of an index, which it reads
# again from the disk where they are not kept, and for what it knows of tables, of which the newest
# version is needed. The rest is just enough for a user below the default of INDEX_ABOVE.
_INDEX_SHARE, _METADATA_SHARE = 4, 1


def limit(variable: str) -> int:
    """Return the whole number that an environment variable holds, else its default.

    Raises:
        InvalidInput: It holds something else.
    """
    value = os.environ.get(variable, _DEFAULTS[variable])
    if not value.isdecimal():
        raise InvalidInput(f"{variable} must be a whole number, got {value!r}.")
    return int(value)


def ram_bytes() -> int:
    """Return how much all of it may take in this process."""
    return _share(16)


def copies_bytes() -> int:
    """Return how much the copies of memories and libraries may take in this process."""
    return _share(16 - _INDEX_SHARE - _METADATA_SHARE)


def index_cache_bytes() -> int:
    """Return how much LanceDB may keep of indices in this process."""
    return _share(_INDEX_SHARE)


def metadata_cache_bytes() -> int:
    """Return how much LanceDB may keep of what tables are made of in this process."""
    return _share(_METADATA_SHARE)


def _share(sixteenths: int) -> int:
    return limit(RAM_MB) * 1024 * 1024 * sixteenths // 16
