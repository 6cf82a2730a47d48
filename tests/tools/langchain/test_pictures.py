"""Pictures are found in every provider's blocks and put back in the same shape."""

import base64
import copy
import logging
from io import BytesIO

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from PIL import Image

from pekit_agents.tools.langchain.pictures import (
    blank,
    image_block,
    images_in,
    mime_of,
    replace_blocks,
    replace_image,
    text_block,
)


def _file(kind: str, colour: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (20, 20), colour).save(buffer, kind)
    return buffer.getvalue()


PNG, JPEG = _file("PNG", "red"), _file("JPEG", "blue")
B64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{B64}"
NEW = base64.b64encode(JPEG).decode()
NEW_URL = f"data:image/jpeg;base64,{NEW}"

# The block with a PNG, and the same block when it holds the JPEG.
SHAPES = {
    "chat completions": (
        {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": NEW_URL, "detail": "low"}},
    ),
    "chat completions, bare string": (
        {"type": "image_url", "image_url": URL},
        {"type": "image_url", "image_url": NEW_URL},
    ),
    "responses": (
        {"type": "input_image", "image_url": URL, "detail": "auto"},
        {"type": "input_image", "image_url": NEW_URL, "detail": "auto"},
    ),
    "responses, as a mapping": (
        {"type": "input_image", "image_url": {"url": URL}},
        {"type": "input_image", "image_url": {"url": NEW_URL}},
    ),
    "anthropic": (
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": B64},
            "cache_control": {"type": "ephemeral"},
        },
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/jpeg", "data": NEW},
            "cache_control": {"type": "ephemeral"},
        },
    ),
    "standard v1": (
        {"type": "image", "base64": B64, "mime_type": "image/png", "id": "b1"},
        {"type": "image", "base64": NEW, "mime_type": "image/jpeg", "id": "b1"},
    ),
    "standard v1, no type said": (
        {"type": "image", "base64": B64},
        {"type": "image", "base64": NEW, "mime_type": "image/jpeg"},
    ),
    "standard v1, data URL": (
        {"type": "image", "url": URL},
        {"type": "image", "url": NEW_URL},
    ),
    "standard v0": (
        {"type": "image", "source_type": "base64", "data": B64, "mime_type": "image/png"},
        {"type": "image", "source_type": "base64", "data": NEW, "mime_type": "image/jpeg"},
    ),
    "standard v0, data URL": (
        {"type": "image", "source_type": "url", "url": URL},
        {"type": "image", "source_type": "url", "url": NEW_URL},
    ),
    "gemini media": (
        {"type": "media", "mime_type": "image/png", "data": B64},
        {"type": "media", "mime_type": "image/jpeg", "data": NEW},
    ),
    "gemini media, bytes": (
        {"type": "media", "mime_type": "image/png", "data": PNG},
        {"type": "media", "mime_type": "image/jpeg", "data": JPEG},
    ),
    "gemini inline_data": (
        {"inline_data": {"mime_type": "image/png", "data": B64}},
        {"inline_data": {"mime_type": "image/jpeg", "data": NEW}},
    ),
    "gemini inlineData": (
        {"inlineData": {"mimeType": "image/png", "data": B64}},
        {"inlineData": {"mimeType": "image/jpeg", "data": NEW}},
    ),
    "file, standard v1": (
        {"type": "file", "base64": B64, "mime_type": "image/png"},
        {"type": "file", "base64": NEW, "mime_type": "image/jpeg"},
    ),
    "file, standard v0": (
        {"type": "file", "source_type": "base64", "data": B64, "mime_type": "image/png"},
        {"type": "file", "source_type": "base64", "data": NEW, "mime_type": "image/jpeg"},
    ),
    "file, data URL": (
        {"type": "file", "url": URL},
        {"type": "file", "url": NEW_URL},
    ),
    "file, chat completions": (
        {"type": "file", "file": {"file_data": URL, "filename": "a.png"}},
        {"type": "file", "file": {"file_data": NEW_URL, "filename": "a.png"}},
    ),
    "file, responses": (
        {"type": "input_file", "file_data": URL},
        {"type": "input_file", "file_data": NEW_URL},
    ),
    "bedrock": (
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"image": {"format": "jpeg", "source": {"bytes": JPEG}}},
    ),
    "a data URL where base64 belongs": (
        {"type": "image", "base64": URL, "mime_type": "image/png"},
        {"type": "image", "base64": NEW_URL, "mime_type": "image/jpeg"},
    ),
}

