"""A user's place in a database of LanceDB Cloud or Enterprise: ``CloudPlace``, one table alone.

Keeping the table small, and removing what was deleted from it, is up to the service.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import lancedb
import pyarrow as pa
from lancedb.remote.errors import HttpError

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.place.session import shared_session

if TYPE_CHECKING:
    from lancedb.table import Table

SCHEME = "db://"
_DATABASE = re.compile(r"[A-Za-z0-9_.-]+")
_OPTIONS = ("api_key", "region", "host_override")
_REGION = "us-east-1"  # that of LanceDB
_REMEDY = (
    "Check the API key, the region and the host, and that the database can be reached, then try "
    "again."
)
# Tells a table from the one of a user who was forgotten and began anew: both count from 1.
_INCARNATION = b"pekit.birth"


class CloudPlace:
    """A user's table at a ``db://`` URI.

    Args:
        database: The name of the database.
        options: ``api_key``, ``region`` and ``host_override``.
        path: What follows the name; a user's is a slash and the hash of their id.
    """

    files: None = None

    def __init__(self, database: str, options: Mapping[str, str], path: str = "") -> None:
        self._database, self._options, self._path = database, options, path

    def __str__(self) -> str:
        return f"{SCHEME}{self._database}{self._path}"

    def child(self, name: str) -> CloudPlace:
        """Return the place of another table."""
        return CloudPlace(self._database, self._options, f"{self._path}/{name}")

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
            session=shared_session(),
        )

    def open_table(self) -> tuple[Table, object] | None:
        """Return the user's table and its incarnation; None if there is none."""
        try:
            table = self.connect().open_table(self.table_name)
        except ValueError as exc:
            if "not found" not in str(exc):
                raise
            return None
        return table, _incarnation(table)

    def refresh(self, table: Table, incarnation: object) -> bool:
        """Bring an open table to its newest version; False if it is another one by now."""
        table.checkout_latest()  # type: ignore[no-untyped-call]
        return _incarnation(table) == incarnation

    def create_table(self, schema: pa.Schema) -> None:
        """Create an empty table, unless another writer is faster."""
        try:
            self.connect().create_table(self.table_name, schema=_with_incarnation(schema))
        except ValueError as exc:
            if "already exists" not in str(exc):
                raise

    def overwrite_table(self, rows: pa.RecordBatchReader) -> None:
        """Put ``rows`` in place of the table."""
        schema = _with_incarnation(rows.schema)
        named = (batch.cast(schema) for batch in rows)
        reader = pa.RecordBatchReader.from_batches(schema, named)
        self.connect().create_table(self.table_name, data=reader, schema=schema, mode="overwrite")

    def forget(self) -> bool:
        """Drop the user's table; return whether there was one."""
        if self.open_table() is None:
            return False
        try:
            self.connect().drop_table(self.table_name)
        except HttpError as exc:
            if exc.status_code != HTTPStatus.NOT_FOUND:  # else somebody else drops it, too
                raise
        return True

    def remedy(self, doing: str) -> str:
        """Return what a person can do when it could not be reached."""
        del doing
        return _REMEDY


def cloud_place(uri: str, options: Mapping[str, str] | None) -> CloudPlace:
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
    return CloudPlace(database, {"region": _REGION, **given})


def _incarnation(table: Table) -> bytes:
    """Return what tells a table from another one of its name."""
    return bytes((table.schema.metadata or {}).get(_INCARNATION, b""))


def _with_incarnation(schema: pa.Schema) -> pa.Schema:
    stamp = uuid.uuid4().hex.encode()
    return schema.with_metadata({**(schema.metadata or {}), _INCARNATION: stamp})
