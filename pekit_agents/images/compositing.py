"""Pictures laid on pictures: what composed scenes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["lay", "vary"]

_SHADE = (30, 26, 22)


def vary(
    photo: RGBImage, *, brightness: float = 1.0, colour: float = 1.0, mirror: bool = False
) -> RGBImage:
    """Return a photo as another light would show it.

    Args:
        photo: The photo; it is not changed.
        brightness: Factor.
        colour: Saturation factor.
        mirror: Whether it is mirrored.
    """
    turned = ImageOps.mirror(photo) if mirror else photo
    return ImageEnhance.Color(ImageEnhance.Brightness(turned).enhance(brightness)).enhance(colour)


def lay(canvas: RGBImage, picture: RGBImage, alpha: Image.Image, corner: tuple[int, int]) -> None:
    """Lay a picture and its shadow, a little below and to the right of it, on a canvas.

    Args:
        canvas: Is changed.
        picture: What to lay on it.
        alpha: Mode ``L``, of the picture's size: where it is opaque.
        corner: Its upper left corner in pixels of the canvas.
    """
    shade = alpha.filter(ImageFilter.GaussianBlur(8)).point(lambda value: value // 2)
    canvas.paste(_SHADE, (corner[0] + 8, corner[1] + 10), shade)
    canvas.paste(picture, corner, alpha)
