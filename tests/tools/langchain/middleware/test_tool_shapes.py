"""Whatever shape a tool returns a picture in, it is shown and leaves no byte behind."""

import base64
import hashlib
import io
import json
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import mcp.types
import numpy as np
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentState
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.types import Command
from PIL import Image

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.langchain.pictures import image_block

pytestmark = pytest.mark.parametrize("stored", ["memory"], indirect=True)
THREAD = {"configurable": {"thread_id": "1"}}
PHOTO = solid_scene({"blue": (20, 20, 90, 90)})
PNG = to_png(PHOTO)
B64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{B64}"
PNG_TYPE = {"mime_type": "image/png"}
LINES = base64.encodebytes(PNG).decode().replace("\n", "\r\n")
TEXT = {"type": "text", "text": "At the door"}
STANDARD = {"type": "image", "base64": B64, "mime_type": "image/png"}
MCP = {"type": "image", "data": B64, "mimeType": "image/png"}


@dataclass
class Shot:
    place: str
    picture: bytes


RESULTS = {
    "one block": image_block(PNG, "image/png"),
    "one standard block": STANDARD,
    "a list of a block": [image_block(PNG, "image/png")],
    "a tuple": ("At the door", image_block(PNG, "image/png")),
    "a tuple with bytes": ("At the door", PNG),
    "texts and a block": ["At the door", STANDARD],
    "texts and a responses block": [TEXT, {"type": "input_image", "image_url": URL}],
    "responses": {"type": "input_image", "image_url": URL},
    "gemini": {"type": "media", "mime_type": "image/png", "data": B64},
    "gemini, texts beside it": [TEXT, {"inline_data": {"mime_type": "image/png", "data": B64}}],
    "anthropic": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}}
    ],
    "bedrock": {"image": {"format": "png", "source": {"bytes": PNG}}},
    "file": [{"type": "file", "base64": B64, "mime_type": "image/png"}],
    "file without a type": [{"type": "file", "base64": B64, "filename": "door.png"}],
    "file, chat completions": [{"type": "file", "file": {"file_data": URL, "filename": "a.png"}}],
    "file of another type": [{"type": "file", "base64": B64, "mime_type": "application/pdf"}],
    "a document of blocks": [
        {
            "type": "document",
            "source": {"type": "content", "content": [TEXT, {"type": "image", "data": B64}]},
        }
    ],
    "a search result": [{"type": "search_result", "title": "a", "content": [TEXT, STANDARD]}],
    "a screenshot": [{"type": "computer_screenshot", "image_url": URL}],
    "a made picture": [{"type": "image_generation_call", "id": "1", "result": B64}],
    "a text with more": [{**TEXT, "annotations": [{"thumbnail": B64}]}],
    "documents": [Document("At the door", metadata={"thumbnail": B64})],
    "a table": f"place,image,note\nAt the door,{B64},none\n",
    "a mail": f"At the door\r\n\r\n{LINES}\r\n--",
    "HTML": f"<img alt='At the door' srcset='{URL} 2x'>",
    "a JSON block": [{"type": "json", "json": {"frame": B64}}],
    "MCP block": MCP,
    "MCP blocks": [TEXT, MCP],
    "MCP result": mcp.types.CallToolResult(
        content=[
            mcp.types.TextContent(type="text", text="At the door"),
            mcp.types.ImageContent(type="image", data=B64, mimeType="image/png"),
        ]
    ),
    "MCP resource": mcp.types.EmbeddedResource(
        type="resource",
        resource=mcp.types.BlobResourceContents(
            uri="file:///door.png", mimeType="image/png", blob=B64
        ),
    ),
    "a dict": {"ok": True, "frames": [{"jpeg": B64}]},
    "a dataclass": Shot("At the door", PNG),
    "MCP result with a structure": mcp.types.CallToolResult(
        content=[mcp.types.TextContent(type="text", text=json.dumps({"frame": B64}))],
        structuredContent={"frame": B64, "frames": [{"url": URL}]},
    ),
    "a Buffer": {"type": "Buffer", "data": [*PNG]},
    "a Buffer in JSON": json.dumps({"body": {"type": "Buffer", "data": [*PNG]}}),
    "a Uint8Array": {str(at): byte for at, byte in enumerate(PNG)},
    "hexadecimal": {"frame": PNG.hex()},
    "a URL with a picture": f"/show?image={quote(URL, safe='')}",
    "JSON of PHP": json.dumps({"frame": B64}).replace("/", r"\/"),
    "JSON in JSON": json.dumps({"body": json.dumps({"frame": B64}).replace("+", r"\u002B")}),
    "tuples": [("At the door", {"jpg": B64}), ("again", B64.encode())],
    "bytes of JSON": json.dumps({"frame": B64}).encode(),
    "characters": PNG.decode("latin-1"),
    "numbers": [*PNG],
    "JSON": json.dumps({"screenshot": URL}),
    "markdown": f"At the door: ![door]({URL}).",
    "base64": B64,
    "lines": base64.encodebytes(PNG).decode(),
    "bytes": PNG,
}


