"""A picture in a block is read in whatever way its base64 has travelled, in both frameworks."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from langchain_core.messages import HumanMessage
from llama_index.core.base.llms.types import DocumentBlock, ImageBlock
from PIL import Image

from pekit_agents.tools.langchain.pictures import images_in
from pekit_agents.tools.llama_index.pictures import picture_data


def _noise() -> bytes:
    """Return a PNG whose base64 has every character that is escaped somewhere."""
    values = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


PNG = _noise()
B64 = base64.b64encode(PNG).decode()
TRAVELLED = {
    "plain": B64,
    "in a URL": quote(B64, safe=""),
    "in a URL twice": quote(quote(B64, safe=""), safe=""),
    "in a form": B64.replace("+", " "),
    "for URLs": base64.urlsafe_b64encode(PNG).decode(),
    "without padding": B64.rstrip("="),
    "in JSON of PHP": B64.replace("/", r"\/"),
    "in JSON of .NET": B64.replace("+", r"\u002B").replace("=", r"\u003D"),
    "in HTML": B64.replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#61;"),
    "in lines": base64.encodebytes(PNG).decode(),
    "in lines in a URL": quote(base64.encodebytes(PNG).decode(), safe=""),
    "in lines in JSON": base64.encodebytes(PNG).decode().replace("\n", r"\n"),
}
LANGCHAIN: dict[str, Callable[[str], dict[str, Any]]] = {
    "image_url": lambda coded: {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{coded}"},
    },
    "input_image": lambda coded: {
        "type": "input_image",
        "image_url": f"DATA:image/png;charset=utf-8;base64,{coded}",
    },
    "standard": lambda coded: {"type": "image", "base64": coded, "mime_type": "image/png"},
    "anthropic": lambda coded: {
        "type": "image",
        "source": {"type": "base64", "data": coded, "media_type": "image/png"},
    },
    "gemini": lambda coded: {"inline_data": {"data": coded, "mime_type": "image/png"}},
}
LLAMA_INDEX: dict[str, Callable[[str], Any]] = {
    "url": lambda coded: ImageBlock(url=f"data:image/png;base64,{coded}"),
    "bytes": lambda coded: ImageBlock(image=coded.encode()),
    "document": lambda coded: DocumentBlock(
        url=f"data:image/png;base64,{coded}", document_mimetype="image/png"
    ),
    "a document's bytes": lambda coded: DocumentBlock(data=coded.encode()),
}
TRAVELLING = pytest.mark.parametrize("coded", TRAVELLED.values(), ids=TRAVELLED)


@TRAVELLING
@pytest.mark.parametrize("write", LANGCHAIN.values(), ids=LANGCHAIN)
def test_a_block_of_langchain(write: Callable[[str], dict[str, Any]], coded: str) -> None:
    (picture,) = images_in(HumanMessage([write(coded)]))
    assert (picture.data, picture.mime) == (PNG, "image/png")


@TRAVELLING
@pytest.mark.parametrize("write", LLAMA_INDEX.values(), ids=LLAMA_INDEX)
def test_a_block_of_llama_index(write: Callable[[str], Any], coded: str) -> None:
    assert picture_data(write(coded)) == PNG


def test_a_document_in_base64_is_no_picture() -> None:
    for data in (b"%PDF-1.7\n" + bytes(99), base64.b64encode(b"%PDF-1.7\n" + bytes(99))):
        assert picture_data(DocumentBlock(data=data, document_mimetype="application/pdf")) is None
