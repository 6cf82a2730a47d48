"""What a call gives back: words that stand alone, the picture beside them, and a record.

Many clients drop pictures, and some show nothing but the record: so the words are in both, and the
bytes of a picture in neither but in one block of their own.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from mcp import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    CallToolResult,
    ContentBlock,
    ImageContent,
    TextContent,
)

from pekit_agents.answering.pictures import JPEG, SHOWN_SIDE, to_jpeg
from pekit_agents.errors import ImageError, MemoryStoreError, MissingDependency, PeKitError
from pekit_agents.images.loading import load_image
from pekit_agents.server.work import RequestRefused
from pekit_agents.tools.annotated_pictures import why_unread
from pekit_agents.tools.image_store import UnknownImage

if TYPE_CHECKING:
    from pekit_agents.server.service import Service
    from pekit_agents.tools.action_result import ActionResult

__all__ = ["error_of", "picture_url", "refused", "said", "shown", "shown_picture"]


def said(text: str, **record: Any) -> CallToolResult:
    """Return a result without a picture."""
    return CallToolResult(
        content=[TextContent(text=text)], structured_content={"text": text, **record}
    )


def refused(text: str) -> CallToolResult:
    """Return an error that the model can read, and often mend."""
    return CallToolResult(content=[TextContent(text=text)], is_error=True)


def error_of(exc: PeKitError) -> MCPError:
    """Return an error of the toolkit where a client expects no result that could tell of it."""
    if isinstance(exc, RequestRefused):
        return MCPError(INVALID_REQUEST, exc.message, {"retryAfter": exc.retry_after})
    disk = isinstance(exc, MemoryStoreError)
    return MCPError(INTERNAL_ERROR if disk else INVALID_PARAMS, exc.message)


def shown(service: Service, user_id: str, result: ActionResult, *, links: bool) -> CallToolResult:
    """Return what a verb did, with the pictures worth looking at.

    Args:
        service: Where the pictures are.
        user_id: Whose they are.
        result: What the verb did.
        links: Whether a server is there at which the user can open them.
    """
    lines, pictures, records = [result.text], list[ContentBlock](), list[dict[str, Any]]()
    for handle in result.images:
        try:
            pictures.append(shown_picture(service, user_id, handle))
        except UnknownImage:  # let go of in the meantime; the words stand alone
            continue
        except (ImageError, MissingDependency) as exc:
            lines.append(f"Picture {handle} {why_unread(exc)}")
        record = {"image": handle}
        if links:
            record["url"] = picture_url(service, handle)
            lines.append(f"The user can open picture {handle} at {record['url']}")
        records.append(record)
    text = "\n".join(lines)
    return CallToolResult(
        content=[TextContent(text=text), *pictures],
        structured_content={"text": text, **result.record, "pictures": records},
    )


def shown_picture(service: Service, user_id: str, handle: str) -> ImageContent:
    """Return a picture as a block, no larger than models look at.

    Raises:
        UnknownImage: This user has no such picture.
        ImageError: It cannot be read.
    """
    picture = load_image(service.images.get(user_id, handle), limits=service.settings.limits)
    return ImageContent(data=b64encode(to_jpeg(picture, SHOWN_SIDE)).decode(), mime_type=JPEG)


def picture_url(service: Service, handle: str) -> str:
    """Return where a signed-in user can open a picture."""
    return f"{service.settings.url}/v1/pictures/{handle}"
