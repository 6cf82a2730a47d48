"""Annotated pictures: a user's picture as a model is shown it, with boxes and words or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pekit_agents.answering.pictures import JPEG, SHOWN_SIDE, as_sent, to_jpeg
from pekit_agents.errors import MissingDependency
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits

if TYPE_CHECKING:
    from pekit_agents.errors import ImageError
    from pekit_agents.retrieval.finding import Finding

__all__ = ["AnnotatedPicture", "annotated_picture", "plain_view", "why_unread"]

_QUESTION = "Keep this in mind when you answer what is asked about this picture."


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPicture:
    """A picture as a model is shown it, in a format and of a size that hosted models take.

    Attributes:
        data: The annotated picture; where nothing personal is in it the user's own bytes, or a
            JPEG of them where hosted models would not take these.
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
        image: The picture's file, for where nothing was found.
    """
    prompt = finding.prompt(_QUESTION)
    if not prompt.matches:
        return AnnotatedPicture(*as_sent(image, upright=finding.image))
    return AnnotatedPicture(to_jpeg(prompt.image, SHOWN_SIDE), JPEG, prompt.text)


def plain_view(image: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> AnnotatedPicture:
    """Return a picture without boxes.

    Args:
        image: The picture's file.
        limits: What it may weigh; it may be of any smallness.

    Raises:
        ImageError: It cannot be read.
        MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
    """
    return AnnotatedPicture(*as_sent(image, readable=limits))


def why_unread(exc: ImageError | MissingDependency) -> str:
    """Return in words for a model why a picture cannot be shown, and what to ask for."""
    if isinstance(exc, MissingDependency):
        return "cannot be read: HEIC is not set up here; ask the user to send it as a JPEG"
    reason = str(exc).partition(": ")[2].partition(";")[0]
    return f"cannot be read: {reason}; ask the user for another copy, as a JPEG or PNG"
