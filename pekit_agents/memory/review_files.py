"""Sightings that a user wants to look at later: one small file for each, beside the memory.

A file is written and removed whole, so forgetting an object removes what names it at once.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.memory.changes import duplicates
from pekit_agents.memory.place.place import require_files
from pekit_agents.memory.place.retry import store_error
from pekit_agents.memory.table.table import read_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lancedb.table import Table

    from pekit_agents.memory.place.folder import AnyPath
    from pekit_agents.memory.place.place import Place
    from pekit_agents.types import FloatArray

_FOLDER = "review"
_SUFFIX = ".json"


class ReviewFiles:
    """The files of one user; safe across threads and processes.

    Every method raises ``MemoryStoreError`` when the disk fails.

    Args:
        place: Where the user's memory lies; without files there are no entries.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def put(self, entry_id: str, entry: Mapping[str, Any]) -> None:
        """Write an entry, in place of the one of that id.

        Args:
            entry_id: Letters and digits.
            entry: JSON-ready; ``objects`` lists the ids of all objects that it names, ``vector``
                is its look, float32 in base64.

        Raises:
            InvalidInput: The memory is at a ``db://`` URI.
        """
        files = require_files(self._place, "Keeping a sighting for review")
        name, content = f"{_FOLDER}/{entry_id}{_SUFFIX}", json.dumps(entry).encode()
        try:
            for last in (False, False, True):
                # The user's folder is not made: one that was forgotten meanwhile stays so.
                (files.path / _FOLDER).mkdir(exist_ok=True)
                try:
                    files.write(name, content)
                    break
                except FileNotFoundError:  # who forgets takes half-written files along
                    if last:
                        raise
        except OSError as exc:
            raise store_error(exc, doing="written", place=self._place) from exc

    def all(self) -> dict[str, dict[str, Any]]:
        """Return all entries by their ids; one whose file is damaged is empty."""
        found: dict[str, dict[str, Any]] = {}
        try:
            for path in self._paths():
                entry_id = path.name.removesuffix(_SUFFIX)
                with suppress(FileNotFoundError):  # removed meanwhile
                    found[entry_id] = _read(path.read_bytes())
        except OSError as exc:
            raise store_error(exc, doing="read", place=self._place) from exc
        return found

    def remove(self, entry_id: str) -> None:
        """Remove an entry, if it is there."""
        try:
            if self._folder is not None:
                (self._folder / f"{entry_id}{_SUFFIX}").unlink(missing_ok=True)
        except OSError as exc:
            raise store_error(exc, doing="written", place=self._place) from exc

    def remove_orphans(self, table: Table) -> None:
        """Remove every entry that names an object which is not in ``table``.

        Damaged ones go too, and what writers left half-written.
        """
        try:
            paths = self._paths("")
            there = read_ids(table) if paths else set()
            for path in paths:
                named = _named(path) if path.name.endswith(_SUFFIX) else None
                if named is None or not named <= there:
                    path.unlink(missing_ok=True)
        except OSError as exc:
            raise store_error(exc, doing="written", place=self._place) from exc

    def remove_looks(self, looks: FloatArray) -> None:
        """Remove every entry that shows one of (L, D) looks, whatever it names."""
        for entry_id, entry in self.all().items():
            with suppress(KeyError, ValueError, TypeError):
                vector = np.frombuffer(base64.b64decode(entry["vector"]), np.float32)
                if duplicates(vector[None], looks).any():
                    self.remove(entry_id)

    @property
    def _folder(self) -> AnyPath | None:
        return None if self._place.files is None else self._place.files.path / _FOLDER

    def _paths(self, suffix: str = _SUFFIX) -> list[AnyPath]:
        try:
            found = [] if self._folder is None else list(self._folder.iterdir())
        except FileNotFoundError:
            return []
        return [path for path in found if path.name.endswith(suffix)]


def _named(path: AnyPath) -> set[str] | None:
    """Return the ids of the objects that an entry names; None if it is damaged or gone."""
    with suppress(FileNotFoundError, KeyError, TypeError):
        return set(_read(path.read_bytes())["objects"])
    return None


def _read(content: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(content)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
