"""Pictures in texts and in nested values are found by what they are."""

from __future__ import annotations

import base64
import io
import json
import re
from array import array
from collections import deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import attrs
import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel, ConfigDict

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.hidden_pictures import LeftOut, parts_of
from pekit_agents.tools.swept_values import swept

PHOTO = solid_scene({"red": (20, 20, 80, 80)})
PNG = to_png(PHOTO)
B64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{B64}"


def file(kind: str) -> bytes:
    buffer = io.BytesIO()
    PHOTO.save(buffer, kind)
    return buffer.getvalue()


SPELLED = {
    "alone": B64,
    "among words": f"Taken: {B64} just now",
    "data URL": f"![door](data:image/png;base64,{B64})",
    "data URL with a parameter": f"data:image/png;name=a.png;base64,{B64} end",
    "JSON": json.dumps(
        [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}}]
    ),
    "repr": repr(("At the door", PNG)),
    "repr of base64": repr({"data": B64.encode()}),
    "lines": base64.encodebytes(PNG).decode() + "and words",
    "lines in JSON": json.dumps({"data": base64.encodebytes(PNG).decode(), "then": "words"}),
    "lines of another length": "\r\n".join(re.findall(".{1,100}", B64)) + "\nwords",
    "one line and a word": B64 + "\nwords",
    "for URLs": base64.urlsafe_b64encode(PNG).decode(),
    "without padding": f"{B64.rstrip('=')}.",
    "after a key": f"image={B64}&more=1",
    "in a URL": f"image={quote(B64, safe='')}&more=1",
    "a data URL in a URL": f"?image={quote(URL, safe='')}&more=1",
    "escaped twice": f"?image={quote(quote(URL, safe=''), safe='')}&more=1",
    "a data URL with escapes": f"data:image/png;base64,{quote(B64, safe='')} end",
    "a data URL for URLs": f"data:image/png;base64,{base64.urlsafe_b64encode(PNG).decode()} end",
    "a data URL in capitals": f"DATA:IMAGE/PNG;BASE64,{B64} end",
    "JSON of PHP": json.dumps({"image": URL}).replace("/", r"\/"),
    "JSON of .NET": json.dumps({"image": B64}).replace("+", r"\u002B").replace("=", r"\u003D"),
    "JSON in JSON": json.dumps(json.dumps({"image": B64}).replace("/", r"\/")),
    "HTML": f'<img src="{URL.replace("+", "&#43;").replace("=", "&#x3D;")}"> end',
    "YAML": "frame: !!binary |\n" + re.sub("(?m)^", "  ", base64.encodebytes(PNG).decode()),
    "hexadecimal": f"taken {PNG.hex()} just now",
    "capital digits": f"0x{PNG.hex().upper()} end",
    "bytea": f"\\x{PNG.hex()} end",
    "a Buffer": json.dumps({"type": "Buffer", "data": [*PNG], "then": "words"}),
    "a Buffer without spaces": json.dumps({"data": [*PNG]}, separators=(",", ":")) + " end",
    "a Buffer in JSON": json.dumps(json.dumps({"type": "Buffer", "data": [*PNG]}, indent=1)),
    "a Uint8Array": json.dumps({str(at): byte for at, byte in enumerate(PNG)}) + " end",
    "signed numbers": str([byte - 256 * (byte > 127) for byte in PNG]),
    "an array": repr(array("B", PNG)),
    "repr in JSON": json.dumps({"frame": str(PNG), "then": "words"}),
    "characters": PNG.decode("latin-1"),
}


@pytest.mark.parametrize("text", SPELLED.values(), ids=SPELLED)
def test_a_picture_is_found_in_a_text(text: str) -> None:
    (picture,) = [part for part in parts_of(text) if isinstance(part, bytes)]
    assert picture == PNG
    left = "".join(part for part in parts_of(text) if isinstance(part, str))
    assert len(left) < 120
    for word in ("words", "end", "just now", "more=1"):
        assert (word in left) is (word in text)


