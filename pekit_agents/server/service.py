"""``Service``: what a server works with, made once for each process and shared by its surfaces.

REST, MCP and the console are views of it. What they do with a memory they do by the verbs of
:class:`~pekit_agents.tools.actions.PersonalActions` or a user's kit, in its bounded threads.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeAlias, TypeVar

from pekit_agents.errors import InvalidInput, MemoryStoreError, PeKitError
from pekit_agents.images.loading import load_photo
from pekit_agents.memory.place.forgetting import forget_user
from pekit_agents.server.finished_requests import FinishedRequests
from pekit_agents.server.last_seen import LastSeen
from pekit_agents.server.recent_pictures import RecentPictures
from pekit_agents.server.settings import ServerSettings
from pekit_agents.server.tokens import Tokens
from pekit_agents.server.work import Work
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.clip_store import ClipFolder
from pekit_agents.tools.image_folder import DirectoryImageStore

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel

__all__ = ["PHOTO_SUFFIXES", "Forgetting", "Service"]

#: What a host does while the server forgets a user: before it, until it yields, and after it.
Forgetting: TypeAlias = "Callable[[str], AbstractAsyncContextManager[None]]"

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
        profile: The vision tools, or what they are called.
        actions: The verbs.
        images: The pictures of all users.
        recent: Which pictures came last.
        finished: Which requests that carry a key of their own have been answered.
        seen: When things were last recognised.
        vision: Threads in which photos are decoded and searched.
        clips: The clips of all users.
        records: Threads for what needs no photo.
        watching: The thread in which clips are searched, one after another: a clip takes minutes,
            for which no photo waits.
    """

    def __init__(self, settings: ServerSettings, profile: Profile | None = None) -> None:
        self.settings = settings
        self.tokens = Tokens(settings.token_file, settings.tokens)
        self.images = DirectoryImageStore(settings.folder / "pictures")
        self.clips = ClipFolder(settings.folder / "clips", max_bytes=settings.max_clip)
        self.profile: str | Profile = settings.profile if profile is None else profile
        self.actions = PersonalActions.open(
            settings.memory,
            self.profile,
            self.images,
            _answerer(settings),
            mode=settings.mode,
            keep_crops=settings.keep_crops,
            limits=settings.limits,
            strictness=settings.strictness,
            storage_options=settings.storage_options,
            clips=self.clips,
        )
        self.recent = RecentPictures(settings.folder / "recent")
        self.finished = FinishedRequests(settings.folder / "requests")
        self.seen = LastSeen(settings.folder / "seen")
        self.vision = Work(settings.core_threads, settings.queue, settings.per_user, "vision")
        self.records = Work(_RECORD_THREADS, settings.queue, settings.per_user, "records")
        self.watching = Work(1, settings.queue, settings.per_user, "clips")
        self._forgetting: list[Forgetting] = []

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

    async def watch(
        self, user_id: str, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs
    ) -> _T:
        """Do some work with a clip for a user.

        Raises:
            RequestRefused: Too much waits.
        """
        return await self.watching.run(user_id, work, *args, **options)

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
            MemoryStoreError: The disk fails, or the inbox is gone.
        """
        if self.settings.inbox is not None and user_id == self.settings.user:
            self._take_from(Path(self.settings.inbox).expanduser(), user_id)
        return self.recent.handles(user_id)

    def note_seen(self, user_id: str, object_ids: Collection[str]) -> None:
        """Note that things were named in a photo now, for the console to say.

        Args:
            user_id: Whose things.
            object_ids: Their ids; what is only possible, or one of several, was not seen.

        Raises:
            MemoryStoreError: It cannot be written.
        """
        if object_ids:
            known = {obj.object_id for obj in self.actions.open_kit(user_id).objects()}
            self.seen.note(user_id, object_ids, known)

    def on_forget(self, forgetting: Forgetting) -> None:
        """Have a host forget a user as well, whenever somebody asks for it.

        Args:
            forgetting: An async context manager over a user id. What stands before its ``yield``
                is done first, such as to wait until nothing more is written for the user; what
                stands after it is done when the server has forgotten them. It may be called again
                for the same user, since what failed half-way is repeated.
        """
        self._forgetting.append(forgetting)

    async def forget(self, user_id: str) -> None:
        """Forget everything of a user: what hosts keep, and what :meth:`forget_user` does.

        Raises:
            MemoryStoreError: Something cannot be removed yet; calling it again goes on.
            RequestRefused: Too much waits.
        """
        async with AsyncExitStack() as hosts:
            for forgetting in self._forgetting:
                await hosts.enter_async_context(forgetting(user_id))
            await self.look_up(user_id, self.forget_user, user_id)

    def forget_user(self, user_id: str) -> None:
        """Forget what the server has of a user: memory, photo library, review queue and pictures.

        A memory that cannot be opened goes as well. The user's tokens stay, and so does what a
        host keeps: see :meth:`forget`.

        Raises:
            MemoryStoreError: Something cannot be removed yet; calling it again goes on.
        """
        with ExitStack() as all_of_it:  # whatever one of them raises
            all_of_it.callback(self.finished.clear, user_id)
            all_of_it.callback(self.seen.clear, user_id)
            all_of_it.callback(self.recent.clear, user_id)
            all_of_it.callback(self.images.clear, user_id)
            all_of_it.callback(self.clips.clear, user_id)
            all_of_it.callback(self.actions.findings.clear, user_id)
            try:
                self.actions.open_kit(user_id).forget_everything()
            except PeKitError:
                settings = self.settings
                forget_user(settings.memory, user_id, settings.storage_options)

    def close(self) -> None:
        """Wait for the work that has begun; what waits is not begun."""
        self.vision.close()
        self.watching.close()
        self.records.close()

    def _take_from(self, inbox: Path, user_id: str) -> None:
        came = _newest(inbox)
        if came is not None and came[0] > self.recent.newest_at(user_id):
            at, path = came
            try:
                with path.open("rb") as file:  # one byte more than may be: told like any other
                    photo = file.read(self.settings.max_bytes + 1)
            except OSError as exc:
                raise _no_inbox(path, exc) from exc
            self.take_in(user_id, photo, at=at)


def _newest(inbox: Path) -> tuple[float, Path] | None:
    """Return when the newest photo of a folder came, and the photo.

    That is when it came to the folder: a copy keeps the date of what it is a copy of.
    """
    found = []
    try:
        for path in inbox.iterdir():
            if path.suffix.casefold() in PHOTO_SUFFIXES and not path.name.startswith("."):
                with suppress(FileNotFoundError):  # taken away meanwhile
                    about = path.stat()
                    if stat.S_ISREG(about.st_mode):
                        found.append((about.st_ctime, path))
    except OSError as exc:
        raise _no_inbox(inbox, exc) from exc
    return max(found, default=None)


def _no_inbox(path: Path, exc: OSError) -> MemoryStoreError:
    return MemoryStoreError(
        f"expected an inbox whose photos can be read, found {path.name}: {exc.strerror}"
    )


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
