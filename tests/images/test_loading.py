"""The door for pictures: real files of every kind come in right."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from pekit_agents.errors import ImageError
from pekit_agents.images.loading import describe_source, load_image
from tests.images.drawing import encode

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def photo(width=48, height=32):
    """Return white with a red block at the start of the first row and a green one at its end."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, 8, 8))
    picture.paste(GREEN, (width - 8, 0, width, 8))
    return picture


def near(a, b):
    return all(abs(x - y) < 40 for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "MPO"])
def test_the_same_photo_comes_from_path_bytes_and_picture(tmp_path, kind):
    data = encode(photo(), kind)
    path = tmp_path / "photo.bin"  # the name's ending does not matter
    path.write_bytes(data)
    pictures = [load_image(s) for s in (str(path), path, data, bytearray(data), memoryview(data))]
    with Image.open(path) as lazy:
        pictures.append(load_image(lazy))
    assert {(p.mode, p.size, p.tobytes()) for p in pictures} == {
        ("RGB", (48, 32), pictures[0].tobytes())
    }
    assert near(pictures[0].getpixel((3, 3)), RED)
    assert near(pictures[0].getpixel((44, 3)), GREEN)


def test_avif_is_read_where_pillow_can():
    if "AVIF" not in Image.registered_extensions().values():
        pytest.skip("this Pillow has no AVIF")
    assert near(load_image(encode(photo(), "AVIF")).getpixel((3, 3)), RED)


# EXIF says on which side of the upright picture the stored first row and first column lie.
UPRIGHT = {
    1: ("top left", "top right"),
    2: ("top right", "top left"),
    3: ("bottom right", "bottom left"),
    4: ("bottom left", "bottom right"),
    5: ("top left", "bottom left"),
    6: ("top right", "bottom right"),
    7: ("bottom right", "top right"),
    8: ("bottom left", "top left"),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "tiff_lzw"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_photos_stand_upright(kind, orientation):
    if kind == "AVIF" and kind not in Image.registered_extensions().values():
        pytest.skip("this Pillow has no AVIF")
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"compression": kind} if kind == "tiff_lzw" else {}
    data = encode(photo(), kind.split("_")[0].upper(), exif=exif, **options)

    picture = load_image(data)

    width, height = (48, 32) if orientation < 5 else (32, 48)
    assert picture.size == (width, height)
    corners = {
        "top left": (3, 3),
        "top right": (width - 4, 3),
        "bottom left": (3, height - 4),
        "bottom right": (width - 4, height - 4),
    }
    red, green = UPRIGHT[orientation]
    assert near(picture.getpixel(corners[red]), RED)
    assert near(picture.getpixel(corners[green]), GREEN)
    assert load_image(picture).tobytes() == picture.tobytes()  # turned once, not twice


def test_no_metadata_comes_through():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    picture = load_image(encode(photo(), "JPEG", exif=exif, icc_profile=b"x" * 200, dpi=(72, 72)))
    assert picture.info == {}
    assert dict(picture.getexif()) == {}


def test_a_copied_picture_with_an_exif_flag_stands_upright_too():
    exif = Image.Exif()
    exif[0x0112] = 8
    lazy = Image.open(BytesIO(encode(photo(), "PNG", exif=exif)))
    assert load_image(lazy.copy()).size == (32, 48)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("exif", [b"Exif\0\0not a TIFF header", b"Exif\0\0II*\0"])
def test_broken_exif_does_not_cost_the_picture(kind, exif):
    assert load_image(encode(photo(), kind, exif=exif)).size == (48, 32)


def test_the_picture_is_independent_of_its_source(tmp_path):
    array = np.zeros((32, 48, 3), np.uint8)
    source = photo()
    lazy = Image.open(BytesIO(encode(photo(), "PNG")))
    loaded = [load_image(array), load_image(source), load_image(lazy)]
    before = [picture.tobytes() for picture in loaded]
    array[:] = 255
    source.paste(GREEN, (0, 0, 48, 32))
    lazy.close()
    assert [picture.tobytes() for picture in loaded] == before
    loaded[1].paste(RED, (0, 0, 48, 32))
    assert source.getpixel((20, 20)) == GREEN


