"""What is remembered as resources: the list, each thing in words, its portrait, and pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.types import (
    INVALID_PARAMS,
    BlobResourceContents,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from pekit_agents.errors import ObjectNotFound, PeKitError
from pekit_agents.server.mcp.calls import UserOf
from pekit_agents.server.mcp.results import error_of, shown_picture
from pekit_agents.tools import replies
from pekit_agents.tools.image_store import UnknownImage
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.server.service import Service
    from pekit_agents.types import PersonalObject

__all__ = ["LIST_URI", "Things"]

LIST_URI = "pekit://objects"
_PICTURES = "pekit://pictures/"
_PORTRAIT = "/portrait"
_TEXT, _JPEG = "text/plain", "image/jpeg"
_Content: TypeAlias = "TextResourceContents | BlobResourceContents"
_PAGE = 100  # as many as a text tells of
_TEMPLATES = (
    ("object", f"{LIST_URI}/{{object_id}}", _TEXT, "A remembered object in words."),
    ("portrait", f"{LIST_URI}/{{object_id}}{_PORTRAIT}", _JPEG, "What it looks like."),
    ("picture", f"{_PICTURES}{{handle}}", _JPEG, "A picture by the handle that a result names."),
)


class Things:
    """The resources of each user.

    Args:
        service: What the server works with.
        user_of: Gives the user of a request.
    """

    def __init__(self, service: Service, user_of: UserOf) -> None:
        self._service, self._user_of = service, user_of

    async def listed(
        self, context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """Return the list of everything, and each thing; 100 at a time."""
        cursor = (params and params.cursor) or "0"
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
            raise MCPError(INVALID_PARAMS, "expected a cursor that a list gave, found another text")
        begin = int(cursor)
        user = self._user_of(context)
        with _told():
            objects = await self._service.look_up(user, lambda: self._service.kit(user).objects())
        page = [_resource(obj) for obj in objects[begin : begin + _PAGE]]
        if begin == 0:
            everything = Resource(
                name="objects",
                uri=LIST_URI,
                title="Everything that is remembered",
                mime_type=_TEXT,
            )
            page.insert(0, everything)
        more = str(begin + _PAGE) if len(objects) > begin + _PAGE else None
        return ListResourcesResult(resources=page, next_cursor=more)

    async def templates(
        self, context: ServerRequestContext[Any, Any], _: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """Return how the URIs are made."""
        del context
        templates = [
            ResourceTemplate(name=name, uri_template=uri, mime_type=mime, description=about)
            for name, uri, mime, about in _TEMPLATES
        ]
        return ListResourceTemplatesResult(resource_templates=templates)

    async def read(
        self, context: ServerRequestContext[Any, Any], params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        """Return a resource of the user.

        Raises:
            MCPError: This user has no such resource.
        """
        user, uri = self._user_of(context), params.uri
        run = self._service.see if uri.startswith(_PICTURES) else self._service.look_up
        with _told():
            content = await run(user, self._content, user, uri)
        if content is None:
            words = (
                "expected the URI of a resource of this user, found none that is there; list the "
                "resources anew"
            )
            raise MCPError(INVALID_PARAMS, words, {"uri": uri})
        return ReadResourceResult(contents=[content])

    def _content(self, user: str, uri: str) -> _Content | None:
        try:
            if uri == LIST_URI:
                text = self._service.actions.list_personal_objects(user).text
                return TextResourceContents(uri=uri, mime_type=_TEXT, text=text)
            if uri.startswith(_PICTURES):
                picture = shown_picture(self._service, user, uri.removeprefix(_PICTURES))
                return BlobResourceContents(uri=uri, mime_type=_JPEG, blob=picture.data)
            return self._of_object(user, uri) if uri.startswith(f"{LIST_URI}/") else None
        except (ObjectNotFound, UnknownImage):
            return None

    def _of_object(self, user: str, uri: str) -> _Content | None:
        object_id = uri.removeprefix(f"{LIST_URI}/").removesuffix(_PORTRAIT)
        kit = self._service.kit(user)
        obj = kit.get(object_id)
        if obj.object_id != object_id:  # a name is not an id
            return None
        if not uri.endswith(_PORTRAIT):
            text = f"{replies.introduce(obj)}\nRemembered from {counted(obj.n_views, 'photo')}."
            return TextResourceContents(uri=uri, mime_type=_TEXT, text=text)
        crop = next((view.crop for view in kit.views(object_id) if view.crop is not None), None)
        if crop is None:
            return None
        blob = b64encode(crop.picture).decode()
        return BlobResourceContents(uri=uri, mime_type=_JPEG, blob=blob)


def _resource(obj: PersonalObject) -> Resource:
    return Resource(
        name=obj.name,
        uri=f"{LIST_URI}/{obj.object_id}",
        description=replies.introduce(obj),
        mime_type=_TEXT,
    )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except PeKitError as exc:
        raise error_of(exc) from exc
