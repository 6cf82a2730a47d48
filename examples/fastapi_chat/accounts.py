"""Who may chat, and whose each thread is: two tables of an SQLite file.

Tokens are kept as hashes. ``python -m examples.fastapi_chat.accounts ann`` adds a user, or
another token of a user who is there, and prints the token.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import aiosqlite
import typer

__all__ = ["DATA_VARIABLE", "Accounts", "connected"]

DATA_VARIABLE = "PEKIT_CHAT_DATA"

_TABLES = """
CREATE TABLE IF NOT EXISTS tokens (sha256 TEXT PRIMARY KEY, user_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS threads (thread_id TEXT PRIMARY KEY, user_id TEXT NOT NULL);
"""


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """Connect to an SQLite file in which deleted rows are overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with aiosqlite.connect(path) as connection:
        await connection.execute("PRAGMA secure_delete = ON")
        yield connection


class Accounts:
    """Tokens of users and owners of threads."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Accounts]:
        """Open the accounts in a folder, which need not exist yet."""
        async with connected(folder / "accounts.sqlite") as connection:
            await connection.executescript(_TABLES)
            yield cls(connection)

    async def add_token(self, user_id: str) -> str:
        """Return a new token of a user."""
        token = secrets.token_urlsafe(32)
        await self._write("INSERT INTO tokens VALUES (?, ?)", _sha256(token), user_id)
        return token

    async def user_of(self, token: str) -> str | None:
        """Return whose token it is; None when it is nobody's."""
        found = await self._read("SELECT user_id FROM tokens WHERE sha256 = ?", _sha256(token))
        return found[0] if found else None

    async def add_thread(self, user_id: str) -> str:
        """Return a new thread of a user."""
        thread_id = uuid.uuid4().hex
        await self._write("INSERT INTO threads VALUES (?, ?)", thread_id, user_id)
        return thread_id

    async def threads_of(self, user_id: str) -> list[str]:
        """Return the threads of a user, the oldest first."""
        query = "SELECT thread_id FROM threads WHERE user_id = ? ORDER BY rowid"
        return await self._read(query, user_id)

    async def remove_thread(self, thread_id: str) -> None:
        """Make a thread nobody's."""
        await self._write("DELETE FROM threads WHERE thread_id = ?", thread_id)

    async def _read(self, query: str, value: str) -> list[str]:
        async with self._connection.execute(query, (value,)) as cursor:
            return [row[0] async for row in cursor]

    async def _write(self, statement: str, *values: str) -> None:
        await self._connection.execute(statement, values)
        await self._connection.commit()


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def main(
    user_id: Annotated[str, typer.Argument(help="who is to get a token")],
    data: Annotated[Path, typer.Option(envvar=DATA_VARIABLE)] = Path("chat-data"),
) -> None:
    """Print a new token of a user."""

    async def add() -> str:
        async with Accounts.open(data) as accounts:
            return await accounts.add_token(user_id)

    typer.echo(asyncio.run(add()))


if __name__ == "__main__":
    typer.run(main)
