"""Only what hosted models take leaves for them, and what they take leaves as it is."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pekit_agents import ImageError
from pekit_agents.answering.pictures import SentLimits, as_sent, sent_among, whole_as_sent

RED = Image.new("RGB", (40, 20), "red")
CLEAR = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1300, 1400, 3), dtype=np.uint8))


def file(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(kind: str, orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file(RED, kind, exif=exif)


def animated(kind: str) -> bytes:
    return file(RED, kind, save_all=True, append_images=[Image.new("RGB", RED.size, "blue")])


def deep() -> bytes:
    """A PNG with 16 bits a channel, which Pillow reads and does not write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    rows = zlib.compress((b"\0" + b"\x9c\x40" * 3 * 40) * 20)
    header = struct.pack(">IIBBBBB", 40, 20, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


TAKEN = {
    "JPEG": (file(RED, "JPEG"), "image/jpeg"),
    "grey JPEG": (file(RED.convert("L"), "JPEG"), "image/jpeg"),
    "PNG": (file(RED, "PNG"), "image/png"),
    "palette PNG": (file(RED.convert("P"), "PNG"), "image/png"),
    "bilevel PNG": (file(RED.convert("1"), "PNG"), "image/png"),
    "WebP": (file(RED, "WEBP"), "image/webp"),
    "tiny": (file(Image.new("RGB", (3, 2)), "PNG"), "image/png"),
    "upright by its flag": (turned("JPEG", 1), "image/jpeg"),
}
CONVERTED = {
    "BMP": file(RED, "BMP"),
    "TIFF": file(RED, "TIFF"),
    "AVIF": file(RED, "AVIF"),
    "PPM": file(RED, "PPM"),
    "MPO": file(RED, "MPO", save_all=True, append_images=[RED]),
    "CMYK JPEG": file(RED.convert("CMYK"), "JPEG"),
    "GIF": file(RED, "GIF"),
    "animated GIF": animated("GIF"),
    "animated WebP": animated("WEBP"),
    "animated PNG": animated("PNG"),
    "16-bit grey PNG": file(Image.fromarray(np.full((20, 40), 40_000, np.uint16)), "PNG"),
    "16-bit PNG": deep(),
    "transparent PNG": file(CLEAR, "PNG"),
    "transparent WebP": file(CLEAR, "WEBP"),
    "transparent GIF": file(CLEAR, "GIF"),
    "transparent palette PNG": file(RED.convert("P"), "PNG", transparency=0),
    "colour key PNG": file(RED, "PNG", transparency=(255, 0, 0)),
    "turned JPEG": turned("JPEG"),
    "turned PNG": turned("PNG"),
    "turned WebP": turned("WEBP"),
}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("data", "mime"), TAKEN.values(), ids=TAKEN)
def test_what_every_hosted_model_takes_leaves_untouched(data, mime):
    assert as_sent(data) == whole_as_sent(data) == (data, mime)


@pytest.mark.parametrize("data", CONVERTED.values(), ids=CONVERTED)
def test_everything_else_becomes_a_plain_upright_jpeg(data):
    sent, mime = as_sent(data)
    assert whole_as_sent(data) == (sent, mime) == as_sent(sent)
    with opened(sent) as picture:
        assert (picture.format, mime, picture.mode) == ("JPEG", "image/jpeg", "RGB")
        assert sorted(picture.size) == [20, 40]
        assert not picture.getexif()


def test_a_turned_picture_is_sent_upright_and_a_transparent_one_on_white():
    assert opened(as_sent(turned("JPEG"))[0]).size == (20, 40)
    assert min(opened(as_sent(file(CLEAR, "PNG"))[0]).getpixel((5, 5))) > 250


@pytest.mark.parametrize(
    "data",
    [file(NOISE, "PNG"), file(Image.new("RGB", (8001, 20)), "PNG"), file(NOISE, "BMP")],
    ids=["bytes", "side", "format"],
)
def test_what_is_too_large_is_shrunk_until_it_is_taken(data):
    sent, mime = as_sent(data)
    assert mime == "image/jpeg"
    assert max(opened(sent).size) <= 1568
    assert SentLimits().takes(sent, opened(sent).size)


def test_limits_are_those_of_base64():
    data = file(RED, "PNG")
    size = -(-len(data) // 3) * 4
    assert as_sent(data, SentLimits(base64_bytes=size))[0] == data
    assert as_sent(data, SentLimits(base64_bytes=size - 1))[0] != data


def test_noise_is_shrunk_further_than_the_side():
    sent, _ = as_sent(file(NOISE, "PNG"), SentLimits(base64_bytes=300_000))
    assert len(sent) * 4 / 3 <= 300_000
    assert max(opened(sent).size) > 300  # and no further than it has to be


@pytest.mark.parametrize(
    ("count", "base64_bytes", "side"),
    [(0, 5 * 2**20, 8000), (1, 5 * 2**20, 8000), (10, 18 * 2**20 // 10, 8000),
     (20, 18 * 2**20 // 20, 8000), (21, 18 * 2**20 // 21, 2000)],
)  # fmt: skip
def test_many_pictures_share_a_request(count, base64_bytes, side):
    assert sent_among(count) == SentLimits(base64_bytes, side)


@pytest.mark.parametrize("data", [b"no picture", file(RED, "PNG")[:60], b""])
def test_what_cannot_be_read_is_refused(data):
    with pytest.raises(ImageError):
        as_sent(data)
