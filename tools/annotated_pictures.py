"""Annotated pictures: a user's picture with the boxes and words that a model is shown."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pekit_agents.errors import ImageError
from pekit_agents.tools.image_kinds import mime_of

if TYPE_CHECKING:
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import RGBImage

__all__ = ["AnnotatedPicture", "annotated_picture", "plain_view"]

_QUESTION = "Keep this in mind when you answer what is asked about this picture."
_MAX_SIDE = 1568  # what hosted models look at; more is scaled down by them


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPicture:
    """A picture as a model is shown it.

    Attributes:
        data: The annotated picture, or the user's own bytes when nothing personal is in it.
        mime: The MIME type of ``data``.
        text: Names, contexts and instruction (paper 3.4); empty when nothing personal is in it.
    """

    data: bytes
    mime: str
    text: str = ""


def annotated_picture(finding: Finding, image: bytes) -> AnnotatedPicture:
    """Return a picture with the boxes and words of its finding.

    Args:
        finding: What was found in the picture.
        image: The picture's file, which is returned where nothing was found.

    Raises:
        ImageError: Nothing was found, and the kind of the file cannot be told.
    """
    prompt = finding.prompt(_QUESTION)
    if not prompt.matches:
        return plain_view(image)
    return AnnotatedPicture(_to_jpeg(prompt.image), "image/jpeg", prompt.text)


def plain_view(image: bytes) -> AnnotatedPicture:
    """Return a picture as it is, or raise ImageError when it is none."""
    try:
        return AnnotatedPicture(image, mime_of(image))
    except ValueError as exc:
        raise ImageError(f"the kind of a picture cannot be told: {exc}") from exc


def _to_jpeg(image: RGBImage) -> bytes:
    picture = image.copy()
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
