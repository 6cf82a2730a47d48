"""Where a memory lies: a folder on disk, or a prefix in an S3 bucket that is used like one.

LanceDB itself reads and writes tables in both. What the memory does beside it (looking whether
there is a table, marks, sweeping, forgetting a user) needs a few methods of ``pathlib.Path``;
``RemoteFolder`` has these for S3. There are no locks, no renaming and no modification in place
there: who needs these asks ``as_remote``. A database of LanceDB Cloud holds no files at all: see
``cloud``.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import lancedb

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.place.cloud import SCHEME as CLOUD_SCHEME
from pekit_agents.memory.place.cloud import cloud_folder

if TYPE_CHECKING:
    from pyarrow import fs

_SCHEME = "s3://"
# LanceDB's names of the options, with and without "aws_", and those of pyarrow.
_OPTIONS = {
    "access_key_id": "access_key",
    "secret_access_key": "secret_key",
    "session_token": "session_token",
    "region": "region",
    "endpoint": "endpoint_override",
    "endpoint_url": "endpoint_override",
}
# What LanceDB takes from the environment and pyarrow does not.
_ENVIRONMENT = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")


def as_folder(root: str | Path, storage_options: Mapping[str, str] | None = None) -> Path:
    """Return a root folder: absolute on disk, or what is used like one at a URI.

    Raises:
        InvalidInput: It is at a URI of another kind than ``s3://`` and ``db://``, or has options
            that have no meaning there.
    """
    if str(root).startswith(CLOUD_SCHEME):
        return cast("Path", cloud_folder(str(root), storage_options))
    if str(root).startswith(_SCHEME):
        return cast(
            "Path", RemoteFolder(str(root).removeprefix(_SCHEME).rstrip("/"), storage_options)
        )
    if "://" in str(root):
        raise InvalidInput(f"expected a folder, an s3:// or a db:// URI, found {str(root)!r}")
    if storage_options is not None:
        raise InvalidInput(
            f"storage_options are for s3:// and db:// URIs, found them for {str(root)!r}"
        )
    return Path(root).expanduser().absolute()


def as_remote(folder: object) -> RemoteFolder | None:
    """Return ``folder`` if it is at an ``s3://`` URI; None if it is not."""
    return folder if isinstance(folder, RemoteFolder) else None


def connect(folder: Path, session: lancedb.Session | None = None) -> lancedb.DBConnection:
    """Return LanceDB's connection to the tables in ``folder``."""
    return lancedb.connect(str(folder), storage_options=_options(folder), session=session)


async def connect_async(
    folder: Path, session: lancedb.Session | None = None
) -> lancedb.AsyncConnection:
    """Return LanceDB's asynchronous connection to the tables in ``folder``."""
    return await lancedb.connect_async(
        str(folder), storage_options=_options(folder), session=session
    )


