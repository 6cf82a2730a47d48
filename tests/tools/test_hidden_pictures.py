"""Pictures in texts and in nested values are found by what they are."""

from __future__ import annotations

import base64
import io
import json
import re
from collections import deque, namedtuple
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel, ConfigDict

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.hidden_pictures import LeftOut, parts_of, swept

PHOTO = solid_scene({"red": (20, 20, 80, 80)})
PNG = to_png(PHOTO)
B64 = base64.b64encode(PNG).decode()


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
}


@pytest.mark.parametrize("text", SPELLED.values(), ids=SPELLED)
def test_a_picture_is_found_in_a_text(text: str) -> None:
    (picture,) = [part for part in parts_of(text) if isinstance(part, bytes)]
    assert picture == PNG
    left = "".join(part for part in parts_of(text) if isinstance(part, str))
    assert len(left) < 120
    for word in ("words", "end", "just now", "more=1"):
        assert (word in left) is (word in text)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_every_kind_is_known(kind: str) -> None:
    data = file(kind)
    for text in (base64.b64encode(data).decode(), repr(data)):
        assert [part for part in parts_of(f"a {text} b") if isinstance(part, bytes)] == [data]


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
    value["itself"] = value
    assert swept(value, lambda _: "*") is value
