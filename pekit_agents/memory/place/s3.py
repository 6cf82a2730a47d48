"""A prefix in an S3 bucket: ``BucketPlace``, without locks; ``BucketPath`` is used like a path."""

from __future__ import annotations

import fnmatch
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lancedb

from pekit_agents.memory.place.folder import INDEX_PATIENCE_S, LOCK, TABLE, FolderPlace
from pekit_agents.memory.place.session import shared_session

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import fs

SCHEME = "s3://"
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


def bucket_place(uri: str, storage_options: Mapping[str, str] | None) -> BucketPlace:
    """Return the place of all users' memories at an ``s3://`` URI.

    Args:
        uri: ``s3://``, the name of a bucket, and what its keys begin with.
        storage_options: As for LanceDB: ``aws_access_key_id``, ``aws_secret_access_key``,
            ``aws_region``, ``aws_endpoint``, ``allow_http`` and so on; None takes what the
            environment says.
    """
    return BucketPlace(BucketPath(uri.removeprefix(SCHEME).rstrip("/"), storage_options))


class BucketPlace(FolderPlace):
    """A prefix in a bucket. There are no locks, no renaming and no change of a file there.

    Args:
        path: The prefix.
    """

    path: BucketPath

    def __init__(self, path: BucketPath) -> None:
        self.path = path

    @property
    def storage_options(self) -> Mapping[str, str]:
        """What LanceDB has to know to reach the bucket."""
        return self.path.storage_options or {}

    def child(self, name: str) -> BucketPlace:
        """Return a longer prefix."""
        return BucketPlace(self.path / name)

    def create_table(self, schema: pa.Schema) -> None:
        """Put an empty table here.

        Version 1 of an empty table names no data file and is the same whoever makes it. So of
        two writers that begin a memory at once the second does no harm, even if the first has
        written meanwhile: what it wrote are later versions. LanceDB's own ``create_table``
        overwrites these.
        """
        with tempfile.TemporaryDirectory() as staging:
            lancedb.connect(staging, session=shared_session()).create_table(TABLE, schema=schema)
            # A table is there when a manifest is, so these come last.
            made = Path(staging, f"{TABLE}.lance").rglob("*")
            for path in sorted(made, key=lambda path: path.suffix == ".manifest"):
                if path.is_file():
                    self.write(path.relative_to(staging).as_posix(), path.read_bytes())
        (self.path / LOCK).touch()  # stands for the life of this memory

    def write(self, name: str, content: bytes) -> None:
        """Write a file; a bucket has it whole or not at all."""
        (self.path / name).write_bytes(content)

    def writing_lock(self) -> AbstractContextManager[bool]:
        """Hold nothing: there are no locks."""
        return nullcontext(False)

    def index_lock(self, *, patience_s: float = INDEX_PATIENCE_S) -> AbstractContextManager[bool]:
        """Hold nothing: there are no locks."""
        del patience_s
        return nullcontext(False)

    def remove_staging(self, *, older_than_s: float) -> None:
        """Do nothing: a table is made on this machine and then copied."""

    def forget(self) -> bool:
        """Remove all files below, and those that are written meanwhile."""
        return self.path.remove_tree()


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What is known of a file: the part of ``os.stat_result`` that is used.

    Attributes:
        st_mtime: When it was written, in seconds since 1970; S3 counts whole ones.
        st_mtime_ns: The same in nanoseconds.
        st_size: Its length in bytes.
        st_ino: Always 0.
    """

    st_mtime: float
    st_mtime_ns: int
    st_size: int
    st_ino: int = 0


class BucketPath:
    """A key in a bucket, with the methods of ``pathlib.Path`` that a memory uses.

    Args:
        key: ``bucket/prefix``.
        storage_options: As for :func:`bucket_place`.
    """

    def __init__(self, key: str, storage_options: Mapping[str, str] | None = None) -> None:
        self.key = key
        self.storage_options = storage_options

    def __str__(self) -> str:
        return f"{SCHEME}{self.key}"

    def __truediv__(self, name: str) -> BucketPath:
        return BucketPath(f"{self.key}/{name}", self.storage_options)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> BucketPath:
        """The key without its last part."""
        return BucketPath(self.key.rpartition("/")[0], self.storage_options)

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
        return FileStatus(info.mtime_ns / 1e9, info.mtime_ns, info.size)

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

    def iterdir(self) -> Iterator[BucketPath]:
        """Yield what lies directly in this folder; nothing when there is no such folder."""
        for info in self._select(recursive=False):
            yield BucketPath(info.path, self.storage_options)

    def glob(self, pattern: str) -> Iterator[BucketPath]:
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