# Blocks that hold no picture to take, and whether the log says why.
NOT_TAKEN = {
    "a text": ({"type": "text", "text": URL}, False),
    "remote, chat completions": (
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        True,
    ),
    "remote, responses": ({"type": "input_image", "image_url": "http://example.org/a"}, True),
    "remote, standard": ({"type": "image", "url": "https://example.org/a.png"}, True),
    "remote, anthropic": (
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        True,
    ),
    "a path": ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, True),
    "a file id": ({"type": "image", "file_id": "file-1"}, False),
    "a file id, responses": ({"type": "input_image", "file_id": "file-1"}, False),
    "a gemini file uri": (
        {"type": "media", "mime_type": "image/png", "file_uri": "gs://bucket/a.png"},
        False,
    ),
    "a PDF": ({"type": "file", "base64": B64, "mime_type": "application/pdf"}, False),
    "a PDF data URL": (
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{B64}"}},
        False,
    ),
    "audio": ({"type": "media", "mime_type": "audio/wav", "data": B64}, False),
    "not base64": ({"type": "image", "base64": "%%%%", "mime_type": "image/png"}, True),
    "cut base64": ({"type": "image", "base64": "AAAAA", "mime_type": "image/png"}, True),
    "empty": ({"type": "image", "base64": "", "mime_type": "image/png"}, True),
    "no type and no picture": ({"type": "image", "base64": "AAAA"}, True),
    "a data URL in plain text": ({"type": "image_url", "image_url": "data:image/png,abc"}, True),
    "another MIME type": ({"type": "image", "base64": B64, "mime_type": "text/html"}, True),
    "a number": ({"type": "image", "base64": 7}, False),
    "none": ({"type": "image_url", "image_url": None}, True),
    "a list": ({"type": "image", "source": [B64]}, False),
}


@pytest.mark.parametrize(("block", "changed"), SHAPES.values(), ids=SHAPES)
def test_every_shape_is_read_and_filled_again(block, changed):
    message = HumanMessage([{"type": "text", "text": "what is this?"}, block])
    before = copy.deepcopy(block)
    (picture,) = images_in(message)
    assert (picture.index, picture.data, picture.mime) == (1, PNG, "image/png")
    assert replace_image(block, JPEG, "image/jpeg") == changed
    assert block == before


@pytest.mark.parametrize(("block", "changed"), SHAPES.values(), ids=SHAPES)
def test_an_emptied_block_holds_no_picture_and_can_be_filled_again(block, changed):
    form = blank(block)
    assert B64 not in repr(form)
    assert repr(PNG) not in repr(form)
    assert images_in(HumanMessage([form])) == []
    (picture,) = images_in(HumanMessage([replace_image(form, JPEG, "image/jpeg")]))
    assert (picture.data, picture.mime) == (JPEG, "image/jpeg")
    assert replace_image(form, JPEG, "image/jpeg").keys() == changed.keys()


@pytest.mark.parametrize(("block", "logged"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_is_remote_damaged_or_no_picture_is_left_alone(block, logged, caplog):
    caplog.set_level(logging.DEBUG, logger="pekit_agents")
    message = HumanMessage([block, {"type": "image", "base64": B64}])
    assert [picture.index for picture in images_in(message)] == [1]
    assert ("passed over" in caplog.text) is logged


def test_the_order_is_that_of_the_blocks():
    pictures = images_in(
        HumanMessage(["look", image_block(JPEG, "image/jpeg"), {"type": "image", "base64": B64}])
    )
    assert [(picture.index, picture.mime) for picture in pictures] == [
        (1, "image/jpeg"),
        (2, "image/png"),
    ]


def test_a_text_message_holds_no_pictures():
    assert images_in(HumanMessage(URL)) == []
    assert images_in(AIMessage("")) == []


def test_a_picture_above_the_limit_is_not_decoded(monkeypatch):
    message = HumanMessage([{"type": "image", "base64": B64, "mime_type": "image/png"}])
    assert len(images_in(message, max_bytes=len(PNG))) == 1
    assert images_in(message, max_bytes=len(PNG) - 1) == []

    def explode(*_args, **_kwargs):
        raise AssertionError("decoded")

    monkeypatch.setattr(base64, "b64decode", explode)
    assert images_in(message, max_bytes=len(PNG) // 2) == []


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(B64[at : at + 76] for at in range(0, len(B64), 76)),
        B64.rstrip("="),
        base64.urlsafe_b64encode(PNG).decode(),
    ],
    ids=["broken into lines", "without padding", "for URLs"],
)
def test_base64_is_read_as_it_is_found(text):
    (picture,) = images_in(HumanMessage([{"type": "image", "base64": text}]))
    assert picture.data == PNG


def test_blocks_are_replaced_in_a_new_message():
    message = HumanMessage(["a", {"type": "image", "base64": B64}, "b"], id="m1", name="ann")
    changed = replace_blocks(message, {1: [text_block("x"), text_block("y")]})
    assert changed.content == ["a", text_block("x"), text_block("y"), "b"]
    assert (changed.id, changed.name) == ("m1", "ann")
    assert message.content[1] == {"type": "image", "base64": B64}
    assert replace_blocks(message, {}) is message


def test_only_image_blocks_can_be_filled():
    for function in (blank, lambda block: replace_image(block, PNG, "image/png")):
        with pytest.raises(ValueError, match="expected an image block"):
            function({"type": "text", "text": "hello"})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_the_kind_of_a_picture_is_seen_from_its_first_bytes(kind):
    assert mime_of(_file(kind, "green")) == f"image/{kind.lower()}"