KINDS = {
    **{
        kind: file(kind)
        for kind in [
            "JPEG",
            "PNG",
            "GIF",
            "WEBP",
            "BMP",
            "TIFF",
            "AVIF",
            "ICO",
            "JPEG2000",
            "PPM",
            "ICNS",
            "DDS",
        ]
    },
    "JPEG 2000": file("JPEG2000"),
    "HEIC": b"\0\0\0\x18ftypheic" + bytes(range(256)),
    "HEIC with brands": b"\0\0\0\xf8ftypmif1" + bytes(range(256)),
    "AVIF sequence": b"\0\0\0\x20ftypavis" + bytes(range(256)),
    "BigTIFF": b"II+\0\x08\0\0\0" + bytes(range(256)),
    "BigTIFF of a Mac": b"MM\0+\0\x08\0\0" + bytes(range(256)),
    "TIFF of a Mac": b"MM\0*\0\0\0\x08" + bytes(range(256)),
    "PGM": b"P5 # grey\n16 16 255\n" + bytes(range(256)),
    "PBM": b"P4\n# black and white\n64 32\n" + bytes(range(256)),
    "cursor": b"\0\0\2\0" + file("ICO")[4:],
    "JPEG 2000 alone": b"\xff\x4f\xff\x51\0\x2f" + bytes(range(256)),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(range(256)),
    "Photoshop": b"8BPS\0\1" + bytes(range(256)),
    "QOI": b"qoif\0\0\0\x10" + bytes(range(256)),
    "EXR": b"v/1\1" + bytes(range(256)),
    "Canon": b"\0\0\0\x18ftypcrx " + bytes(range(256)),
    "Fuji": b"FUJIFILMCCD-RAW 0201" + bytes(range(256)),
}
WRITTEN: dict[str, Callable[[bytes], str]] = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "for URLs": lambda data: base64.urlsafe_b64encode(data).decode(),
    "escaped": lambda data: quote(base64.b64encode(data).decode(), safe=""),
    "of PHP": lambda data: base64.b64encode(data).decode().replace("/", r"\/"),
    "repr": repr,
    "JSON of a repr": lambda data: json.dumps(repr(data))[1:-1],
    "hexadecimal": bytes.hex,
    "numbers": lambda data: str([*data]),
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_every_kind_is_known(data: bytes, write: Callable[[bytes], str]) -> None:
    assert parts_of(f"a {write(data)} b") == ["a ", data, " b"]


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_every_kind_is_known_alone(data: bytes) -> None:
    assert swept([data, {"data": [*data]}], lambda picture: str(picture == data)) == [
        "True",
        {"data": "True"},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Just words. " * 50,
        "img_" + "0" * 32,
        base64.b64encode(b"%PDF-1.7" + bytes(500)).decode(),
        base64.b64encode(b"\0\0\0\x20ftypisom" + bytes(500)).decode(),  # a movie
        "iVBORw0KGgo",
        "/9j/2" + "-/9j/2" * 5000,
        "-QkAAAAAAAAAA" * 5000,
        "data:image/" * 5000,
        "data%3Aimage%2F" * 5000,
        "data:image/png;base64,[image img_" + "0" * 32 + "]",
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." * 9,  # a token
        base64.b64encode(b"PK\3\4" + bytes(500)).decode(),
        base64.b64encode(b"RIFF\0\1\0\0WAVEfmt " + bytes(500)).decode(),
        base64.b64encode(b"\0\0\1\0" + bytes(500)).decode(),
        base64.b64encode(b"\0\0\1\xba" + bytes(range(256))).decode(),  # a movie
        base64.b64encode(b"P5 of the plan says" + bytes(range(256))).decode(),
        str([0] * 5000),
        str([255, 216, 255, *[1000] * 100]),
        "[" * 5000,
        "[1," * 5000,
        "-1, " * 5000,
        "b'" * 5000,
        "%2F" * 5000,
        r"\/" * 5000,
        "0x" + "ab" * 5000,
        "0" * 9999,
        "P6 10 20 255 and so on, in words that are no picture",
        "Zürich, Genève, " * 9,
    ],
)
def test_what_is_none_stays_text(text: str) -> None:
    assert "".join(str(part) for part in parts_of(text)) == text or text.startswith("/9j")


def test_a_picture_that_is_too_large_is_not_decoded() -> None:
    (left,) = parts_of(B64, max_bytes=100)
    assert isinstance(left, LeftOut)


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")
    kind: str = "image"


@dataclass(frozen=True)
class Shot:
    name: str
    data: Any


@attrs.frozen
class Photo:
    name: str
    data: Any


@dataclass
class Late:
    data: Any = field(init=False)

    @classmethod
    def of(cls, data: Any) -> Late:
        late = cls()
        late.data = data
        return late


Pair = namedtuple("Pair", "name data")