def test_a_16_bit_png_is_scaled_not_clipped():
    values = np.zeros((16, 20), np.uint16)
    values[0, :3] = 257 * 10, 257 * 100, 65535
    picture = load_image(encode(Image.fromarray(values), "PNG"))
    assert [picture.getpixel((x, 0))[0] for x in range(4)] == [10, 100, 255, 0]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_transparency_is_white_paper(kind):
    picture = Image.new("RGBA", (20, 16), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 10, 16))
    loaded = load_image(encode(picture, kind))
    assert near(loaded.getpixel((2, 8)), (0, 0, 255))
    assert loaded.getpixel((18, 8)) == WHITE


def test_grey_with_a_transparent_value_is_white_paper():
    data = encode(Image.new("L", (20, 16), 7), "PNG", transparency=7)
    assert load_image(data).getpixel((0, 0)) == WHITE


def test_a_cmyk_jpeg_has_the_right_colours():
    data = encode(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG")
    assert b"Adobe" in data  # stored inverted
    assert near(load_image(data).getpixel((9, 9)), RED)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_shows_its_first_frame(kind):
    frames = [Image.new("RGB", (20, 16), colour) for colour in (RED, GREEN)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    with Image.open(BytesIO(data)) as lazy:
        assert lazy.n_frames == 2
    assert near(load_image(data).getpixel((9, 9)), RED)


def test_heic_is_read_upright_without_changing_pillow():
    pytest.importorskip("pi_heif")
    # photo() as a phone held upright stores it: 48 x 32 pixels and a rotation box.
    data = (Path(__file__).with_name("turned.heic")).read_bytes()
    assert b"irot" in data
    Image.init()
    known = set(Image.OPEN)

    picture = load_image(data)

    assert picture.size == (32, 48)
    assert near(picture.getpixel((28, 3)), RED)
    assert near(picture.getpixel((28, 44)), GREEN)
    assert picture.info == {}
    assert set(Image.OPEN) == known


def test_pillows_global_settings_stay_as_they_were():
    limit, lenient = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    load_image(encode(photo(), "JPEG"))
    assert limit == Image.MAX_IMAGE_PIXELS
    assert lenient == ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/photos/mug.jpg", "mug.jpg"),
        (Path("a/b.png"), "b.png"),
        ("photos/", "photos"),
        ("", "path"),
        ("data:image/png;base64,AAAA", "data URL"),
        ("a\nb\u202e.jpg", "a?b?.jpg"),
        ("x" * 100 + ".jpg", "x" * 40 + "…" + "x" * 26 + ".jpg"),
        (b"x" * 12_345, "<bytes, 12 kB>"),
        (memoryview(b"xyz"), "<bytes, 3 B>"),
        (Image.new("L", (640, 480)), "<PIL image 640x480>"),
        (np.zeros((480, 640, 3), np.uint8), "<array (480, 640, 3) uint8>"),
        (None, "<NoneType>"),
    ],
)
def test_sources_have_short_names(source, name):
    assert describe_source(source) == name


def jpeg(size=(160, 120), **options):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    file = BytesIO()
    small.resize(size).save(file, "JPEG", **options)
    return file.getvalue()


def flat_jpeg():
    file = BytesIO()
    Image.new("RGB", (160, 120), (200, 30, 30)).save(file, "JPEG")
    return file.getvalue()


JPEGS = [
    jpeg(),
    jpeg(progressive=True),
    jpeg((161, 119), quality=95, subsampling=0),
    jpeg(optimize=True, restart_marker_blocks=4),
    flat_jpeg(),
]


@pytest.mark.parametrize("data", JPEGS)
@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_mark_is_whole(data, cut):
    assert data.endswith(b"\xff\xd9")
    assert load_image(data[:-cut]).tobytes() == load_image(data).tobytes()


@pytest.mark.parametrize("data", JPEGS)
def test_a_jpeg_that_is_cut_is_an_error(data):
    for cut in (*range(8, 60), len(data) // 100 + 8, len(data) // 2):
        with pytest.raises(ImageError, match="undamaged"):
            load_image(data[:-cut])
