"""The door for pictures: everything that must stay outside, and damage of every kind."""

from __future__ import annotations

import os
import struct
import sys
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pekit_agents.errors import ImageError, InvalidInput, MissingDependency
from pekit_agents.images import loading
from pekit_agents.images.loading import ImageLimits, load_image
from tests.images.drawing import encode, photo

HEIC_HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


def png_head(width, height):
    """Return the start of a PNG that claims a size and has no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"IDAT" + zlib.compress(b"")
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, end)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (16000, 16000, r"at most 200.0 megapixels and 20000 px a side, got 16000x16000 \(256.0 "),
        (20001, 16, "got 20001x16"),
        (15000, 15000, "got 15000x15000"),  # Pillow refuses that by itself
        (15, 4000, "at least 16 px a side, got 15x4000"),
    ],
)
def test_sizes_are_checked_before_decoding(width, height, message):
    with pytest.raises(ImageError, match=message):
        load_image(png_head(width, height))
    if width * height < 10**8:  # the pixels are missing, and that was never noticed
        with pytest.raises(ImageError, match="decoding failed"):
            load_image(png_head(width, height), limits=ImageLimits(10**6, 10**8, 10**5, 1))


@pytest.mark.parametrize("side", [10_000, 19_000])
def test_pillows_own_limits_do_not_come_in_between(side):
    high = ImageLimits(max_pixels=10**9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match="decoding failed"):  # of a picture without pixels
            load_image(png_head(side, 16), limits=high)
        assert loading._open(png_head(side, side), "x").size == (side, side)


def tiled_tiff(side, tile):
    """Return a grey TIFF of one deflated tile."""
    pixels = zlib.compress(bytes(tile * tile if tile < 1000 else 10))
    sizes = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile}
    tags = sizes | {324: 8, 325: len(pixels)}
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack("<H", len(tags)) + rows + bytes(4)
    return struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels + directory


def test_giant_tiles_in_a_small_tiff_are_refused():
    assert load_image(tiled_tiff(32, 64)).size == (32, 32)
    data = tiled_tiff(32, 30000)  # libtiff would fetch 900 MB for these 200 bytes
    with pytest.raises(ImageError, match=r"tiles of at most 50.0 megapixels, got 30000x30000"):
        load_image(data)


@pytest.mark.parametrize("source", [Image.new("L", (300, 300)), np.zeros((300, 300), np.uint8)])
def test_limits_hold_for_pictures_and_arrays(source):
    said = r"at most 0.09 megapixels.*got 300x300.*ImageLimits.max_pixels"
    with pytest.raises(ImageError, match=said):
        load_image(source, limits=ImageLimits(max_pixels=89_999))
    assert load_image(source, limits=ImageLimits(max_pixels=90_000)).size == (300, 300)


def test_a_picture_that_grows_while_decoding_is_refused(monkeypatch):
    monkeypatch.setattr(loading, "upright_rgb", lambda *_: Image.new("RGB", (300, 300)))
    with pytest.raises(ImageError, match="got 300x300"):
        load_image(encode(photo(), "PNG"), limits=ImageLimits(max_pixels=80_000))


def test_a_heavy_file_is_refused_by_its_size_alone(tmp_path):
    path = tmp_path / "heavy.png"
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(ImageError, match=r"heavy.png: expected at most 52.4 MB, got 8589.9 MB"):
        load_image(path)
    with pytest.raises(ImageError, match=r"at most 0\.002 MB"):
        load_image(bytes(2000), limits=ImageLimits(max_bytes=1999))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_bytes": 0}, "max_bytes: expected at least 1"),
        ({"max_side": 8}, "min_side <= max_side"),
    ],
)
def test_limits_must_let_something_pass(limits, message):
    with pytest.raises(InvalidInput, match=message):
        ImageLimits(**limits)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_half_a_file_is_an_error_that_names_the_file(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    data = encode(Image.fromarray(noise), kind)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut.jpg: expected a whole, undamaged") as caught:
        load_image(path)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("size", [16, 100])
def test_a_photo_that_is_cut_in_its_header_is_said_to_be_damaged(kind, size):
    with pytest.raises(ImageError, match="expected a whole, undamaged picture"):
        load_image(encode(photo(), kind)[:size])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "got 0 bytes"),
        (b"hello", "got something else"),
        (b"%PDF-1.7 ...", "got a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "got PostScript"),
        (b"<?xml version='1.0'?>\n<svg xmlns=''/>", "got an SVG drawing"),
        (b"<!DOCTYPE html><html>", "got a web page"),
        (b"PK\x03\x04....", "got a ZIP archive"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "got a video"),
        (encode(photo(), "JPEG2000"), "got a JPEG 2000 picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "got a JPEG XL picture"),
        (encode(photo(), "ICO"), "got something else"),  # a raster, but not a photo
    ],
)
def test_what_is_not_a_photo_is_named(data, found):
    with pytest.raises(ImageError, match=rf"^<bytes, \d+ B>: expected .*{found}.*; "):
        load_image(data)


@pytest.mark.parametrize(
    "url", ["https://example.org/cat.jpg", "HTTP://x/y", " file:///etc/passwd", "data:image/png,xx"]
)
def test_urls_are_never_opened(url):
    with pytest.raises(ImageError, match="URLs are never opened"):
        load_image(url)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing.jpg", r"nothing.jpg: expected an image file, found nothing at '.*nothing.jpg'"),
        (".", "got a folder"),
        ("a\0b.jpg", r"a\?b.jpg: the file cannot be read"),
        ("x" * 5000, "the file cannot be read"),
    ],
)
def test_paths_that_lead_nowhere(tmp_path, path, message):
    with pytest.raises(ImageError, match=message):
        load_image(tmp_path / path)


def test_an_empty_path_is_not_the_current_folder():
    with pytest.raises(ImageError, match="got an empty string"):
        load_image("")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_and_devices_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", "/dev/zero"):
        with pytest.raises(ImageError, match="got a device, pipe or socket"):
            load_image(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_file_swapped_for_a_pipe_does_not_block(tmp_path, monkeypatch):
    regular, pipe = tmp_path / "photo.jpg", tmp_path / "pipe.jpg"
    regular.write_bytes(b"x")
    os.mkfifo(pipe)
    honest = regular.stat()
    monkeypatch.setattr(Path, "stat", lambda self, **_: honest)
    with pytest.raises(ImageError, match="got a device, pipe or socket"):
        load_image(pipe)


@pytest.mark.parametrize("source", [None, 7, ["photo.jpg"], BytesIO(b"")])
def test_other_types_are_refused(source):
    with pytest.raises(ImageError, match=f"got {type(source).__name__}"):
        load_image(source)


def test_a_closed_picture_is_an_image_error():
    lazy = Image.open(BytesIO(encode(photo(), "PNG")))
    lazy.close()
    with pytest.raises(ImageError, match="48x32>: expected a whole"):
        load_image(lazy)


def test_heic_without_its_extra_names_the_line_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(MissingDependency, match=r'pip install "pekit-agents\[heic\]"'):
        load_image(HEIC_HEAD)


def test_damaged_heic_is_an_image_error():
    pytest.importorskip("pi_heif")
    with pytest.raises(ImageError, match="decoding failed"):
        load_image(HEIC_HEAD)


SMALL = ImageLimits(max_bytes=10**5, max_pixels=40_000, max_side=2_000, min_side=1)
SEEDS = [encode(photo(), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM")]
SEEDS.append(encode(photo(), "TIFF", compression="tiff_lzw"))
SEEDS.append(encode(photo(), "GIF", save_all=True, append_images=[Image.new("RGB", (48, 32))]))


def opens_or_raises(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = load_image(data, limits=SMALL)
        except ImageError:
            return
    assert picture.mode == "RGB"
    assert picture.width * picture.height <= SMALL.max_pixels
    assert len(picture.tobytes()) == picture.width * picture.height * 3


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"II*\0", b"P6\n", b"BM"]),
)
def test_random_bytes_are_a_picture_or_an_image_error(data, start):
    opens_or_raises(start + data)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
def test_damaged_files_are_a_picture_or_an_image_error(seed, kept, flips):
    data = bytearray(seed)
    for place, value in flips:
        data[int(place**3 * len(data))] = value  # headers are hit more often
    opens_or_raises(bytes(data[: max(1, int(len(data) * max(kept, 0.05)))] if kept < 0.7 else data))
