"""Who may use a server: a file of tokens for small installs, which holds their hashes only."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock

from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.files import atomic_write

__all__ = ["Tokens", "hash_of"]

_SHORTEST = 16  # characters; 96 bits where they were drawn at random


def hash_of(token: str) -> str:
    """Return what is kept of a token: its SHA-256 in hexadecimal digits.

    Raises:
        InvalidInput: It is too short to be a secret.
    """
    if len(token) < _SHORTEST:
        raise InvalidInput(
            f"token: expected at least {_SHORTEST} characters, found {len(token)}; leave it out "
            "and one is made"
        )
    return _sha256(token)


class Tokens:
    """Tokens and their users: those of a file, which is read anew when it changes, and others.

    Safe to call from several threads and processes.

    Args:
        path: The file; it need not be there.
        others: Hashes of tokens that are in no file, and whose each is.
    """

    def __init__(self, path: Path, others: Mapping[str, str] = MappingProxyType({})) -> None:
        self._path, self._others = path, dict(others)
        self._lock = threading.Lock()
        self._read: tuple[object, dict[str, str]] = (None, {})

    def __bool__(self) -> bool:
        """Whether there is any token."""
        return bool(self._all())

    def user_of(self, token: str) -> str | None:
        """Return whose token it is; None when it is nobody's."""
        return self.user_of_hash(_sha256(token))

    def user_of_hash(self, digest: str) -> str | None:
        """Return whose token has a hash; None when nobody's has."""
        return self._all().get(digest)

    def add(self, user_id: str, token: str | None = None) -> str:
        """Keep a token in the file and return it; one is made where none is given.

        Raises:
            InvalidInput: The user id is empty, or the token too short or of somebody else.
            MemoryStoreError: The file cannot be written.
        """
        if not user_id:
            raise InvalidInput("user: expected a text with characters, found none")
        token = secrets.token_urlsafe(32) if token is None else token
        digest = hash_of(token)
        if self.user_of_hash(digest) not in (None, user_id):
            raise InvalidInput("token: expected one of nobody else, found one that is in use")
        self._change(lambda kept: kept | {digest: user_id})
        return token

    def remove(self, user_id: str) -> int:
        """Remove all tokens of a user from the file and return how many there were.

        Raises:
            MemoryStoreError: The file cannot be written.
        """
        count = list(self._of_file().values()).count(user_id)
        if count:
            self._change(lambda kept: {k: user for k, user in kept.items() if user != user_id})
        return count

    def users(self) -> dict[str, int]:
        """Return the users who have tokens, in alphabetical order, and how many each has."""
        users = list(self._all().values())
        return {user: users.count(user) for user in sorted(set(users))}

    def _all(self) -> dict[str, str]:
        return self._of_file() | self._others

    def _of_file(self) -> dict[str, str]:
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return {}
        state = about.st_mtime_ns, about.st_size, about.st_ino
        with self._lock:
            if self._read[0] != state:
                self._read = state, _tokens_in(self._path)
            return self._read[1]

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(".lock"), mode=0o600):
                kept = change(self._of_file())
                with atomic_write(self._path, shared=False, durable=True) as file:
                    file.write(json.dumps(kept, indent=1).encode())
        except OSError as exc:
            raise MemoryStoreError(
                f"expected a file of tokens that can be written, found {self._path}: {exc.strerror}"
            ) from exc


def _tokens_in(path: Path) -> dict[str, str]:
    try:
        read = json.loads(path.read_bytes())
        return {str(digest): str(user) for digest, user in read.items()}
    except (OSError, ValueError, AttributeError) as exc:
        raise MemoryStoreError(
            f"expected a file of tokens, found {path}, which is none; remove it, and make tokens "
            "with pekit token add"
        ) from exc


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
