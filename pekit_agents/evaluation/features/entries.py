"""A folder of arrays on disk, by key: what a long evaluation need not compute twice.

An entry is one ``.npz`` file, written whole or not at all, read without pickle. An entry that
cannot be read counts as missing: it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.errors import InvalidInput
from pekit_agents.files import atomic_write
from pekit_agents.wording.messages import clause

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Entries", "digest"]


class Entries:
    """The entries that were made in one way.

    Args:
        root: The cache folder; it is made when the first entry is written.
        made_by: All that shapes an entry apart from its key, JSON-ready. Each way has a folder
            of its own, so entries of two ways never meet.
    """

    def __init__(self, root: Path, made_by: Mapping[str, Any]) -> None:
        self._made_by = json.dumps(dict(made_by), sort_keys=True, indent=2)
        self.folder = root.expanduser() / digest(self._made_by)[:16]

    def read(self, key: str) -> dict[str, NDArray[Any]] | None:
        """Return an entry's arrays; None when it is missing, cut short or altered."""
        try:
            with np.load(self._path(key), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def write(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store an entry.

        Raises:
            InvalidInput: The cache folder cannot be written.
        """
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            about = self.folder / "made_by.json"
            if not about.exists():
                about.write_text(self._made_by, "utf-8")
            with atomic_write(path, shared=False) as file:
                np.savez(file, allow_pickle=False, **arrays)
        except OSError as exc:
            raise InvalidInput(
                f"expected a cache folder that can be written, found {self.folder}: {clause(exc)}; "
                "choose another with --cache"
            ) from exc

    def size(self) -> int:
        """Return the bytes that the entries take on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*.npz"))

    def _path(self, key: str) -> Path:
        name = digest(key)
        return self.folder / name[:2] / f"{name[2:34]}.npz"


def digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
