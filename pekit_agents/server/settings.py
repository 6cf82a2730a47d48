"""How a server is set up: ``ServerSettings``, which can be handed to other processes as text."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.server.hosts import LOCAL_HOSTS, host_of, is_loopback, site_of
from pekit_agents.tools.clip_store import CLIP_BYTES

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.protocols import SearchMode

__all__ = ["ServerSettings"]

#: Settings of 1 or more.
_COUNTS = ("max_bytes", "max_pixels", "max_request", "max_clip", "queue", "per_user", "threads")
_STATE = ".server"  # within the memory's directory


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What a server serves, to whom, and what it may cost.

    Attributes:
        memory: The directory that holds the memories of all users, or an ``s3://`` URI.
        profile: A profile's name or file.
        state: Where pictures, tokens and the session key are kept; ``.server`` within a memory
            that is a directory.
        host: The address to listen at.
        port: The port to listen at; 0 for any that is free.
        user: Whose memory it is where nobody has to say who they are: on one's own machine.
        tokens: The SHA-256 of further tokens, and whose each is, besides those of the token file.
        public_url: How browsers reach the server, such as ``https://things.example``; None for
            ``http://host:port``.
        hosts: Further host names that requests may be for, besides that of ``public_url``.
        photos: Folders of this machine whose photos MCP clients may name by path.
        inbox: A folder of this machine whose newest photo is "the latest" of ``user``.
        model: The name of a chat model that answers ``describe``; None for the client's own.
        endpoint: The OpenAI-compatible endpoint of ``model``.
        keep_crops: Whether what is remembered keeps a small picture for each photo, which the
            console shows.
        strictness: How sure a match has to be to be named; None for the profile's own.
        mode: How hard to look.
        max_bytes: The largest photo in bytes.
        max_pixels: The largest photo in pixels.
        max_request: The largest body of a request in bytes, and what the bodies of one user's
            requests may weigh that are worked on together.
        max_clip: The largest clip in bytes. One is sent alone and written to the disk as it comes,
            so that it does not count to ``max_request``.
        upload_seconds: How long the body of a request may take to arrive.
        threads: How many photos are decoded and searched at a time; None for one for each core.
        queue: How many photos may wait for a thread, of all users together.
        per_user: How many requests of one user are worked on or wait at a time.
        storage_options: For an ``s3://`` memory, as :meth:`PeKit.open` takes them.
    """

    memory: str = "pekit-memory"
    profile: str = "embedded"
    state: str | None = None
    host: str = "127.0.0.1"
    port: int = 8321
    user: str = "default"
    tokens: Mapping[str, str] = field(default_factory=dict)
    public_url: str | None = None
    hosts: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    inbox: str | None = None
    model: str | None = None
    endpoint: str | None = None
    keep_crops: bool = True
    strictness: Strictness | None = None
    mode: SearchMode = "auto"
    max_bytes: int = 25 * 2**20
    max_pixels: int = DEFAULT_LIMITS.max_pixels
    max_request: int = 100 * 2**20
    max_clip: int = CLIP_BYTES
    upload_seconds: float = 120.0
    threads: int | None = None
    queue: int = 64
    per_user: int = 8
    storage_options: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be served."""
        for name in _COUNTS:
            given = getattr(self, name)
            if given is not None and given < 1:
                raise InvalidInput(f"{name}: expected at least 1, found {given}")
        if not self.upload_seconds > 0:
            raise InvalidInput(f"upload_seconds: expected more than 0, found {self.upload_seconds}")
        if not 0 <= self.port <= 65535:
            raise InvalidInput(f"port: expected one of 0 to 65535, found {self.port}")
        if not self.user:
            raise InvalidInput("user: expected a text with characters, found none")
        self._check_names()
        if "://" in self.memory and self.state is None:
            raise InvalidInput(
                "state: expected a folder of this machine for pictures and tokens, since the "
                f"memory is {self.memory}, found none; give one with --state"
            )

    def _check_names(self) -> None:
        if self.public_url is not None and site_of(self.public_url) is None:
            raise InvalidInput(
                "public_url: expected a whole site, such as https://things.example, found "
                f"{self.public_url}; a path after it cannot be served"
            )
        for host in self.hosts:
            if host != "*" and (host_of(host) or "") != host.casefold():
                raise InvalidInput(
                    f"hosts: expected a host name without scheme and port, such as "
                    f"things.example, found {host}"
                )

    @property
    def folder(self) -> Path:
        """Where pictures, tokens and the session key are kept."""
        chosen = Path(self.memory) / _STATE if self.state is None else Path(self.state)
        return chosen.expanduser().absolute()

    @property
    def private(self) -> list[Path]:
        """Folders of which no photo is read by its path, wherever they lie: the server's own."""
        if "://" in self.memory:
            return [self.folder]
        return [self.folder, Path(self.memory).expanduser().absolute()]

    @property
    def token_file(self) -> Path:
        """The file of tokens, which need not be there."""
        return self.folder / "tokens.json"

    @property
    def url(self) -> str:
        """How browsers reach the server, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def limits(self) -> ImageLimits:
        """What a photo may weigh; who sends one cannot raise it, so errors do not say how."""
        side = max(DEFAULT_LIMITS.max_side, self.max_pixels)
        return ImageLimits(self.max_bytes, self.max_pixels, side, remedies={})

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The host names that requests may be for, in small letters and without ports."""
        site = site_of(self.url)
        own = (host_of(site[1]) or "",) if site else ()
        local = LOCAL_HOSTS if is_loopback(self.host) else ()
        return tuple(dict.fromkeys((*own, *(host.casefold() for host in self.hosts), *local)))

    @property
    def only_here(self) -> bool:
        """Whether nothing says that other machines reach it: neither the address nor a name."""
        return is_loopback(self.host) and all(is_loopback(host) for host in self.allowed_hosts)

    def to_json(self) -> str:
        """Return the settings as text for another process; :meth:`from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServerSettings:
        """Read the settings that another process wrote."""
        given: dict[str, Any] = json.loads(text)
        tuples = {each.name for each in fields(cls) if each.type == "tuple[str, ...]"}
        read: dict[str, Any] = {k: tuple(v) if k in tuples else v for k, v in given.items()}
        return cls(**read)

    @property
    def core_threads(self) -> int:
        """How many photos are worked on at a time."""
        return self.threads or os.cpu_count() or 1
