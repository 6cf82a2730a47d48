"""Values that Pillow reads without saying what they mean: depth, negatives, transparent colours."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from pekit_agents.errors import ImageError
from pekit_agents.images import limits
from pekit_agents.images.loading import load_image

WIDTH, HEIGHT = 20, 16
COUNT = WIDTH * HEIGHT
WHITE = (255, 255, 255)


def grey(value):
    return (value, value, value)


def seen(source):
    [(_, colour)] = load_image(source).getcolors()
    return colour


def packed(value, bits):
    """Return a row of one value, its bits one after another."""
    row = format(value, f"0{bits}b") * WIDTH
    row = row.ljust(-(-len(row) // 8) * 8, "0")
    return int(row, 2).to_bytes(len(row) // 8, "big")


def tiff(order, strips, bits, photometric, planar=1, **more):
    """Return a TIFF of some strips."""
    tags = {
        256: ("I", [WIDTH]),
        257: ("I", [HEIGHT]),
        258: ("H", bits),
        259: ("H", [1]),
        262: ("H", [photometric]),
        277: ("H", [len(bits)]),
        278: ("I", [HEIGHT]),
        284: ("H", [planar]),
        **{int(tag[1:]): ("H", values) for tag, values in more.items()},
    }
    body, places = b"", []
    for strip in strips:
        places.append(8 + len(body))
        body += strip
    tags |= {273: ("I", places), 279: ("I", [len(strip) for strip in strips])}
    rows = b""
    for tag, (code, values) in sorted(tags.items()):
        raw = struct.pack(f"{order}{len(values)}{code}", *values)
        held = raw.ljust(4, b"\0")
        if len(raw) > 4:
            held = struct.pack(f"{order}I", 8 + len(body))
            body += raw
        rows += struct.pack(f"{order}HHI", tag, 3 if code == "H" else 4, len(values)) + held
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(body))
    return head + body + struct.pack(f"{order}H", len(tags)) + rows + bytes(4)


def values(order, code, *each):
    return struct.pack(f"{order}{len(each)}{code}", *each) * COUNT


RED = [0] * 768
RED[1] = 65535


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (tiff("<", [packed(2048, 12) * HEIGHT], [12], 1), grey(128)),
        (tiff("<", [packed(4095, 12) * HEIGHT], [12], 1), WHITE),
        (tiff("<", [packed(0, 12) * HEIGHT], [12], 1), grey(0)),
        (tiff("<", [values("<", "H", 257 * 77)], [16], 1), grey(77)),
        (tiff(">", [values(">", "H", 257 * 77)], [16], 1), grey(77)),
        (tiff("<", [values("<", "H", 257 * 77)], [16], 0), grey(178)),
        (tiff("<", [values("<", "H", 0)], [16], 0), WHITE),
        (tiff("<", [values("<", "f", 0.25)], [32], 1, t339=[3]), grey(64)),
        (tiff("<", [values("<", "f", 0.25)], [32], 0, t339=[3]), grey(191)),
        (tiff(">", [values(">", "f", 0.25)], [32], 0, t339=[3]), grey(191)),
        (tiff("<", [bytes([77]) * COUNT], [8], 0), grey(178)),
        (tiff("<", [bytes([0, 51]) * COUNT], [8, 8], 1, t338=[2]), grey(204)),
        (tiff("<", [bytes([1, 51]) * COUNT], [8, 8], 3, t338=[2], t320=RED), (255, 204, 204)),
        (tiff("<", [bytes([v]) * COUNT for v in (1, 2, 3)], [8] * 3, 2, planar=2), (1, 2, 3)),
        (
            tiff("<", [bytes([v]) * COUNT for v in (255, 0, 0, 51)], [8] * 4, 2, 2, t338=[2]),
            (255, 204, 204),
        ),
    ],
    ids=[
        *("12 bits, half", "12 bits, white", "12 bits, black"),
        *("16 bits", "16 bits, big end first", "16 bits, 0 is white", "16 bits, all white"),
        *("floats", "floats, 0 is white", "floats, 0 is white, big end first"),
        *("8 bits, 0 is white", "grey with alpha", "palette with alpha"),
        *("planes", "planes with alpha"),
    ],
)
def test_a_tiff_has_the_brightness_that_it_says(data, colour):
    assert seen(data) == colour
    assert seen(Image.open(BytesIO(data))) == colour


@pytest.mark.parametrize(
    "data",
    [
        tiff("<", [packed(512, 10) * HEIGHT], [10], 1),
        tiff("<", [packed(8192, 14) * HEIGHT], [14], 1),
        tiff(">", [packed(2048, 12) * HEIGHT], [12], 1),
        tiff(">", [values(">", "H", 0)], [16], 0),
        tiff("<", [values("<", "H", 0, 257 * 51)], [16, 16], 1, t338=[2]),
    ],
    ids=["10 bits", "14 bits", "12 bits, big end first", "negative, big end first", "deep alpha"],
)
def test_what_pillow_cannot_read_is_called_by_its_name(data):
    with pytest.raises(ImageError, match="got a TIFF with pixels of a rare kind; convert it"):
        load_image(data)


DEEP = [bytes(2 * COUNT)] * 4


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (tiff(">", DEEP[:3], [16] * 3, 2, planar=2), "16 bits in separate planes"),
        (tiff("<", DEEP[:3], [16] * 3, 2, planar=2), "16 bits in separate planes"),
        (tiff("<", DEEP, [16] * 4, 2, 2, t338=[2]), "16 bits in separate planes"),
        (tiff("<", DEEP, [16] * 4, 5, planar=2), "16 bits in separate planes"),
        (tiff("<", [bytes(2 * COUNT)], [16], 1, t339=[2]), "signed values"),
        (tiff(">", [bytes(2 * COUNT)], [16], 1, t339=[2]), "signed values"),
        (tiff("<", [bytes(COUNT)], [8], 1, t339=[2]), "signed values"),
    ],
)
def test_what_pillow_reads_wrongly_is_called_by_its_name(data, kind):
    for source in (data, Image.open(BytesIO(data))):
        with pytest.raises(ImageError, match=rf"of a rare kind \({kind}\); convert it"):
            load_image(source)


def test_deep_planes_that_are_compressed_are_read():
    planes = [zlib.compress(values("<", "H", 257 * v + 100)) for v in (1, 2, 3)]
    data = tiff("<", planes, [16] * 3, 2, planar=2, t259=[8])
    assert seen(data) == (1, 2, 3)


def pages(*sizes_and_kinds, **options):
    """Return a TIFF of red pages, the last of which is blue, with their NewSubfileTypes."""
    pictures = []
    for index, (size, kind) in enumerate(sizes_and_kinds):
        last = index == len(sizes_and_kinds) - 1
        picture = Image.new("RGB", size, "blue" if last else "red")
        picture.encoderinfo = {"tiffinfo": kind}
        pictures.append(picture)
    file = BytesIO()
    first, *rest = pictures
    first.save(
        file, "TIFF", save_all=True, append_images=rest, tiffinfo=sizes_and_kinds[0][1], **options
    )
    return file.getvalue()


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("thumbnail", [{254: 1}, {254: 4}, {254: 5}, {255: 2}])
def test_a_tiff_whose_first_page_is_a_thumbnail_shows_the_full_one(thumbnail, big):
    data = pages(((20, 16), thumbnail), ((20, 16), thumbnail), ((80, 64), {254: 0}), big_tiff=big)
    assert load_image(data).size == (80, 64)
    assert seen(data) == (0, 0, 255)


def test_of_full_pages_the_first_is_shown_and_a_thumbnail_alone_too():
    assert seen(pages(((20, 16), {254: 2}), ((80, 64), {}))) == (255, 0, 0)
    assert load_image(pages(((20, 16), {254: 1}), ((40, 32), {254: 1}))).size == (20, 16)


def bmp(alpha, head=108):
    """Return a BMP of 32 bits, red, of the header of version 4 or 5."""
    pixels = bytes((0, 0, 255, alpha)) * COUNT
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    told = struct.pack("<IiiHHIIiiII", head, WIDTH, -HEIGHT, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    told = (told + masks).ljust(head, b"\0")
    place = struct.pack("<IHHI", 14 + head + len(pixels), 0, 0, 14 + head)
    return b"BM" + place + told + pixels


@pytest.mark.parametrize("head", [56, 108, 124])
def test_an_empty_alpha_of_a_bmp_is_none(head, monkeypatch):
    assert seen(bmp(0, head)) == (255, 0, 0)
    assert seen(Image.open(BytesIO(bmp(0, head)))) == (255, 0, 0)
    assert seen(bmp(255, head)) == (255, 0, 0)
    assert seen(bmp(51, head)) == (255, 204, 204)
    monkeypatch.setattr(limits, "WORKING_PIXELS", COUNT // 4)
    assert seen(bmp(0, head)) == (255, 0, 0)
    some = bytearray(bmp(0, head))
    some[-1] = 255
    assert len(load_image(bytes(some)).getcolors()) > 1


def png(depth, kind, row, transparent=None, palette=None):
    def chunk(name, data):
        code = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", code)

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            b"" if palette is None else chunk(b"PLTE", palette),
            b"" if transparent is None else chunk(b"tRNS", transparent),
            chunk(b"IDAT", zlib.compress((b"\0" + row) * HEIGHT)),
            chunk(b"IEND", b""),
        )
    )


@pytest.mark.parametrize(
    ("depth", "value", "colour"),
    [
        (1, 0, grey(0)),
        (2, 1, grey(85)),
        (4, 5, grey(85)),
        (8, 85, grey(85)),
        (16, 257 * 85, grey(85)),
    ],
)
def test_one_grey_of_a_png_may_be_transparent(depth, value, colour):
    row = packed(value, depth)
    assert seen(png(depth, 0, row)) == colour
    for key, expected in ((value, WHITE), (value ^ 1, colour)):
        data = png(depth, 0, row, struct.pack(">H", key))
        assert seen(data) == expected
        lazy = Image.open(BytesIO(data))
        before = lazy.info["transparency"]
        assert seen(lazy) == expected
        assert lazy.info["transparency"] == before  # the caller's picture is as it was


@pytest.mark.parametrize(("depth", "code"), [(8, "B"), (16, "H")])
def test_one_colour_of_a_png_may_be_transparent(depth, code):
    own = (1, 2, 3) if depth == 8 else (300, 600, 900)
    row = struct.pack(f">3{code}", *own) * WIDTH
    for key, expected in ((own, WHITE), ((own[0], own[1], own[2] + 256), (1, 2, 3))):
        if max(key) < 2**depth:
            assert seen(png(depth, 2, row, struct.pack(">3H", *key))) == expected


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (png(16, 4, struct.pack(">2H", 0, 257 * 51) * WIDTH), grey(204)),
        (png(16, 6, struct.pack(">4H", 65535, 0, 0, 257 * 51) * WIDTH), (255, 204, 204)),
        *(
            (png(depth, 3, packed(1, depth), b"\xff\x33", b"\0\0\0\xff\0\0"), (255, 204, 204))
            for depth in (1, 2, 4, 8)
        ),
    ],
)
def test_alpha_of_a_png_is_mixed_with_white(data, colour):
    assert seen(data) == colour


def test_all_of_it_holds_for_what_is_reduced(monkeypatch):
    monkeypatch.setattr(limits, "WORKING_PIXELS", 100)
    assert seen(tiff("<", [packed(2048, 12) * HEIGHT], [12], 1)) == grey(128)
    assert seen(tiff("<", [values("<", "H", 257 * 77)], [16], 0)) == grey(178)
    for depth in (2, 4, 16):
        assert seen(png(depth, 0, packed(1, depth), struct.pack(">H", 1))) == WHITE
