"""Sightings that a user wants to look at later: one small file for each, beside the memory.

A file is written and removed whole, so forgetting an object removes what names it at once.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.memory.place.cloud import require_files
from pekit_agents.memory.place.retry import store_error
from pekit_agents.memory.place.storage import as_remote

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUFFIX = ".json"


class ReviewFiles:
    """The files of one user; safe across threads and processes.

    Every method raises ``MemoryStoreError`` when the disk fails.

    Args:
        folder: The user's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._user, self._folder = folder, folder / "review"

    def put(self, entry_id: str, entry: Mapping[str, Any]) -> None:
        """Write an entry, in place of the one of that id.

        Args:
            entry_id: Letters and digits.
            entry: JSON-ready; ``objects`` lists the ids of all objects that it names.

        Raises:
            InvalidInput: The memory is at a ``db://`` URI.
        """
        require_files(self._user, "Keeping a sighting for review")
        content = json.dumps(entry).encode()
        try:
            # The user's folder is not made: one that was forgotten meanwhile stays so.
            self._folder.mkdir(exist_ok=True)
            if as_remote(self._folder) is not None:
                self._file(entry_id).write_bytes(content)
                return
            handle, name = tempfile.mkstemp(prefix="new-", dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(self._file(entry_id))
        except OSError as exc:
            raise store_error(exc, doing="written", folder=self._user) from exc

    def all(self) -> dict[str, dict[str, Any]]:
        """Return all entries by their ids; one whose file is damaged is empty."""
        found: dict[str, dict[str, Any]] = {}
        try:
            for path in self._paths():
                entry_id = path.name.removesuffix(_SUFFIX)
                with suppress(FileNotFoundError):  # removed meanwhile
                    found[entry_id] = _read(path.read_bytes())
        except OSError as exc:
            raise store_error(exc, doing="read", folder=self._user) from exc
        return found

    def remove(self, entry_id: str) -> None:
        """Remove an entry, if it is there."""
        try:
            self._file(entry_id).unlink(missing_ok=True)
        except OSError as exc:
            raise store_error(exc, doing="written", folder=self._user) from exc

    def remove_about(self, object_id: str) -> None:
        """Remove every entry that names an object, and what a killed writer left."""
        try:
            for path in self._paths(""):
                if not path.name.endswith(_SUFFIX) or object_id.encode() in path.read_bytes():
                    path.unlink(missing_ok=True)
        except OSError as exc:
            raise store_error(exc, doing="written", folder=self._user) from exc

    def _file(self, entry_id: str) -> Path:
        return self._folder / f"{entry_id}{_SUFFIX}"

    def _paths(self, suffix: str = _SUFFIX) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if path.name.endswith(suffix)]
        except FileNotFoundError:
            return []


def _read(content: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(content)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
