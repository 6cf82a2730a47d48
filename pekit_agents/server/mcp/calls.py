"""``ToolCalls``: does what a client calls for, off the event loop, for the user it comes from."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
)
from pydantic import ValidationError

from pekit_agents.errors import ImageError, InvalidInput, PeKitError
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.server.mcp.asking import Call, roots_of, shown_page
from pekit_agents.server.mcp.clip_calls import ClipCalls, asks_about_clip
from pekit_agents.server.mcp.offered import (
    ADD_PHOTO,
    ASK_FOR_PHOTO,
    Offered,
    offered,
    takes_clips,
    takes_pictures,
)
from pekit_agents.server.mcp.results import refused, said, shown
from pekit_agents.server.mcp.ways_in import WaysIn, is_path
from pekit_agents.server.photo_folders import PhotoFolders
from pekit_agents.tools.action_result import ActionError, fixable
from pekit_agents.tools.image_store import UnknownImage
from pekit_agents.tools.schemas import wrong_arguments

if TYPE_CHECKING:
    from pekit_agents.server.service import Service

__all__ = ["ToolCalls", "UserOf"]

#: Gives the user whose request it is.
UserOf: TypeAlias = "Callable[[ServerRequestContext[Any, Any]], str]"
_Result: TypeAlias = "CallToolResult | InputRequiredResult"
#: After these tools the list of what is remembered may be another one.
_CHANGES_LIST = frozenset({"remember_object", "update_personal_object", "forget_personal_object"})


class ToolCalls:
    """The tools over what a server works with.

    Args:
        service: What it works with.
        user_of: Gives the user of a request.
        ways_in: How a photo gets in.
    """

    def __init__(self, service: Service, user_of: UserOf, ways_in: WaysIn) -> None:
        self._service, self._user_of, self._ways_in = service, user_of, ways_in
        self._clips = ClipCalls(service, links=ways_in.page is not None)

    async def listed(
        self, context: ServerRequestContext[Any, Any], _: PaginatedRequestParams | None
    ) -> ListToolsResult:
        """Return the tools that are offered to a user."""
        paths = self._ways_in.by_path(self._user_of(context))
        tools = [each.described(paths=paths) for each in self._tools().values()]
        return ListToolsResult(tools=tools)

    async def call(
        self, context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> _Result:
        """Call a tool; what a model can mend, and what it can only tell, comes back as a result.

        Raises:
            MCPError: There is no such tool.
        """
        tool = self._tools().get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name[:100]}")
        user = self._user_of(context)
        try:
            given = dict(tool.model.model_validate(params.arguments or {}))
            return await self._done(tool, (context, params), user, given)
        except ValidationError as exc:
            return refused(wrong_arguments(exc))
        except PeKitError as exc:
            return refused(exc.message)

    def _tools(self) -> dict[str, Offered]:
        left_out = () if self._ways_in.page else (ASK_FOR_PHOTO.name,)
        return {name: tool for name, tool in offered().items() if name not in left_out}

    async def _done(self, tool: Offered, call: Call, user: str, given: dict[str, Any]) -> _Result:
        if tool.spec == ADD_PHOTO:
            return await self._service.see(user, self._added, user, given["photo"])
        if tool.spec == ASK_FOR_PHOTO:
            return await self._asked(call, given["reason"])
        if takes_clips(tool.spec) or asks_about_clip(tool.spec, given):
            return await self._looked_into_clip(tool, call, user, given)
        if not takes_pictures(tool.spec):
            result = await self._service.look_up(user, self._verb, tool, user, given)
        else:
            named = await self._pictures_taken_in(call, user, given)
            if isinstance(named, InputRequiredResult):
                return named
            result = await self._service.see(user, self._verb, tool, user, named)
        if tool.spec.name in _CHANGES_LIST:
            await call[0].session.send_resource_list_changed()
        return result

    async def _looked_into_clip(
        self, tool: Offered, call: Call, user: str, given: dict[str, Any]
    ) -> _Result:
        folders = PhotoFolders(())
        if takes_clips(tool.spec):
            found = await self._folders(call, user)
            if isinstance(found, InputRequiredResult):
                return found
            folders = found
        return await self._clips.done(call, user, tool.spec.name, given, folders)

    async def _pictures_taken_in(
        self, call: Call, user: str, given: dict[str, Any]
    ) -> dict[str, Any] | InputRequiredResult:
        """Return arguments in which every photo that is named by path has a handle."""
        some, one = list(given.get("images", ())), given.get("image")
        texts = some if one is None else [one]
        folders = PhotoFolders(())
        if any(map(is_path, texts)):
            if len(texts) > MAX_VIEWS:  # before any of them is read
                raise InvalidInput(
                    f"images: expected at most {MAX_VIEWS} photos, found {len(texts)}; give fewer"
                )
            found = await self._folders(call, user)
            if isinstance(found, InputRequiredResult):
                return found
            folders = found
        if not folders:
            return given  # the verb says that it is no handle
        handles = []
        for number, text in enumerate(texts, 1):
            path = is_path(text)
            handles.append(
                await self._service.see(user, self._read, user, folders, text) if path else text
            )
            # The verb itself is one more.
            words = f"Read photo {number} of {len(texts)}"
            await call[0].session.report_progress(number, len(texts) + 1, words)
        return {**given, **({"images": handles} if one is None else {"image": handles[0]})}

    async def _folders(self, call: Call, user: str) -> PhotoFolders | InputRequiredResult:
        roots = await roots_of(call) if self._ways_in.local else []
        if isinstance(roots, InputRequiredResult):
            return roots
        # In a thread: they are looked for on the disk.
        return await self._service.look_up(user, self._ways_in.folders, user, roots)

    def _read(self, user: str, folders: PhotoFolders, path: str) -> str:
        with fixable():
            content = folders.read(path, self._service.settings.limits)
            if content is None:
                raise InvalidInput(
                    f"expected a photo that may be read, found {quote(path, NAME_LIMIT)}, which is "
                    "not there, no photo, or outside of what may be read. "
                    + self._ways_in.words(user, folders)
                )
            return self._service.take_in(user, content)

    def _verb(self, tool: Offered, user: str, given: dict[str, Any]) -> CallToolResult:
        hosted = {}
        recent = _Recent(self._service, user)
        if takes_pictures(tool.spec):
            hosted["recent"] = recent
        try:
            result = getattr(self._service.actions, tool.spec.name)(user, **given, **hosted)
        except ActionError as exc:
            if recent.missed or isinstance(exc.__cause__, UnknownImage):
                raise ActionError(f"{exc.message} {self._ways_in.words(user)}") from exc
            raise
        named = [each["object_id"] for each in result.record.get("matches", ()) if not each["or"]]
        self._service.note_seen(user, named)
        return shown(self._service, user, result, links=self._ways_in.page is not None)

    def _added(self, user: str, photo: str) -> CallToolResult:
        with fixable():
            handle = self._service.take_in(user, self._decoded(photo))
        return said(
            f'The photo is picture {handle}, and "latest" until another comes.', image=handle
        )

    def _decoded(self, photo: str) -> bytes:
        head, comma, data = photo.partition(",")
        text = data if comma and head.lstrip()[:5].casefold() == "data:" else photo
        most = self._service.settings.max_bytes
        if len(text) > most * 4 // 3 + 4:
            raise InvalidInput(
                f"photo: expected at most {most} bytes as base64, found more; use a smaller photo"
            )
        try:
            content = b64decode("".join(text.split()), validate=True)
        except ValueError as exc:
            raise InvalidInput(
                f"photo: expected base64 of an image file, found none: {exc}"
            ) from exc
        if not content:
            raise ImageError("photo: expected base64 of an image file, found nothing")
        return content

    async def _asked(self, call: Call, reason: str) -> _Result:
        url = self._ways_in.page or ""
        words = reason.strip() or "A photo is needed."
        opened = await shown_page(call, url, f"{words} Drop it on the page that opens.")
        if isinstance(opened, InputRequiredResult):
            return opened
        if opened:
            text = f'The user opens {url} to drop a photo. Once it is there, it is "latest".'
        elif opened is None:
            text = f'Tell the user to drop the photo at {url} and to say so; then it is "latest".'
        else:
            text = f"The user does not want to open {url} now. Go on without a photo."
        return said(text, url=url, opened=bool(opened))


class _Recent:
    """A user's photos, the newest first: looked for only where "latest" is meant.

    Attributes:
        missed: Whether there was none where one was wanted.
    """

    def __init__(self, service: Service, user: str) -> None:
        self._service, self._user = service, user
        self.missed = False

    def __iter__(self) -> Iterator[str]:
        handles = self._service.latest(self._user)
        self.missed = not handles
        return iter(handles)
