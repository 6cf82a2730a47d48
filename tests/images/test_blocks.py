"""Files with more blocks than ordinary ones have stay outside, and nothing of them is decoded."""

from __future__ import annotations

import struct
import zlib
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pekit_agents.errors import ImageError
from pekit_agents.images import blocks, loading
from pekit_agents.images.blocks import check_blocks, without_large_texts
from pekit_agents.images.loading import load_image
from tests.images.drawing import encode, photo

MANY = 20  # in place of the limits, so that the files stay small


@pytest.fixture(autouse=True)
def few(monkeypatch):
    for limit in ("MAX_BLOCKS", "MAX_COMPRESSED", "MAX_PARTS", "MAX_SCANS"):
        monkeypatch.setattr(blocks, limit, MANY)


def segments(count):
    return (b"\xff\xfe" + struct.pack(">H", 4) + b"hi") * count


def jpeg(comments, **options):
    data = encode(photo(), "JPEG", **options)
    return data[:2] + segments(comments) + data[2:]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(extra):
    data = encode(photo(), "PNG")
    return data[:33] + extra + data[33:]  # after IHDR


def gif(extra):
    data = encode(photo().quantize(8), "GIF")
    end = 13 + (3 << (data[10] & 7) + 1)
    return data[:end] + extra + data[end:]


def webp(extra):
    data = encode(photo(), "WEBP", exif=Image.Exif())
    return data + extra


def counted(data):
    """Return how many blocks of each kind a file has."""
    found = {}
    of = next(of for sign, of in blocks._KINDS.items() if data.startswith(sign))
    for kind, count in of(data):
        found[kind] = found.get(kind, 0) + count
    return found


COMMENT = b"\x21\xfe\x02hi\x00"  # an extension, one block of data: two in all


