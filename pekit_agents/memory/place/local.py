"""A folder on a disk of this machine: ``LocalPlace``, with locks and forgetting in one step."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import lancedb

from pekit_agents.files import atomic_write
from pekit_agents.memory.place.folder import INDEX_PATIENCE_S, LOCK, TABLE, FolderPlace, age_s
from pekit_agents.memory.place.locking import locked
from pekit_agents.memory.place.session import shared_session

if TYPE_CHECKING:
    import pyarrow as pa

# Begins the name of a folder that a table is made in.
_STAGING = "new-"
_INDEX_LOCK = "index-lock"
_FORGOTTEN = ".forgotten"


class LocalPlace(FolderPlace):
    """A folder on disk.

    Args:
        path: The folder, which need not be there.
    """

    path: Path

    def __init__(self, path: Path) -> None:
        self.path = path

    def child(self, name: str) -> LocalPlace:
        """Return a folder within this one."""
        return LocalPlace(self.path / name)

    def create_table(self, schema: pa.Schema) -> None:
        """Create an empty table, unless another writer is faster.

        It is made aside and put in its place whole: of two writers that create a table of one
        name at once, LanceDB lets the second overwrite what the first has written meanwhile.
        """
        files = self.path / f"{TABLE}.lance"
        with tempfile.TemporaryDirectory(prefix=_STAGING, dir=self.path) as staging:
            lancedb.connect(staging, session=shared_session()).create_table(TABLE, schema=schema)
            try:
                (Path(staging) / files.name).rename(files)
            except OSError:
                if not self.has_table():  # an empty skeleton stands there
                    self.connect().create_table(TABLE, schema=schema, exist_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a file below, whole or not at all, that its owner alone may read."""
        with atomic_write(self.path / name, shared=False) as file:
            file.write(content)

    def writing_lock(self) -> AbstractContextManager[bool]:
        """Wait for the lock of whoever changes what is here, and hold it."""
        self.finish_forgetting()
        return locked(self.path / LOCK)

    def index_lock(self, *, patience_s: float = INDEX_PATIENCE_S) -> AbstractContextManager[bool]:
        """Wait for the lock of whoever builds the index, and hold it."""
        return locked(self.path / _INDEX_LOCK, patience_s=patience_s)

    def remove_staging(self, *, older_than_s: float) -> None:
        """Remove what writers left who died while they created the table."""
        for path in self.path.glob(f"{_STAGING}*"):
            if abs(age_s(path)) >= older_than_s:
                shutil.rmtree(path, ignore_errors=True)

    def forget(self) -> bool:
        """Remove everything here; return whether there was anything.

        The folder is taken away in one step by whoever holds all locks of it. If this is
        interrupted, repeating it or the next write finishes it.

        Raises:
            WriteConflict: Others were writing for too long.
            OSError: It cannot be removed.
        """
        found = self.finish_forgetting()
        if not self.path.exists():
            return found
        with ExitStack() as locks:
            locks.enter_context(locked(self.path / LOCK))
            locks.enter_context(self.index_lock())
            # Places within this one, such as a photo library's, have locks of their own.
            for lock in self.path.glob(f"*/{LOCK}"):
                locks.enter_context(locked(lock))
            self.finish_forgetting()
            self.path.rename(self._remains)
        self.finish_forgetting()
        return True

    def finish_forgetting(self) -> bool:
        """Remove what an interrupted ``forget`` left; return whether there was anything."""
        found = False
        while self._remains.exists():
            found = True
            with suppress(FileNotFoundError):  # somebody else removes it, too
                shutil.rmtree(self._remains)
        return found

    def forgotten_children(self) -> list[str]:
        """Return the names of places within this one whose ``forget`` was interrupted."""
        remains = self.path.glob(f"*{_FORGOTTEN}")
        return [path.name.removesuffix(_FORGOTTEN) for path in remains]

    @property
    def _remains(self) -> Path:
        return self.path.with_name(f"{self.path.name}{_FORGOTTEN}")
