"""A photo as the content of a file: ``photo_file`` reads it through the door of images."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pekit_agents.answering.pictures import JPEG, to_jpeg
from pekit_agents.images.loading import describe_source, load_image, read_image
from pekit_agents.tools.image_kinds import mime_of

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource

__all__ = ["photo_file"]


def photo_file(photo: ImageSource) -> tuple[bytes, str]:
    """Return the content of a photo's file and its MIME type.

    Args:
        photo: A path or the bytes of an image file, which are taken as they are; a PIL image or an
            array, which become a JPEG file of the same size.

    Raises:
        ImageError: It cannot be read.
    """
    data = b""
    if isinstance(photo, str | os.PathLike | bytes | bytearray | memoryview):
        data = read_image(photo)
    # What cannot be read later is refused here.
    picture = load_image(data or photo, name=describe_source(photo))
    try:
        return data, mime_of(data)
    except ValueError:
        return to_jpeg(picture, max(picture.size)), JPEG
