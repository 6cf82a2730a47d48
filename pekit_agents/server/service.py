"""``Service``: what a server works with, made once for each process and shared by its surfaces.

REST, MCP and the console are views of it. What they do with a memory they do by the verbs of
:class:`~pekit_agents.tools.actions.PersonalActions` or a user's kit, in its bounded threads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pekit_agents.errors import InvalidInput
from pekit_agents.images.loading import load_photo
from pekit_agents.server.last_seen import LastSeen
from pekit_agents.server.recent_pictures import RecentPictures
from pekit_agents.server.settings import ServerSettings
from pekit_agents.server.tokens import Tokens
from pekit_agents.server.work import Work
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel

__all__ = ["PHOTO_SUFFIXES", "Service"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_RECORD_THREADS = 4  # that wait for the disk, mostly
#: What an inbox takes for a photo.
PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
)


class Service:
    """The verbs over all users' memories, with the threads, pictures and tokens around them.

    Args:
        settings: How it is set up.
        profile: The vision tools, in place of those that ``settings`` names.

    Attributes:
        settings: How it is set up.
        tokens: Who may use it.
        actions: The verbs.
        images: The pictures of all users.
        recent: Which pictures came last.
        seen: When things were last recognised.
        vision: Threads in which photos are decoded and searched.
        records: Threads for what needs no photo.
    """

    def __init__(self, settings: ServerSettings, profile: Profile | None = None) -> None:
        self.settings = settings
        self.tokens = Tokens(settings.token_file, settings.tokens)
        self.images = DirectoryImageStore(settings.folder / "pictures")
        self.actions = PersonalActions.open(
            settings.memory,
            settings.profile if profile is None else profile,
            self.images,
            _answerer(settings),
            mode=settings.mode,
            keep_crops=settings.keep_crops,
            limits=settings.limits,
            strictness=settings.strictness,
            storage_options=settings.storage_options,
        )
        self.recent = RecentPictures(settings.folder / "recent")
        self.seen = LastSeen(settings.folder / "seen")
        self.vision = Work(settings.core_threads, settings.queue, settings.per_user, "vision")
        self.records = Work(_RECORD_THREADS, settings.queue, settings.per_user, "records")

    async def see(
        self, user_id: str, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs
    ) -> _T:
        """Do some work with photos for a user.

        Raises:
            RequestRefused: Too much waits.
        """
        return await self.vision.run(user_id, work, *args, **options)

    async def look_up(
        self, user_id: str, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs
    ) -> _T:
        """Do some work without photos for a user.

        Raises:
            RequestRefused: Too much waits.
        """
        return await self.records.run(user_id, work, *args, **options)

    def kit(self, user_id: str) -> PeKit:
        """Return a user's kit; pictures about what was forgotten elsewhere are deleted first."""
        return self.actions.annotated.kit(user_id)

    def take_in(self, user_id: str, photo: bytes, *, at: float | None = None) -> str:
        """Keep a photo that came, as the latest of its user, and return its handle.

        Args:
            user_id: Whose photo.
            photo: The content of its file.
            at: When it came, in seconds since the epoch; now, if not given.

        Raises:
            ImageError: It cannot be read, and nothing is kept.
            MemoryStoreError: The disk fails.
        """
        load_photo(photo, limits=self.settings.limits)
        handle = self.images.put(user_id, photo)
        self.recent.add(user_id, handle, at)
        return handle

    def latest(self, user_id: str) -> list[str]:
        """Return the handles of the photos that came, the newest first; the inbox is looked at.

        Raises:
            ImageError: The newest photo of the inbox cannot be read.
            MemoryStoreError: The disk fails.
        """
        if self.settings.inbox is not None and user_id == self.settings.user:
            self._take_from(Path(self.settings.inbox).expanduser(), user_id)
        return self.recent.handles(user_id)

    def forget_user(self, user_id: str) -> None:
        """Forget everything of a user: memory, photo library, pictures and which came last.

        Raises:
            MemoryStoreError: Something cannot be removed yet; calling it again goes on.
        """
        try:
            with self.actions.annotated.forgetting(user_id) as kit:
                kit.forget_everything()
        finally:
            self.actions.findings.clear(user_id)
            self.images.clear(user_id)
            self.recent.clear(user_id)
            self.seen.clear(user_id)

    def close(self) -> None:
        """Wait for the work that has begun."""
        self.vision.close()
        self.records.close()

    def _take_from(self, inbox: Path, user_id: str) -> None:
        photos = [each for each in inbox.iterdir() if each.suffix.casefold() in PHOTO_SUFFIXES]
        if not photos:
            return
        newest = max(photos, key=lambda path: path.stat().st_mtime)
        at = newest.stat().st_mtime
        if at > self.recent.newest_at(user_id):
            self.take_in(user_id, newest.read_bytes(), at=at)


def _answerer(settings: ServerSettings) -> AnswerModel | None:
    if settings.model is None:
        return None
    if settings.endpoint is None:
        raise InvalidInput(
            "model: expected the endpoint of the model as well, found none; give it with "
            "--endpoint, such as http://localhost:8000/v1"
        )
    from pekit_agents.answering.openai_compatible import OpenAIAnswerModel

    return OpenAIAnswerModel(settings.endpoint, settings.model)
