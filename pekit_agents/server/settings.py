"""How a server is set up: ``ServerSettings``, which can be handed to other processes as text."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.protocols import SearchMode

__all__ = ["ServerSettings", "is_loopback"]

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
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
        port: The port to listen at.
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
        max_request: The largest body of a request in bytes.
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
    upload_seconds: float = 120.0
    threads: int | None = None
    queue: int = 64
    per_user: int = 8
    storage_options: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be served."""
        for name in ("max_bytes", "max_pixels", "max_request", "queue", "per_user", "port"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"{name}: expected at least 1, found {getattr(self, name)}")
        if self.threads is not None and self.threads < 1:
            raise InvalidInput(f"threads: expected at least 1, found {self.threads}")
        if "://" in self.memory and self.state is None:
            raise InvalidInput(
                "state: expected a folder of this machine for pictures and tokens, since the "
                f"memory is {self.memory}, found none; give one with --state"
            )

    @property
    def folder(self) -> Path:
        """Where pictures, tokens and the session key are kept."""
        chosen = Path(self.memory) / _STATE if self.state is None else Path(self.state)
        return chosen.expanduser().absolute()

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
        """The host names that requests may be for, without ports."""
        own = self.url.partition("://")[2].partition("/")[0]
        name = own if own.endswith("]") else own.rpartition(":")[0] or own
        local = _LOCAL_HOSTS if is_loopback(self.host) else ()
        return tuple(dict.fromkeys((name, *self.hosts, *local)))

    def to_json(self) -> str:
        """Return the settings as text for another process; :meth:`from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServerSettings:
        """Read the settings that another process wrote."""
        given: dict[str, Any] = json.loads(text)
        tuples = {each.name for each in fields(cls) if each.type == "tuple[str, ...]"}
        return cls(**{k: tuple(v) if k in tuples else v for k, v in given.items()})

    @property
    def core_threads(self) -> int:
        """How many photos are worked on at a time."""
        return self.threads or os.cpu_count() or 1


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