@pytest.mark.parametrize(
    ("make", "each"),
    [
        (jpeg, 1),
        (partial(jpeg, progressive=True), 1),
        (lambda n: png(chunk(b"prVt", b"x") * n), 1),
        (lambda n: gif(COMMENT * n), 2),
        (lambda n: webp((b"XTRA" + struct.pack("<I", 1) + b"x\0") * n), 1),
    ],
    ids=["JPEG", "progressive JPEG", "PNG", "GIF", "WEBP"],
)
def test_one_block_more_than_the_limit_is_refused_before_decoding(monkeypatch, make, each):
    own = counted(make(0)).get("blocks", 0)
    most = (MANY + len(make(0)) // 1024 - own) // each
    assert load_image(make(most)).size == (48, 32)
    monkeypatch.setattr(loading, "upright_rgb", None)  # not even tried
    with pytest.raises(ImageError, match=r"expected at most \d+ blocks in the file, got more"):
        load_image(make(most + MANY))
    with pytest.raises(ImageError, match="blocks in the file"):
        check_blocks(make(most + 1), "x")


def scans(count):
    """Return a progressive JPEG that says its last scan again and again."""
    data = encode(photo(), "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[last:end] * (count - counted(data)["scans"]) + data[end:]


def test_a_jpeg_has_a_number_of_scans(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCKS", 10_000)
    assert counted(encode(photo(), "JPEG"))["scans"] == 1
    assert counted(encode(photo(), "JPEG", progressive=True))["scans"] == 10
    assert counted(encode(photo().convert("CMYK"), "JPEG", progressive=True))["scans"] == 18
    check_blocks(scans(MANY), "x")
    with pytest.raises(ImageError, match=f"expected at most {MANY} scans in the file"):
        load_image(scans(MANY + 1))


def test_what_is_no_part_of_the_picture_does_not_count():
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    data = encode(Image.fromarray(noise), "JPEG", restart_marker_blocks=1)
    assert data.count(b"\xff") > 100
    check_blocks(data, "x")
    check_blocks(data + segments(50), "x")  # a movie behind the photo, as some phones save
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + 300) + b"\xff\xda" * 150
    check_blocks(data[:2] + thumbnail + data[2:], "x")


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP", b"iTXt"])
def test_a_png_has_a_number_of_blocks_that_are_inflated(monkeypatch, kind):
    monkeypatch.setattr(blocks, "MAX_BLOCKS", 10_000)
    text = b"Comment\0\0" + zlib.compress(b"hi")
    if kind == b"iTXt":
        text = b"Comment\0\1\0\0\0" + zlib.compress(b"hi")
    check_blocks(png(chunk(kind, text) * MANY), "x")
    assert load_image(png(chunk(kind, text))).size == (48, 32)
    with pytest.raises(ImageError, match=f"at most {MANY} compressed blocks or comments"):
        load_image(png(chunk(kind, text) * (MANY + 1)))


@pytest.mark.parametrize(("order", "magic", "big"), [("<", 42, 0), (">", 42, 0), ("<", 43, 1)])
@pytest.mark.parametrize("tag", [273, 324])
def test_a_tiff_has_a_number_of_strips_or_tiles(order, magic, big, tag):
    def tiff(count):
        start = struct.pack(
            f"{order}2sH" + ("HHQ" if big else "I"),
            b"II" if order == "<" else b"MM",
            magic,
            *((8, 0, 16) if big else (8,)),
        )
        entry = struct.pack(f"{order}HH" + ("QQ" if big else "II"), tag, 4, count, 0)
        return start + struct.pack(order + ("Q" if big else "H"), 1) + entry + bytes(8)

    assert counted(tiff(MANY)) == {"blocks": 1, "strips": MANY}
    with pytest.raises(ImageError, match=f"at most {MANY} strips in the file"):
        load_image(tiff(MANY + 1))


def test_strips_of_a_row_each_pass(monkeypatch):
    data = encode(photo(), "TIFF", compression="tiff_lzw", strip_size=1)
    assert counted(data)["strips"] == 32
    with pytest.raises(ImageError, match="strips"):
        check_blocks(data, "x")
    monkeypatch.undo()
    assert load_image(data).size == (48, 32)


@pytest.mark.parametrize("plain", [b"P1", b"P2", b"P3"])
def test_a_plain_pnm_has_a_number_of_comments(plain):
    values = {b"P1": b"1 " * 256, b"P2": b"255\n9 " * 128, b"P3": b"9 " * 768}[plain]
    head = plain + b"\n16 16\n" + (b"" if plain == b"P1" else b"255\n")
    assert load_image(head + values).size == (16, 16)
    with pytest.raises(ImageError, match="comments"):
        load_image(head + b"# hi\n" * (MANY + 1) + values)


def test_the_head_of_a_pnm_ends():
    data = encode(photo(), "PPM")
    said = data[:3] + b"#" + b"x" * 4000 + b"\n" + data[3:]
    assert load_image(said).size == (48, 32)
    with pytest.raises(ImageError, match="comments"):
        load_image(data[:3] + b"#" + b"x" * 5000 + b"\n" + data[3:])


def rle_bmp(width, height):
    """Return a black BMP of runs."""
    rows = (
        b"".join(bytes([min(255, width - x), 0]) for x in range(0, width, 255)) + b"\0\0"
    ) * height
    pixels = rows + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 2, 0)
    start = 14 + len(head) + 8
    return (
        struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + head + bytes(8) + pixels
    )


SLOW = {
    "plain": lambda w, h: b"P2 %d %d 255\n" % (w, h) + b"9 " * (w * h),
    "odd maxval": lambda w, h: b"P5 %d %d 100\n" % (w, h) + bytes(w * h),
    "runs in a BMP": rle_bmp,
}


@pytest.mark.parametrize("kind", SLOW)
def test_what_python_decodes_is_small(monkeypatch, kind):
    monkeypatch.setattr(blocks, "SLOW_PIXELS", 40 * 30)
    monkeypatch.setattr(blocks, "MAX_COMPRESSED", 10**6)
    assert load_image(SLOW[kind](40, 30)).size == (40, 30)
    large = SLOW[kind](40, 31)
    with pytest.raises(ImageError, match=r"stored in this way \((PPM|BMP)\), got 40x31"):
        load_image(large)
    with pytest.raises(ImageError, match="stored in this way"):
        load_image(Image.open(BytesIO(large)))


@pytest.mark.parametrize("kind", ["PPM", "BMP", "PNG", "TIFF"])
def test_what_is_decoded_quickly_may_be_large(monkeypatch, kind):
    monkeypatch.setattr(blocks, "SLOW_PIXELS", 100)
    assert load_image(encode(photo(), kind)).size == (48, 32)


def test_ordinary_files_of_every_kind_pass_by_far(monkeypatch):
    monkeypatch.undo()
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    told = PngImagePlugin.PngInfo()
    for number in range(9):
        told.add_text(f"Key {number}", "text", zip=True)
    frames = [Image.new("RGB", (48, 32), (each, 0, 0)) for each in range(100)]
    for data in (
        encode(
            photo(), "JPEG", progressive=True, exif=exif, icc_profile=bytes(200_000), comment="hi"
        ),
        encode(photo(), "PNG", pnginfo=told, exif=exif),
        *(
            encode(frames[0], kind, save_all=True, append_images=frames[1:])
            for kind in ("GIF", "PNG", "WEBP", "TIFF")
        ),
        encode(Image.new("L", (64, 3000)), "TIFF", strip_size=1),
    ):
        assert load_image(data).width in (48, 64)


@pytest.mark.parametrize(
    "data", [b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF", b"II*\0", b"P6"]
)
@pytest.mark.parametrize("rest", [b"", b"\xff" * 50, b"\0" * 50, bytes(range(256))])
def test_what_is_cut_off_or_damaged_is_for_the_decoder_to_say(data, rest):
    check_blocks(data + rest[:18], "x")
    with pytest.raises(ImageError):
        load_image(data + rest)


LARGE = zlib.compress(bytes(1_500_000))
PLAIN = b"x" * 1_500_000


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"workflow\0\0" + LARGE),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + LARGE),
        chunk(b"iTXt", b"prompt\0\1\0en\0prompt\0" + LARGE) * 3,
        chunk(b"iCCP", b"p\0\0" + LARGE),
        chunk(b"zTXt", b"a\0\7" + LARGE),  # a method that there is none of
        chunk(b"iCCP", b"a\0\7" + LARGE),
        chunk(b"tEXt", b"a\0" + PLAIN),
        chunk(b"iTXt", b"a\0\0\0\0\0" + PLAIN),
        chunk(b"zTXt", b"a\0\0damaged"),
        chunk(b"iTXt", b"") + chunk(b"zTXt", b"a") + chunk(b"zTXt", b""),
    ],
)
@pytest.mark.parametrize("at", [33, -12])
def test_no_text_costs_a_picture(extra, at):
    data = encode(photo(), "PNG")
    picture = load_image(data[:at] + extra + data[at:])
    assert picture.tobytes() == photo().tobytes()


