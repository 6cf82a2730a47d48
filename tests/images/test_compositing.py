"""Pictures laid on pictures."""

from __future__ import annotations

from PIL import Image

from pekit_agents.images.compositing import lay, vary


def test_a_photo_is_mirrored_darkened_and_paled_without_being_changed():
    photo = Image.new("RGB", (2, 1))
    photo.putdata([(200, 0, 0), (0, 100, 0)])
    mirrored = vary(photo, mirror=True)
    assert [mirrored.getpixel((x, 0)) for x in (0, 1)] == [(0, 100, 0), (200, 0, 0)]
    assert vary(photo, brightness=0.5).getpixel((0, 0)) == (100, 0, 0)
    grey = vary(photo, colour=0.0).getpixel((0, 0))
    assert len(set(grey)) == 1
    assert photo.getpixel((0, 0)) == (200, 0, 0)


def test_a_picture_lies_where_it_is_opaque_and_throws_a_shadow_to_the_lower_right():
    canvas = Image.new("RGB", (120, 120), "white")
    alpha = Image.new("L", (60, 60), 0)
    alpha.paste(255, (0, 0, 60, 40))
    lay(canvas, Image.new("RGB", (60, 60), "red"), alpha, (20, 20))
    assert canvas.getpixel((20, 20)) == canvas.getpixel((79, 59)) == (255, 0, 0)
    assert canvas.getpixel((19, 19)) == (255, 255, 255)
    assert max(canvas.getpixel((70, 65))) < 250  # below the opaque part, in its shadow