def _ask(personal, scripted, calls, saver, *tools, state_schema=None):
    model = scripted(calls((tools[0].name, {})), "A blue thing.", "As I said.")
    agent = create_agent(
        model,
        list(tools),
        middleware=[personal()],
        checkpointer=saver,
        state_schema=state_schema,
    )
    agent.invoke({"messages": ["Who is at the door?"]}, THREAD)
    state = agent.invoke({"messages": ["Are you sure?"]}, THREAD)
    return model, state


def _check_shown(model, pictures, stored):
    _, count = stored
    assert count(PNG) == 0
    for seen in model.seen[1:]:
        assert pictures(seen) == [PNG]
        texts = json.dumps([message.content for message in seen if message.type != "human"])
        assert B64[40:80] not in texts
        assert f"[image {handle_of(PNG)}]" in texts
        (shown,) = [message for message in seen if pictures([message])]
        assert shown.type == "human"


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_result_of_any_shape(result, stored, personal, scripted, calls, pictures):
    @tool
    def camera():
        """Look at the door."""
        return result

    model, state = _ask(personal, scripted, calls, stored[0], camera)
    _check_shown(model, pictures, stored)
    told = next(message for message in state["messages"] if message.type == "tool")
    if "At the door" in str(result):
        assert "At the door" in told.text


# A checkpointer cannot store the URL in a resource, with or without the middleware.
@pytest.mark.parametrize("shape", [shape for shape in RESULTS if shape != "MCP resource"])
def test_an_artifact_of_any_shape_stays_and_holds_no_picture(
    shape, stored, personal, scripted, calls, pictures
):
    @tool(response_format="content_and_artifact")
    def camera():
        """Look at the door."""
        return [TEXT, STANDARD], RESULTS[shape]

    model, state = _ask(personal, scripted, calls, stored[0], camera)
    _check_shown(model, pictures, stored)
    (kept,) = [message.artifact for message in state["messages"] if message.type == "tool"]
    assert f"[image {handle_of(PNG)}]" in str(kept)


ARTIFACTS = {
    "a file as an array": {"jpg": np.frombuffer(PNG, np.uint8)},
    "colours": {"frame": np.asarray(PHOTO)},
    "colours first": [np.moveaxis(np.asarray(PHOTO), 2, 0)],
    "frames": [np.asarray(PHOTO)[None]],
    "PIL": (PHOTO, 1),
    "a view": [bytearray(PNG), PNG],
}


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=ARTIFACTS)
def test_an_artifact_of_arrays_and_pictures_holds_none(
    artifact, stored, personal, scripted, calls, images
):
    @tool(response_format="content_and_artifact")
    def camera():
        """Look at the door."""
        return "Taken.", artifact

    _, state = _ask(personal, scripted, calls, stored[0], camera)
    (kept,) = [message.artifact for message in state["messages"] if message.type == "tool"]
    for handle in re.findall(r"img_[0-9a-f]{32}", str(kept)):
        with Image.open(io.BytesIO(images.get("ann", handle))) as picture:
            assert picture.convert("RGB").tobytes() == PHOTO.tobytes()
    assert "[image img_" in str(kept)
    assert len(str(kept)) < 200
    assert stored[1](PNG) == stored[1](PHOTO.tobytes()) == 0


class Watching(AgentState):
    last_frame: dict


