"""``ClipCalls``: the tools that look into clips, in the one thread that is for clips."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp.types import CallToolResult

from pekit_agents.errors import InvalidInput
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.server.mcp.results import shown
from pekit_agents.server.mcp.ways_in import is_path
from pekit_agents.tools.action_result import ActionError, fixable
from pekit_agents.tools.clip_store import UnknownClip, clips_named
from pekit_agents.tools.waiting import Waiting

if TYPE_CHECKING:
    from pekit_agents.server.mcp.asking import Call
    from pekit_agents.server.photo_folders import PhotoFolders
    from pekit_agents.server.service import Service
    from pekit_agents.tools.specs import ToolSpec

__all__ = ["ClipCalls", "asks_about_clip"]

#: Seconds of a clip between two reports of how far a search is.
_STEP = 1.0


class ClipCalls:
    """Searches clips for clients, who hear how far it is, and whose cancelling ends it.

    Args:
        service: What the server works with.
        links: Whether a server is there at which the user can open pictures.
    """

    def __init__(self, service: Service, *, links: bool) -> None:
        self._service, self._links = service, links

    async def done(
        self, call: Call, user: str, verb: str, given: dict[str, Any], folders: PhotoFolders
    ) -> CallToolResult:
        """Do what a verb does with a clip.

        Args:
            call: The call, who is told how far it is.
            user: Whose clip.
            verb: ``find_in_video`` or ``describe_personal``.
            given: Its arguments.
            folders: Where clips may be named by path.
        """
        waiting = Waiting(_teller(call))
        try:
            return await self._service.watch(user, self._verb, user, verb, given, folders, waiting)
        except asyncio.CancelledError:
            waiting.end()
            raise

    def _verb(
        self,
        user: str,
        verb: str,
        given: dict[str, Any],
        folders: PhotoFolders,
        waiting: Waiting,
    ) -> CallToolResult:
        hosted: dict[str, Any] = {"progress": waiting}
        if verb == "find_in_video":
            hosted["recent_clips"] = recent = self._service.clips.recent(user)
            if not clips_named(given["clip"]) and is_path(given["clip"]):
                given = {**given, "clip": self._taken_in(user, given["clip"], folders)}
        try:
            result = getattr(self._service.actions, verb)(user, **given, **hosted)
        except ActionError as exc:
            none = verb == "find_in_video" and not recent and not clips_named(given["clip"])
            if none or isinstance(exc.__cause__, UnknownClip):
                raise ActionError(f"{exc.message} {self._words(folders)}") from exc
            raise
        named = [
            each["object_id"]
            for each in result.record["sightings"]
            if not (each["possible"] or each["or"])
        ]
        self._service.note_seen(user, named)
        return shown(self._service, user, result, links=self._links)

    def _taken_in(self, user: str, path: str, folders: PhotoFolders) -> str:
        with fixable(), folders.opened_clip(path) as file:
            if file is None:
                raise InvalidInput(
                    f"expected a clip that may be read, found {quote(path, NAME_LIMIT)}, which is "
                    f"not there, no clip, or outside of what may be read. {self._words(folders)}"
                )
            return self._service.clips.put(user, file)

    def _words(self, folders: PhotoFolders) -> str:
        path = f"give the path of one below {folders}; or " if folders else ""
        return (
            "Clips that are attached to the conversation never reach this server. To bring one in: "
            f"{path}have a program send it to {self._service.settings.url}/v1/find/video and say "
            '"latest".'
        )


def asks_about_clip(spec: ToolSpec, given: dict[str, Any]) -> bool:
    """Return whether a verb that takes photos and clips is given a clip."""
    return "progress" in spec.hosts and bool(clips_named(given.get("image", "")))


def _teller(call: Call) -> Callable[[float, float | None], None]:
    """Return what reports to a client how far a search is, from another thread."""
    loop, session = asyncio.get_running_loop(), call[0].session
    last = -_STEP

    def tell(seconds: float, total: float | None) -> None:
        nonlocal last
        if seconds - last >= _STEP:
            last = seconds
            words = "Searching the clip"
            report = session.report_progress(seconds, total, words)
            asyncio.run_coroutine_threadsafe(report, loop)

    return tell