def test_many_texts_cost_no_picture(monkeypatch):
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_MEMORY", 1000)
    texts = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(300))) * 5 + chunk(
        b"tEXt", b"a\0" + b"x" * 300
    )
    assert load_image(png(texts)).tobytes() == photo().tobytes()


def test_small_texts_stay():
    turned = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    xmp = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(turned))
    data = png(xmp + chunk(b"zTXt", b"workflow\0\0" + LARGE))
    assert without_large_texts(data) == png(xmp)
    assert without_large_texts(png(xmp)) == png(xmp)
    assert load_image(data).size == (32, 48)
    assert without_large_texts(jpeg(1)) == jpeg(1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [42, 43])
def test_the_page_after_a_thumbnail_has_the_same_limits(order, magic):
    place, number = ("Q", "Q") if magic == 43 else ("I", "H")

    def entry(tag, code, count, value):
        held = struct.pack(order + ("H" if code == 3 else "I"), value).ljust(
            struct.calcsize(place), b"\0"
        )
        return struct.pack(f"{order}HH{place}", tag, code, count) + held

    def page(after, *entries):
        return b"".join(
            (struct.pack(order + number, len(entries)), *entries, struct.pack(order + place, after))
        )

    head = struct.pack(order + "2sH", b"II" if order == "<" else b"MM", magic)
    head += struct.pack(order + "HHQ", 8, 0, 16) if magic == 43 else struct.pack(order + "I", 8)
    for code in (3, 4):
        thumbnail = entry(254, code, 1, 1)
        size = len(head + page(0, thumbnail))
        full = head + page(size, thumbnail) + page(0, entry(273, 4, MANY + 1, 0))
        with pytest.raises(ImageError, match="strips"):
            check_blocks(full, "a")
        unread = head + page(size, entry(254, code, 1, 0)) + page(0, entry(273, 4, MANY + 1, 0))
        check_blocks(unread, "a")
        with pytest.raises(ImageError, match="blocks"):
            check_blocks(head + page(len(head), thumbnail), "a")  # its own successor
