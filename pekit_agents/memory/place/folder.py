"""Places made of files, whoever keeps them: ``FolderPlace``, with a LanceDB table in it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import lancedb

from pekit_agents.errors import MemoryStoreError
from pekit_agents.memory.place.session import shared_session

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

TABLE = "objects"
#: The file that stands for the life of what is here: made once, and never written to.
LOCK = "lock"
# An index of a million views takes minutes.
INDEX_PATIENCE_S = 600.0
_NEWEST = 2**64 - 1  # LanceDB names a manifest by what is left to it, so that new ones come first
_REMEDY = {
    "read": "If the disk and the permissions are in order, the files are damaged: restore them "
    "from a backup.",
    "written": "Check that the disk has room and that the folder may be written, then try again.",
}


class Status(Protocol):
    """What is known of a file: the part of ``os.stat_result`` that is used."""

    @property
    def st_mtime(self) -> float:
        """When it was written, in seconds since 1970."""
        ...

    @property
    def st_mtime_ns(self) -> int:
        """The same in nanoseconds."""
        ...

    @property
    def st_ino(self) -> int:
        """Its number on the disk; 0 where files have none."""
        ...

    @property
    def st_size(self) -> int:
        """Its length in bytes."""
        ...


class AnyPath(Protocol):
    """What a memory uses of ``pathlib.Path``; see there."""

    @property
    def name(self) -> str:
        """The last part."""
        ...

    def __truediv__(self, name: str, /) -> Self: ...

    def exists(self) -> bool:
        """Return whether there is such a file or folder."""
        ...

    def stat(self) -> Status:
        """Return when it was written."""
        ...

    def mkdir(self, *, parents: bool = False, exist_ok: bool) -> None:
        """Make a folder, unless it is there."""
        ...

    def touch(self) -> None:
        """Make an empty file, unless it is there."""
        ...

    def read_bytes(self) -> bytes:
        """Return the content of a file."""
        ...

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove a file."""
        ...

    def iterdir(self) -> Iterator[Self]:
        """Yield what lies directly in a folder."""
        ...

    def glob(self, pattern: str, /) -> Iterator[Self]:
        """Yield what lies directly in a folder and has a name like ``pattern``."""
        ...