def test_a_command_leaves_no_picture_in_any_part_of_the_state(
    stored, personal, scripted, calls, pictures
):
    @tool
    def camera(tool_call_id: Annotated[str, InjectedToolCallId]):
        """Look at the door."""
        told = ToolMessage(
            json.dumps(STANDARD), tool_call_id=tool_call_id, additional_kwargs={"raw": PNG}
        )
        return Command(update={"messages": [told], "last_frame": {"jpg": B64}})

    model, state = _ask(personal, scripted, calls, stored[0], camera, state_schema=Watching)
    _check_shown(model, pictures, stored)
    assert state["last_frame"] == {"jpg": f"[image {handle_of(PNG)}]"}


@pytest.mark.parametrize(
    "write",
    [
        lambda block: {"role": "user", "content": [TEXT, block]},
        lambda block: ("user", [TEXT, block]),
        lambda block: HumanMessage([TEXT, block]),
    ],
    ids=["dict", "tuple", "message"],
)
@pytest.mark.parametrize(
    "block",
    [image_block(PNG, "image/png"), STANDARD, RESULTS["bedrock"], RESULTS["gemini"]],
    ids=["url", "standard", "bedrock", "gemini"],
)
def test_a_command_brings_a_users_message_in_any_form(
    block, write, stored, personal, scripted, calls, pictures
):
    @tool
    def camera(tool_call_id: Annotated[str, InjectedToolCallId]):
        """Look at the door."""
        told = {"role": "tool", "content": "Taken.", "tool_call_id": tool_call_id}
        return Command(update={"messages": [told, write(block)]})

    model, state = _ask(personal, scripted, calls, stored[0], camera)
    assert stored[1](PNG) == 0
    assert [pictures(seen) for seen in model.seen] == [[], [PNG], [PNG]]
    (brought,) = [each for each in state["messages"] if "At the door" in str(each.content)]
    assert [each["type"] for each in brought.content] == ["text", "text"]


def test_a_command_brings_what_another_model_made_without_its_picture(
    stored, personal, scripted, calls, images
):
    @tool
    def painter(tool_call_id: Annotated[str, InjectedToolCallId]):
        """Ask another model for a picture."""
        called = [{"name": "draw", "args": {"mask": B64}, "id": "c"}]
        made = AIMessage([TEXT, STANDARD], response_metadata={"raw": PNG}, draft=URL)
        told = [ToolMessage("Painted.", tool_call_id=tool_call_id), made]
        more = [AIMessage("", tool_calls=called), ToolMessage(B64, tool_call_id="c")]
        return Command(update={"messages": [*told, *more]})

    _, state = _ask(personal, scripted, calls, stored[0], painter)
    assert stored[1](PNG) == 0
    label = f"[image {handle_of(PNG)}]"
    (made,) = [each for each in state["messages"] if "At the door" in str(each.content)]
    assert made.content == [TEXT, {"type": "text", "text": label}]
    assert (made.response_metadata, made.draft) == ({"raw": label}, label)
    assert images.get("ann", handle_of(PNG)) == PNG


@pytest.mark.parametrize("kind", ["a PDF", "a token", "a key", "a movie"])
def test_long_base64_that_is_no_picture_stays(kind, stored, personal, scripted, calls):
    data = {
        "a PDF": b"%PDF-1.7\n" + bytes(range(256)) * 9,
        "a token": b'{"alg":"RS256"}' * 99,
        "a key": hashlib.shake_256(b"1").digest(2048),
        "a movie": b"\0\0\0\x20ftypisom" + bytes(range(256)),
    }[kind]
    coded = base64.b64encode(data).decode()

    @tool(response_format="content_and_artifact")
    def archive():
        """Return a file."""
        return json.dumps({"file": coded, "hex": data.hex()}), [data, coded, [*data]]

    _, state = _ask(personal, scripted, calls, stored[0], archive)
    (told,) = [message for message in state["messages"] if message.type == "tool"]
    assert json.loads(told.content) == {"file": coded, "hex": data.hex()}
    assert told.artifact == [data, coded, [*data]]