VALUES: dict[str, tuple[Any, Any]] = {
    "text": (B64, "*"),
    "bytes": (PNG, "*"),
    "bytearray": (bytearray(PNG), "*"),
    "stream": (io.BytesIO(PNG), "*"),
    "PIL": ([PHOTO], ["*"]),
    "nested": ({"a": [("x", {"b": B64})], "n": 1}, {"a": [("x", {"b": "*"})], "n": 1}),
    "dataclass": (Shot("door", [PNG]), Shot("door", ["*"])),
    "deque": (deque([PNG], 3), deque(["*"], 3)),
    "a field that no one gives": (Late.of([PNG]), Late.of(["*"])),
    "namespace": (SimpleNamespace(frame=PNG), SimpleNamespace(frame="*")),
    "array": ({"frame": np.asarray(PHOTO)}, {"frame": "*"}),
    "namedtuple": (Pair("door", PNG), Pair("door", "*")),
    "a file as an array": ({"jpg": np.frombuffer(PNG, np.uint8)}, {"jpg": "*"}),
    "a file as a column": ((True, np.frombuffer(PNG, np.uint8)[:, None]), (True, "*")),
    "a file as a row": ([np.frombuffer(PNG, np.uint8)[None]], ["*"]),
    "a file as numbers": ({"type": "Buffer", "data": [*PNG]}, {"type": "Buffer", "data": "*"}),
    "a file as numbered values": ([{str(at): each for at, each in enumerate(PNG)}], ["*"]),
    "a file as signed numbers": ([[each - 256 * (each > 127) for each in PNG]], ["*"]),
    "array of bytes": ([array("B", PNG)], ["*"]),
    "memoryview": ([memoryview(PNG)], ["*"]),
    "colours first": ([np.moveaxis(np.asarray(PHOTO), 2, 0)], ["*"]),
    "frames": ({"frames": np.asarray(PHOTO)[None]}, {"frames": ["*"]}),
    "JSON in bytes": ([json.dumps({"a": B64}).encode()], [b'{"a": "*"}']),
    "a key": ({B64: "door", "n": 1}, {"*": "door", "n": 1}),
    "attrs": (Photo("door", PNG), Photo("door", "*")),
    "model": (Loose(blob=B64, mimeType="image/png"), Loose(blob="*", mimeType="image/png")),
    "a kind that is only said": (
        {"mimeType": "image/x-portable-pixmap", "data": base64.b64encode(file("PPM")).decode()},
        {"mimeType": "image/x-portable-pixmap", "data": "*"},
    ),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_pictures_in_values_are_replaced(value: Any, expected: Any) -> None:
    kept: list[Any] = []

    def keep(picture: Any) -> str:
        kept.append(picture)
        return "*"

    assert swept(value, keep) == expected
    assert type(swept(value, keep)) is type(expected)
    with Image.open(io.BytesIO(kept[0])) as picture:
        assert picture.convert("RGB").tobytes() == PHOTO.tobytes()


def test_a_value_without_pictures_is_returned_itself() -> None:
    value: dict[str, Any] = {
        "a": [1, "two", (b"three", None)],
        "shot": Shot("x", 4),
        "loose": Loose(),
        "table": np.zeros((40, 40, 3)),
        "mask": np.zeros((40, 40), np.uint8),
    }
    value["numbers"] = [*range(200)], {str(at): at for at in range(40)}, np.arange(200)
    value["grey"] = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    value["of bytes"] = b"\xff" * 100, "é".encode() * 50, array("B", [1] * 50)
    value["itself"] = value
    assert swept(value, lambda _: "*") is value


@pytest.mark.parametrize("kind", ["a PDF", "a token", "a movie"])
def test_bytes_that_are_none_stay(kind: str) -> None:
    data = {"a PDF": b"%PDF-1.7\n", "a token": b"eyJhbGciOi", "a movie": b"\0\0\0\x20ftypisom"}
    value = {"file": data[kind] + bytes(500), "mime": "application/octet-stream"}
    assert swept(value, lambda _: "*") is value


def test_a_picture_that_is_cut_off_is_left_out() -> None:
    broken = Image.open(io.BytesIO(PNG[: len(PNG) // 2]))
    kept: list[Any] = []
    swept([broken], lambda picture: kept.append(picture) or "")  # type: ignore[func-returns-value]
    assert isinstance(kept[0], LeftOut)