class FolderPlace(ABC):
    """A place whose table is a folder of files, with room for other files beside it.

    Attributes:
        path: The folder.
    """

    path: AnyPath

    def __str__(self) -> str:
        return str(self.path)

    @property
    def files(self) -> Self:
        """The place itself."""
        return self

    @property
    def table_path(self) -> AnyPath:
        """The folder of the table."""
        return self.path / f"{TABLE}.lance"

    @property
    def storage_options(self) -> Mapping[str, str] | None:
        """What LanceDB has to know to reach it; None for a folder of this machine."""
        return None

    def connect(self) -> lancedb.DBConnection:
        """Return LanceDB's connection to the tables here."""
        return lancedb.connect(str(self), storage_options=self._options(), session=shared_session())

    async def connect_async(self) -> lancedb.AsyncConnection:
        """Return LanceDB's asynchronous connection to the tables here."""
        return await lancedb.connect_async(
            str(self), storage_options=self._options(), session=shared_session()
        )

    def _options(self) -> dict[str, str] | None:
        return None if self.storage_options is None else dict(self.storage_options)

    def open_table(self) -> tuple[Table, object] | None:
        """Return the table and its incarnation; None if there is none.

        Raises:
            MemoryStoreError: There is data that no manifest describes.
        """
        # Asked first: who begins the table anew meanwhile makes this one look old, not new.
        lock = _identity(self.path / LOCK)
        if not self.has_table():
            return None
        table = self.connect().open_table(TABLE)
        return table, _Incarnation(lock, int(table.version), self._manifest(int(table.version)))

    def refresh(self, table: Table, incarnation: object) -> bool:
        """Bring an open table to its newest version; False if it may be another one by now.

        It may be where its files were replaced, such as by those of a backup: a version is
        written once, so the manifest of the one that was read last is the same file, or gone.
        """
        if not isinstance(incarnation, _Incarnation):
            raise TypeError(incarnation)
        if _identity(self.path / LOCK) != incarnation.lock:
            return False
        found = self._manifest(incarnation.version)
        if found is not None and found != incarnation.manifest:
            return False
        table.checkout_latest()  # type: ignore[no-untyped-call]
        version = int(table.version)
        if version > incarnation.version:
            incarnation.version, incarnation.manifest = version, self._manifest(version)
            return True
        # LanceDB stays at a version that is gone where none is newer.
        return version == incarnation.version and found == incarnation.manifest

    def _manifest(self, version: int) -> tuple[int, ...] | None:
        """Return what tells the manifest of a version from another one of its name."""
        versions = self.table_path / "_versions"
        return _identity(versions / f"{_NEWEST - version:020}.manifest") or _identity(
            versions / f"{version}.manifest"  # as earlier versions of LanceDB named them
        )

    def overwrite_table(self, rows: pa.RecordBatchReader) -> None:
        """Put ``rows`` in place of all rows and of the layout, in one commit."""
        self.connect().create_table(TABLE, data=rows, schema=rows.schema, mode="overwrite")

    def has_table(self) -> bool:
        """Return whether a table was ever committed here.

        Raises:
            MemoryStoreError: There is data that no manifest describes.
        """
        files = self.table_path
        if any(name.endswith(".manifest") for name in _names(files / "_versions")):
            return True
        if any(name.endswith(".lance") for name in _names(files / "data")):
            raise MemoryStoreError(
                f"The memory in {files} holds data but no manifest, expected at least one: the "
                "files are damaged. Restore them from a backup."
            )
        return False

    def remedy(self, doing: str) -> str:
        """Return what a person can do when it could not be "read" or "written"."""
        return _REMEDY[doing]

    @abstractmethod
    def child(self, name: str) -> FolderPlace:
        """Return a place within this one, for another table."""

    @abstractmethod
    def create_table(self, schema: pa.Schema) -> None:
        """Create an empty table; of several writers at once, none overwrites the other's."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a file below, whole or not at all, in place of the one that may be there.

        Raises:
            OSError: It cannot be written.
        """

    @abstractmethod
    def writing_lock(self) -> AbstractContextManager[bool]:
        """Wait for the lock of whoever changes what is here, and hold it.

        It also makes the folder, and finishes a ``forget`` that was interrupted.

        Yields:
            True when the lock is held; False where there are none, so that others may be writing
            as well.

        Raises:
            WriteConflict: Others held it for too long.
            OSError: The file cannot be written.
        """

    @abstractmethod
    def index_lock(self, *, patience_s: float = INDEX_PATIENCE_S) -> AbstractContextManager[bool]:
        """Wait for the lock of whoever builds the index, and hold it, as ``writing_lock``.

        It is another one: an index of a million views takes minutes, and only forgetting has to
        wait for it. Who holds both has taken that of writing first.
        """

    @abstractmethod
    def remove_staging(self, *, older_than_s: float) -> None:
        """Remove what writers left who died while they created the table."""

    @abstractmethod
    def forget(self) -> bool:
        """Remove everything here; return whether there was anything. See ``forget_user``."""


@dataclass(slots=True)
class _Incarnation:
    """Which table was opened, and how far it was read.

    Attributes:
        lock: The identity of the lock's file, which is made once for each memory.
        version: The version that was read last.
        manifest: The identity of its manifest; None where it was gone already.
    """

    lock: tuple[int, ...] | None
    version: int
    manifest: tuple[int, ...] | None


def _identity(path: AnyPath) -> tuple[int, ...] | None:
    """Return what tells a file from another one of its name; None if there is none."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns, info.st_size


def age_s(path: AnyPath) -> float:
    """Return how long ago a file was written, in seconds."""
    return time.time() - path.stat().st_mtime


def _names(folder: AnyPath) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
