"""A photo as the content of a file: ``photo_file`` reads it through the door of images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.answering.pictures import JPEG, to_jpeg
from pekit_agents.images.loading import load_image
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
    picture = load_image(photo)  # what cannot be read later is refused here
    data = b""
    if isinstance(photo, str | os.PathLike):
        data = Path(os.fsdecode(photo)).read_bytes()
    elif isinstance(photo, bytes | bytearray | memoryview):
        data = bytes(photo)
    try:
        return data, mime_of(data)
    except ValueError:
        return to_jpeg(picture, max(picture.size)), JPEG
