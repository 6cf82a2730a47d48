"""Whose each thread is: a table of an SQLite file."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

__all__ = ["Threads", "connected"]

_TABLE = "CREATE TABLE IF NOT EXISTS threads (thread_id TEXT PRIMARY KEY, user_id TEXT NOT NULL)"


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """Connect to an SQLite file in which deleted rows are overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with aiosqlite.connect(path) as connection:
        await connection.execute("PRAGMA secure_delete = ON")
        yield connection


class Threads:
    """Threads and their owners."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Threads]:
        """Open the table in a folder, which need not exist yet."""
        async with connected(folder / "owners.sqlite") as connection:
            await connection.execute(_TABLE)
            yield cls(connection)

    async def add(self, user_id: str) -> str:
        """Return a new thread of a user."""
        thread_id = uuid.uuid4().hex
        await self._write("INSERT INTO threads VALUES (?, ?)", thread_id, user_id)
        return thread_id

    async def of(self, user_id: str) -> list[str]:
        """Return the threads of a user, the oldest first."""
        query = "SELECT thread_id FROM threads WHERE user_id = ? ORDER BY rowid"
        async with self._connection.execute(query, (user_id,)) as cursor:
            return [row[0] async for row in cursor]

    async def remove(self, thread_id: str) -> None:
        """Make a thread nobody's."""
        await self._write("DELETE FROM threads WHERE thread_id = ?", thread_id)

    async def _write(self, statement: str, *values: str) -> None:
        await self._connection.execute(statement, values)
        await self._connection.commit()