def test_a_picture_that_cannot_be_taken_out_is_said(stored, personal, scripted, calls, images):
    @tool
    def camera():
        """Look at the door."""
        return [TEXT, {"type": "image", "base64": "%%%%", "mime_type": "image/png"}]

    model, _ = _ask(personal, scripted, calls, stored[0], camera)
    told = json.dumps([message.content for message in model.seen[1]])
    assert "[A picture was left out here: expected base64, found other characters]" in told
    assert "%%%%" not in told


@pytest.mark.parametrize(
    ("block", "sent"),
    [
        (MCP, "image_url"),
        ({**MCP, "mime_type": "image/jpeg"}, "image_url"),
        (
            {"type": "image", "source_type": "base64", "data": B64, "mime_type": "image/jpeg"},
            "image",
        ),
        ({"type": "image", "base64": B64, "mime_type": "image/jpeg"}, "image"),
        ({"type": "image_url", "image_url": URL.replace("png", "jpeg")}, "image_url"),
        ({"type": "input_image", "image_url": {"url": URL}}, "image_url"),
        ({"type": "input_image", "image_url": URL}, "input_image"),
        ({"type": "media", "mime_type": "image/png", "data": B64}, "image_url"),
        ({"inline_data": {"mime_type": "image/png", "data": B64}}, "image_url"),
        ({"image": {"format": "png", "source": {"bytes": PNG}}}, "image_url"),
        ({"type": "file", "base64": B64, "mime_type": "image/png"}, "image_url"),
        ({"type": "input_file", "file_data": URL, "filename": "a.png"}, "image_url"),
    ],
)
def test_what_a_user_sends_goes_out_in_a_shape_that_every_adapter_takes(
    block, sent, stored, personal, scripted, pictures
):
    openai = pytest.importorskip("langchain_openai.chat_models.base")
    model = scripted("ok")
    agent = create_agent(model, middleware=[personal()])
    state = agent.invoke({"messages": [HumanMessage([TEXT, block])]})
    assert B64[40:80] not in str(state)
    (user,) = [message for message in model.seen[0] if message.type == "human"]
    (shown,) = [each for each in user.content if each.get("type") not in (None, "text")]
    assert shown["type"] == sent
    assert "image/jpeg" not in json.dumps(shown)  # the type is that of the bytes, and one
    assert pictures([user]) == [PNG]
    (item,) = openai._construct_responses_api_input([user])
    assert [part["type"] for part in item["content"]] == ["input_text", "input_text", "input_image"]
    assert item["content"][-1]["image_url"] == URL


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage([{"type": "image", "image": PNG}]),
        HumanMessage([{"type": "image", "image": bytearray(PNG)}]),
        HumanMessage([{"type": "image", "source": {"type": "bytes", "data": PNG}}]),
        HumanMessage([{"type": "image", "image": solid_scene({"blue": (20, 20, 90, 90)})}]),
        HumanMessage(
            [
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "image/png", "data": B64},
                }
            ]
        ),
    ],
    ids=["bytes", "bytearray", "source", "PIL", "document"],
)
def test_a_users_picture_that_is_no_text_becomes_a_label(message, stored, personal, images):
    (kept,) = personal().admit([message])
    (handle,) = re.findall(r"\[image (img_[0-9a-f]{32})\]", str(kept.content))
    assert images.get("ann", handle)[:8] == PNG[:8]
    assert len(str(kept)) < 1000


def test_pictures_beside_what_a_user_says_become_labels(stored, personal):
    beside = {"attachments": [{"data": B64, "mimeType": "image/png"}]}
    (kept,) = personal().admit([HumanMessage("Hello", additional_kwargs=beside)])
    label = f"[image {handle_of(PNG)}]"
    assert kept.additional_kwargs["attachments"] == [{"data": label, "mimeType": "image/png"}]
    assert beside["attachments"][0]["data"] == B64


def test_pictures_in_fields_of_ones_own_become_labels(stored, personal):
    (kept,) = personal().admit([HumanMessage("Hello", frame=PNG, response_metadata={"a": URL})])
    label = f"[image {handle_of(PNG)}]"
    assert (kept.frame, kept.response_metadata, kept.text) == (label, {"a": label}, "Hello")


def test_a_document_that_is_no_picture_stays(stored, personal):
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjcK" * 20}
    message = HumanMessage([{"type": "document", "source": source}])
    assert personal().admit([message]) == [message]