def _options(folder: Path) -> dict[str, str] | None:
    remote = as_remote(folder)
    return None if remote is None else dict(remote.storage_options or {})


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What is known of a file: the part of ``os.stat_result`` that is used.

    Attributes:
        st_mtime: When it was written, in seconds since 1970; S3 counts whole ones.
        st_mtime_ns: The same in nanoseconds.
        st_ino: Always 0.
    """

    st_mtime: float
    st_mtime_ns: int
    st_ino: int = 0


class RemoteFolder:
    """A place in an S3 bucket, with the methods of ``pathlib.Path`` that the memory uses.

    Args:
        key: ``bucket/prefix``.
        storage_options: As for LanceDB: ``aws_access_key_id``, ``aws_secret_access_key``,
            ``aws_region``, ``aws_endpoint``, ``allow_http`` and so on; None takes what the
            environment says.
    """

    def __init__(self, key: str, storage_options: Mapping[str, str] | None = None) -> None:
        self.key = key
        self.storage_options = storage_options

    def __str__(self) -> str:
        return f"{_SCHEME}{self.key}"

    def __truediv__(self, name: str) -> RemoteFolder:
        return RemoteFolder(f"{self.key}/{name}", self.storage_options)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> RemoteFolder:
        """The key without its last part."""
        return RemoteFolder(self.key.rpartition("/")[0], self.storage_options)

    def with_name(self, name: str) -> RemoteFolder:
        """Return another name in the same place."""
        return self.parent / name

    @cached_property
    def _files(self) -> fs.S3FileSystem:
        return _file_system(tuple(sorted((self.storage_options or {}).items())))

    def _info(self) -> fs.FileInfo:
        return self._files.get_file_info(self.key)

    def exists(self) -> bool:
        """Return whether there is a file of this name, or any below it."""
        return bool(self._info().type.name != "NotFound")

    def stat(self) -> FileStatus:
        """Return when the file was written.

        Raises:
            FileNotFoundError: There is none.
        """
        info = self._info()
        if not info.is_file:
            raise FileNotFoundError(str(self))
        return FileStatus(info.mtime_ns / 1e9, info.mtime_ns)

    def mkdir(self, *, parents: bool = False, exist_ok: bool) -> None:
        """Write nothing: a folder is there when a file is.

        Raises:
            FileNotFoundError: The folder that it is to lie in is not there and may not be made.
        """
        del exist_ok  # always true
        if not parents and not self.parent.exists():
            raise FileNotFoundError(f"no such file or folder: {self.parent}")

    def touch(self) -> None:
        """Write an empty file, in place of the one that may be there."""
        self.write_bytes(b"")

    def write_bytes(self, content: bytes) -> None:
        """Write a file, in place of the one that may be there."""
        with self._files.open_output_stream(self.key) as stream:
            stream.write(content)

    def read_bytes(self) -> bytes:
        """Return the content of a file.

        Raises:
            FileNotFoundError: There is none.
        """
        with self._files.open_input_stream(self.key) as stream:
            return bytes(stream.read())

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove a file."""
        try:
            self._files.delete_file(self.key)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def iterdir(self) -> Iterator[RemoteFolder]:
        """Yield what lies directly in this folder; nothing when there is no such folder."""
        for info in self._select(recursive=False):
            yield RemoteFolder(info.path, self.storage_options)

    def glob(self, pattern: str) -> Iterator[RemoteFolder]:
        """Yield what lies directly in this folder and has a name like ``pattern``."""
        yield from (path for path in self.iterdir() if fnmatch.fnmatch(path.name, pattern))

    def remove_tree(self) -> bool:
        """Remove all files below, and those that are written meanwhile.

        Returns:
            Whether there were any.
        """
        found = False
        while self._select(recursive=True):
            found = True
            self._files.delete_dir(self.key)
        return found

    def upload_new_table(self, aside: Path) -> None:
        """Put the empty table in the local folder ``aside`` here.

        Version 1 of an empty table names no data file and is the same whoever makes it. So of
        two writers that begin a memory at once the second does no harm, even if the first has
        written meanwhile: what it wrote are later versions. LanceDB's own ``create_table``
        overwrites these.
        """
        for path in sorted(aside.rglob("*"), key=lambda path: path.suffix == ".manifest"):
            if path.is_file():
                (self / path.relative_to(aside).as_posix()).write_bytes(path.read_bytes())
        (self.parent / "lock").touch()  # stands for the life of this memory

    def _select(self, *, recursive: bool) -> list[Any]:
        from pyarrow import fs

        selector = fs.FileSelector(self.key, allow_not_found=True, recursive=recursive)
        return list(self._files.get_file_info(selector))


def _file_system(options: tuple[tuple[str, str], ...]) -> fs.S3FileSystem:
    from pyarrow import fs

    settings: dict[str, Any] = {}
    told = [(name, os.environ[name]) for name in _ENVIRONMENT if name in os.environ]
    for name, value in (*told, *options):
        key = name.lower().removeprefix("aws_")
        if key in _OPTIONS:
            settings[_OPTIONS[key]] = value
        elif key == "allow_http":
            settings["scheme"] = "http" if value.lower() in ("1", "true") else "https"
    return fs.S3FileSystem(**settings)
