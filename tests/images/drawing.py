"""A photo of a red block on white, and any picture in the bytes of a format."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image


def photo() -> Image.Image:
    picture = Image.new("RGB", (48, 32), "white")
    picture.paste("red", (0, 0, 20, 20))
    return picture


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
