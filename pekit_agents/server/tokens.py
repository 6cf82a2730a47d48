"""Who may use a server: a file of tokens for small installs, which holds their hashes only."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock

from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.files import atomic_write, private_folder

__all__ = ["Tokens", "hash_of"]

_LOGGER = logging.getLogger(__name__)

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

    While a file that was read once cannot be read, because somebody edits it, the tokens that it
    held stay in force. Safe to call from several threads and processes. Tokens are looked up by
    their hash: how long that takes says nothing of them.

    Args:
        path: The file; it need not be there.
        others: Hashes of tokens that are in no file, and whose each is.
    """

    def __init__(self, path: Path, others: Mapping[str, str] = MappingProxyType({})) -> None:
        self._path, self._others = path, dict(others)
        self._lock = threading.Lock()
        self._state: object = None  # of the file when it was last looked into
        self._kept: dict[str, str] | None = None
        self._asked_for = bool(self._others)

    @property
    def asked_for(self) -> bool:
        """Whether users have to show a token: there is one, or was one, in the file or besides.

        To have a server ask for none again, delete the file and start it anew.
        """
        # os.path says False where a folder may not be looked into, and Path raises.
        self._asked_for = self._asked_for or os.path.lexists(self._path)
        return self._asked_for

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
            MemoryStoreError: The file cannot be read or written.
        """
        if not user_id:
            raise InvalidInput("user: expected a text with characters, found none")
        token = secrets.token_urlsafe(32) if token is None else token
        digest = hash_of(token)

        def with_it(kept: dict[str, str]) -> dict[str, str]:
            if (kept | self._others).get(digest, user_id) != user_id:
                raise InvalidInput("token: expected one of nobody else, found one that is in use")
            return kept | {digest: user_id}

        self._change(with_it)
        return token

    def remove(self, user_id: str) -> int:
        """Remove all tokens of a user from the file and return how many there were.

        Raises:
            MemoryStoreError: The file cannot be read or written.
        """
        removed: list[str] = []

        def without(kept: dict[str, str]) -> dict[str, str]:
            removed.extend(each for each, user in kept.items() if user == user_id)
            return {each: user for each, user in kept.items() if user != user_id}

        if self._path.exists():
            self._change(without)
        return len(removed)

    def users(self) -> dict[str, int]:
        """Return the users who have tokens, in alphabetical order, and how many each has."""
        users = list(self._all().values())
        return {user: users.count(user) for user in sorted(set(users))}

    def _all(self) -> dict[str, str]:
        return self._of_file() | self._others

    def _of_file(self) -> dict[str, str]:
        with self._lock:
            try:
                about = self._path.stat()
            except FileNotFoundError:
                self._state, self._kept = None, {}
                return self._kept
            except OSError as exc:
                state: object = exc.errno
            else:
                state = about.st_mtime_ns, about.st_size, about.st_ino
            if self._state != state:
                self._look_into(state)
            if self._kept is None:
                raise _damaged(self._path)
            return self._kept

    def _look_into(self, state: object) -> None:
        self._state = state
        try:
            self._kept = _tokens_in(self._path)
        except MemoryStoreError as exc:
            if self._kept is not None:
                _LOGGER.error("%s; until then those that were read before stay in force", exc)

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        try:
            private_folder(self._path.parent)
            with FileLock(self._path.with_suffix(".lock"), mode=0o600):
                kept = change(_tokens_in(self._path) if self._path.exists() else {})
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
        raise _damaged(path) from exc


def _damaged(path: Path) -> MemoryStoreError:
    return MemoryStoreError(
        f"expected a file of tokens, found {path}, which is none or cannot be read; mend it, or "
        "remove it and make tokens with pekit token add"
    )


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
