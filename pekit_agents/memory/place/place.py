"""Where a user's data lie: ``Place``, what a memory asks of it, and how one is found."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.place import cloud, s3
from pekit_agents.memory.place.local import LocalPlace

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.memory.place.folder import FolderPlace

_MAX_USER_ID = 1024
_USER = re.compile(r"[0-9a-f]{64}")


class Place(Protocol):
    """Where one table lies, with what belongs to it: a user's memory, or their photo library.

    LanceDB keeps the rows right wherever they are. A place adds what LanceDB does not do: it
    creates a table only once, tells it from another one of its name, and forgets all of it.
    ``str`` of it is what messages call it.
    """

    @property
    def files(self) -> FolderPlace | None:
        """The place as a folder; None where there is the table and nothing beside it.

        Without files there are no marks, no locks, no index and nothing to review. Keeping the
        table small, and removing what was deleted from it, is then up to somebody else.
        """
        ...

    def child(self, name: str) -> Place:
        """Return a place within this one, for another table."""
        ...

    def open_table(self) -> tuple[Table, object] | None:
        """Return the table and its incarnation; None if there is none.

        The incarnation is another one when a table was removed and begun anew.
        """
        ...

    def refresh(self, table: Table, incarnation: object) -> bool:
        """Bring an open table to its newest version; False if it may be another one by now."""
        ...

    def create_table(self, schema: pa.Schema) -> None:
        """Create an empty table; of several writers at once, none overwrites the other's."""
        ...

    def overwrite_table(self, rows: pa.RecordBatchReader) -> None:
        """Put ``rows`` in place of all rows and of the layout, in one commit.

        A change that somebody else commits meanwhile is overwritten without notice.
        """
        ...

    def forget(self) -> bool:
        """Remove everything here; return whether there was anything. See ``forget_user``."""
        ...

    def remedy(self, doing: str) -> str:
        """Return what a person can do when it could not be "read" or "written"."""
        ...


def place_at(root: str | Path, storage_options: Mapping[str, str] | None = None) -> Place:
    """Return the place of all users: a folder, or what stands at an s3:// or db:// URI.

    Raises:
        InvalidInput: It is at a URI of another kind, has options that have no meaning there, or
            is a file or within one.
    """
    uri = str(root)
    if uri.startswith(cloud.SCHEME):
        return cloud.cloud_place(uri, storage_options)
    if uri.startswith(s3.SCHEME):
        return s3.bucket_place(uri, storage_options)
    if "://" in uri:
        raise InvalidInput(f"expected a folder, an s3:// or a db:// URI, found {uri!r}")
    if storage_options is not None:
        raise InvalidInput(f"storage_options are for s3:// and db:// URIs, found them for {uri!r}")
    folder = Path(root).expanduser().absolute()
    # Path.exists raises where a folder may not be looked into.
    there = next(p for p in (folder, *folder.parents) if os.path.exists(p))  # noqa: PTH110
    if not there.is_dir():
        raise InvalidInput(
            f"expected a folder for the memory, found a file at {there}; choose a folder, which "
            "need not be there yet"
        )
    return LocalPlace(folder)


def user_place(
    root: str | Path, user_id: str, storage_options: Mapping[str, str] | None = None
) -> Place:
    """Return where a user's memory lies: only the hash of their id reaches the disk.

    Raises:
        InvalidInput: ``user_id`` is not 1 to 1024 characters of text.
    """
    if not isinstance(user_id, str) or not 1 <= len(user_id) <= _MAX_USER_ID:
        found = f"{len(user_id)} characters" if isinstance(user_id, str) else repr(user_id)
        raise InvalidInput(f"user_id must be 1 to {_MAX_USER_ID} characters of text, got {found}.")
    user = hashlib.sha256(user_id.encode("utf-8", "surrogatepass"))
    return place_at(root, storage_options).child(user.hexdigest())


def is_user(name: str) -> bool:
    """Return whether a folder of that name may be a user's."""
    return _USER.fullmatch(name) is not None


def user_places(
    root: str | Path, purpose: str, storage_options: Mapping[str, str] | None = None
) -> Iterator[Place]:
    """Yield the places of all users; their ids are not known from these.

    Raises:
        InvalidInput: They cannot be listed, at a ``db://`` URI.
    """
    require_files_at(root, purpose)
    users = require_files(place_at(root, storage_options), purpose)
    if users.path.exists():
        names = sorted(path.name for path in users.path.iterdir() if is_user(path.name))
        yield from (users.child(name) for name in names)


def require_files(place: Place, purpose: str) -> FolderPlace:
    """Return a place as a folder, for a purpose that needs files.

    Raises:
        InvalidInput: It has none.
    """
    if place.files is None:
        raise _no_files(place, purpose)
    return place.files


def require_files_at(root: str | Path, purpose: str) -> None:
    """Refuse a root without files before anything else is asked of it, such as its key.

    Raises:
        InvalidInput: It is a ``db://`` URI.
    """
    if str(root).startswith(cloud.SCHEME):
        raise _no_files(root, purpose)


def _no_files(place: object, purpose: str) -> InvalidInput:
    return InvalidInput(
        f"{purpose} needs files: expected a folder or an s3:// URI, found {place}. "
        "A memory can be moved there by an export and an import."
    )
