"""A user's place in a database of LanceDB Cloud or Enterprise: one table, and nothing beside it.

Who needs files (marks, locks, sightings to review, an index of one's own) calls
``require_files``, which refuses a ``db://`` URI. Keeping the tables small, and removing what was
deleted from them, is up to the service.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import lancedb
import pyarrow as pa
from lancedb.remote.errors import HttpError

from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from lancedb.table import Table

SCHEME = "db://"
_DATABASE = re.compile(r"[A-Za-z0-9_.-]+")
_OPTIONS = ("api_key", "region", "host_override")
_REGION = "us-east-1"  # that of LanceDB
# Tells a table from the one of a user who was forgotten and began anew: both count from 1.
_BIRTH = b"pekit.birth"


class CloudFolder:
    """A place at a ``db://`` URI, with the few methods of ``pathlib.Path`` that are asked of it.

    Args:
        database: The name of the database.
        options: ``api_key``, ``region`` and ``host_override``.
        path: What follows the name; a user's is a slash and the hash of their id.
    """

    def __init__(self, database: str, options: Mapping[str, str], path: str = "") -> None:
        self._database, self._options, self._path = database, options, path

    def __str__(self) -> str:
        return f"{SCHEME}{self._database}{self._path}"

    def __truediv__(self, name: str) -> CloudFolder:
        return CloudFolder(self._database, self._options, f"{self._path}/{name}")

    def iterdir(self) -> Iterator[CloudFolder]:
        """Yield nothing: there are no files."""
        yield from ()

    def unlink(self, *, missing_ok: bool) -> None:
        """Do nothing: there are no files."""

    @property
    def table_name(self) -> str:
        """What the table of the user whose place this is is called."""
        return f"pekit_{self._path.removeprefix('/')}"

    def connect(self) -> lancedb.DBConnection:
        """Return LanceDB's connection to the database; nothing is asked of it yet."""
        return lancedb.connect(
            f"{SCHEME}{self._database}",
            api_key=self._options["api_key"],
            region=self._options["region"],
            host_override=self._options.get("host_override"),
        )

    def open_table(self) -> Table | None:
        """Return the user's table; None if there is none."""
        try:
            return self.connect().open_table(self.table_name)
        except ValueError as exc:
            if "not found" not in str(exc):
                raise
            return None

    def create_table(self, schema: pa.Schema) -> None:
        """Create an empty table, unless another writer is faster."""
        try:
            self.connect().create_table(self.table_name, schema=_with_birth(schema))
        except ValueError as exc:
            if "already exists" not in str(exc):
                raise

    def overwrite_table(self, rows: pa.RecordBatchReader) -> None:
        """Put ``rows`` in place of the table."""
        schema = _with_birth(rows.schema)
        named = (batch.cast(schema) for batch in rows)
        reader = pa.RecordBatchReader.from_batches(schema, named)
        self.connect().create_table(self.table_name, data=reader, schema=schema, mode="overwrite")

    def drop_table(self) -> bool:
        """Drop the user's table; return whether there was one."""
        if self.open_table() is None:
            return False
        try:
            self.connect().drop_table(self.table_name)
        except HttpError as exc:
            if exc.status_code != HTTPStatus.NOT_FOUND:  # else somebody else drops it, too
                raise
        return True


def as_cloud(folder: object) -> CloudFolder | None:
    """Return ``folder`` if it is at a ``db://`` URI; None if it holds files."""
    return folder if isinstance(folder, CloudFolder) else None


def cloud_folder(uri: str, options: Mapping[str, str] | None) -> CloudFolder:
    """Return the place of all users' memories in a database.

    Args:
        uri: ``db://`` and the name of the database.
        options: ``api_key``, ``region`` and ``host_override``; what is left out is taken from
            the environment: LANCEDB_API_KEY, LANCEDB_REGION and LANCEDB_HOST_OVERRIDE.

    Raises:
        InvalidInput: It names no database, there is no key, or an option is not known.
    """
    database = uri.removeprefix(SCHEME).removesuffix("/")
    if not _DATABASE.fullmatch(database):
        raise InvalidInput(f"expected {SCHEME} and the name of a database, found {uri!r}")
    given = dict(options or {})
    unknown = sorted(set(given) - set(_OPTIONS))
    if unknown:  # without their values, one of which may be the key
        raise InvalidInput(
            f"expected storage_options of a {SCHEME} URI among {', '.join(_OPTIONS)}, "
            f"found {', '.join(unknown)}"
        )
    for name in _OPTIONS:
        told = os.environ.get(f"LANCEDB_{name.upper()}")
        if told and name not in given:
            given[name] = told
    if not given.get("api_key"):
        raise InvalidInput(
            f"expected an API key for {uri}, found none: set LANCEDB_API_KEY, or give "
            'storage_options={"api_key": ...}'
        )
    return CloudFolder(database, {"region": _REGION, **given})


def require_files(place: object, purpose: str) -> None:
    """Refuse a ``db://`` URI, or what is at one, for a purpose that needs files.

    Raises:
        InvalidInput: It is one.
    """
    if str(place).startswith(SCHEME):
        raise InvalidInput(
            f"{purpose} needs files: expected a folder or an s3:// URI, found {place}. "
            "A memory can be moved there by an export and an import."
        )


def birth(table: Table) -> bytes:
    """Return what tells a table from another one of its name."""
    return bytes((table.schema.metadata or {}).get(_BIRTH, b""))


def _with_birth(schema: pa.Schema) -> pa.Schema:
    stamp = uuid.uuid4().hex.encode()
    return schema.with_metadata({**(schema.metadata or {}), _BIRTH: stamp})
