"""Whose memory a request reaches: its token or session says so, or that it is one's own machine.

A host that knows its users otherwise gives an :data:`Identify` of its own. Nothing that stands in
a path, a query or a body ever names the user.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from itsdangerous import BadData, URLSafeTimedSerializer

from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.files import atomic_write, private_folder
from pekit_agents.server.tokens import hash_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from pekit_agents.server.settings import ServerSettings
    from pekit_agents.server.tokens import Tokens

__all__ = ["SESSION_COOKIE", "Identify", "Identity", "bearer_of", "require_identity", "secret_key"]

#: Gives the user of a request, or None where nobody may be told who it is.
Identify: TypeAlias = "Callable[[HTTPConnection], Awaitable[str | None]]"

SESSION_COOKIE = "pekit_session"
_KEY_FILE = "session-key"
_KEY_BYTES = 48  # drawn at random
_SESSION_SECONDS = 30 * 24 * 3600
#: A request with one of these has come through a proxy, and from anywhere.
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Identity:
    """Users by bearer tokens, by the console's sessions, or one user on one's own machine.

    A session is a signed cookie that holds the hash of the token it was begun with: it ends with
    the token. Several processes over one folder know each other's sessions.

    Args:
        settings: Where the key of sessions is kept, and whose memory it is without tokens.
        tokens: The tokens.
    """

    def __init__(self, settings: ServerSettings, tokens: Tokens) -> None:
        self._settings, self._tokens = settings, tokens
        self._made: URLSafeTimedSerializer | None = None

    @property
    def open_to_all(self) -> bool:
        """Whether nobody has to say who they are: only this machine reaches it, without tokens.

        It stays closed once there was a token, also when the last one is removed.
        """
        return self._settings.only_here and not self._tokens.asked_for

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Return whose request it is; None when nobody says so."""
        token = bearer_of(request)
        if token is not None:
            return self._tokens.user_of(token)
        if self.open_to_all:
            passed_on = any(name in request.headers for name in _OF_PROXIES)
            return None if passed_on else self._settings.user
        session = request.cookies.get(SESSION_COOKIE)
        return None if session is None else self._user_of_session(session)

    def begin_session(self, token: str) -> str | None:
        """Return the cookie of a new session for a token; None when it is nobody's.

        Raises:
            MemoryStoreError: The key of sessions cannot be kept.
        """
        if self._tokens.user_of(token) is None:
            return None
        return self._serializer.dumps(hash_of(token))

    def _user_of_session(self, session: str) -> str | None:
        try:
            digest = self._serializer.loads(session, max_age=_SESSION_SECONDS)
        except BadData:
            return None
        return self._tokens.user_of_hash(digest) if isinstance(digest, str) else None

    @property
    def _serializer(self) -> URLSafeTimedSerializer:
        if self._made is None:
            self._made = URLSafeTimedSerializer(secret_key(self._settings.folder), salt="console")
        return self._made


def bearer_of(request: HTTPConnection) -> str | None:
    """Return the bearer token of a request; None where it has none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else None


def require_identity(settings: ServerSettings, tokens: Tokens) -> None:
    """Refuse to serve other machines where nobody has to say who they are.

    Raises:
        InvalidInput: The address is reached by other machines, and there is no token.
    """
    if not settings.only_here and not tokens:
        raise InvalidInput(
            f"host: expected a token, since other machines reach {settings.url}, found none; make "
            "one with pekit token add NAME, or listen at 127.0.0.1 under no other name"
        )


def secret_key(folder: Path) -> str:
    """Return the key that signs sessions and hides who is who in logs; the first process makes it.

    Raises:
        MemoryStoreError: It cannot be read or written, or is no key.
    """
    path = folder / _KEY_FILE
    try:
        private_folder(folder)
        if not path.exists():
            made = atomic_write(path, shared=False, overwrite=False, durable=True)
            with contextlib.suppress(FileExistsError), made as file:  # another process was first
                file.write(secrets.token_urlsafe(_KEY_BYTES).encode())
        key = path.read_bytes()
    except OSError as exc:
        raise MemoryStoreError(
            f"expected a folder that can be written, found {folder}: {exc.strerror}"
        ) from exc
    if len(key) < _KEY_BYTES or not key.isascii():
        raise MemoryStoreError(
            f"expected the key of sessions, found {path}, which is none; remove it, which ends all "
            "sessions"
        )
    return key.decode("ascii")
