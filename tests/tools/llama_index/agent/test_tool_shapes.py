"""Whatever shape a tool returns a picture in, it is shown and leaves no byte behind."""

import base64
import json
import warnings
from dataclasses import dataclass
from urllib.parse import quote

import mcp.types
import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
)
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.schema import ImageDocument
from llama_index.core.tools import FunctionTool, ToolOutput

from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.image_store import handle_of

PNG = to_png(solid_scene({"blue": (20, 20, 90, 90)}))
B64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{B64}"
MCP = mcp.types.CallToolResult(
    content=[
        mcp.types.TextContent(type="text", text="At the door"),
        mcp.types.ImageContent(type="image", data=B64, mimeType="image/png"),
    ]
)
CITED = CitableBlock(title="door", source="cam", content=[ImageBlock(image=PNG)])


@dataclass
class Shot:
    place: str
    picture: bytes


def _output(**parts):
    return ToolOutput(tool_name="camera", raw_input={}, raw_output=None, **parts)


RESULTS = {
    "a block": lambda: ImageBlock(image=PNG),
    "a data URL": lambda: ImageBlock(url=URL),
    "blocks": lambda: [TextBlock(text="At the door"), ImageBlock(image=PNG)],
    "a text and a block": lambda: ["At the door", ImageBlock(image=PNG)],
    "a tuple": lambda: ("At the door", ImageBlock(image=PNG)),
    "a tuple with bytes": lambda: ("At the door", PNG),
    "a tool output": lambda: _output(blocks=[TextBlock(text="At the door"), ImageBlock(image=PNG)]),
    "a tool output of a text": lambda: _output(content=f"At the door: {URL}"),
    "a document that is a picture": lambda: DocumentBlock(data=PNG, document_mimetype="image/png"),
    "a document without a type": lambda: [DocumentBlock(data=PNG, title="door")],
    "a cited picture": lambda: CitableBlock(
        title="door", source="cam", content=[ImageBlock(image=PNG)]
    ),
    "an image document": lambda: [{"found": ImageDocument(image=B64)}],
    "MCP result": lambda: MCP,
    "MCP content": lambda: MCP.content,
    "MCP block": lambda: MCP.content[1],
    "MCP as a dict": MCP.model_dump,
    "MCP in a tool output": lambda: ToolOutput(
        tool_name="camera", content=str(MCP), raw_input={}, raw_output=MCP
    ),
    "a chat completions block": lambda: {"type": "image_url", "image_url": {"url": URL}},
    "a responses block": lambda: [{"type": "input_image", "image_url": URL}],
    "a dict": lambda: {"ok": True, "frames": [{"png": B64}]},
    "a dataclass": lambda: Shot("At the door", PNG),
    "MCP result with a structure": lambda: mcp.types.CallToolResult(
        content=[mcp.types.TextContent(type="text", text=json.dumps({"frame": B64}))],
        structuredContent={"frame": B64, "frames": [{"url": URL}]},
    ),
    "MCP resource": lambda: mcp.types.EmbeddedResource(
        type="resource",
        resource=mcp.types.BlobResourceContents(
            uri="file:///door.png", mimeType="image/png", blob=B64
        ),
    ),
    "a Buffer": lambda: {"type": "Buffer", "data": [*PNG]},
    "a Buffer in JSON": lambda: json.dumps({"body": {"type": "Buffer", "data": [*PNG]}}),
    "a Uint8Array": lambda: {str(at): byte for at, byte in enumerate(PNG)},
    "hexadecimal": lambda: {"frame": PNG.hex()},
    "a URL with a picture": lambda: f"/show?image={quote(URL, safe='')}",
    "JSON of PHP": lambda: json.dumps({"frame": B64}).replace("/", r"\/"),
    "JSON in JSON": lambda: json.dumps({"body": json.dumps({"frame": B64})}),
    "tuples": lambda: [("At the door", {"jpg": B64}), ("again", B64.encode())],
    "bytes of JSON": lambda: json.dumps({"frame": B64}).encode(),
    "characters": lambda: PNG.decode("latin-1"),
    "numbers": lambda: [*PNG],
    "an array": lambda: bytearray(PNG),
    "anthropic": lambda: [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}}
    ],
    "gemini": lambda: {"inline_data": {"mime_type": "image/png", "data": B64}},
    "bedrock": lambda: {"image": {"format": "png", "source": {"bytes": PNG}}},
    "JSON": lambda: json.dumps({"screenshot": URL}),
    "markdown": lambda: f"At the door: ![door]({URL}).",
    "base64": lambda: B64,
    "lines": lambda: base64.encodebytes(PNG).decode(),
    "bytes": lambda: PNG,
}


def _json(ctx):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LlamaIndex leaves the memory out, and says so
        return json.dumps(ctx.to_dict())


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
async def test_a_result_of_any_shape(
    make, make_agent, scripted, calls, pictures, context, holds_bytes
):
    def camera():
        """Look at the door."""
        return make()

    llm = scripted(calls(("camera", {})), "A blue thing.", "As I said.")
    agent = make_agent(llm, tools=[FunctionTool.from_defaults(camera)])
    ctx, memory = await context(agent), Memory.from_defaults(token_limit=100_000)
    result = await agent.run("Who is at the door?", ctx=ctx, memory=memory)
    await agent.run("Are you sure?", ctx=ctx, memory=memory)

    stored = json.dumps([each.model_dump(mode="json") for each in await memory.aget_all()])
    for left in (stored, _json(ctx), result.model_dump_json(), repr(result)):
        assert not holds_bytes(left, PNG)
    for seen in llm.seen[1:]:
        assert pictures(seen) == [PNG]
        told = " ".join(str(message.content) for message in seen)
        assert not holds_bytes(told, PNG)
        assert f"[image {handle_of(PNG)}]" in told
        assert ("At the door" in told) is ("At the door" in str(make()))
        (shown,) = [message for message in seen if pictures([message])]
        assert shown.role == "user"


@pytest.mark.parametrize(
    "block",
    [
        lambda: DocumentBlock(data=PNG, document_mimetype="image/png"),
        lambda: CITED,
        lambda: ImageBlock(image=PNG, image_mimetype="image/jpeg"),
        lambda: TextBlock(text=f"See ![door]({URL})"),
    ],
    ids=["document", "cited", "another type", "markdown"],
)
async def test_a_users_picture_in_any_block(block, make_agent, scripted, pictures, holds_bytes):
    agent = make_agent(scripted("A blue thing."), user_id="ann")
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await agent.run(ChatMessage(role="user", blocks=[block()]), memory=memory)
    stored = json.dumps([each.model_dump(mode="json") for each in await memory.aget_all()])
    assert not holds_bytes(stored, PNG)
    assert pictures(agent.llm.seen[0]) == [PNG]
    (shown,) = [
        each for m in agent.llm.seen[0] for each in m.blocks if isinstance(each, ImageBlock)
    ]
    assert shown.image_mimetype == "image/png"


async def test_pictures_beside_what_a_user_says_become_labels(make_agent, scripted):
    beside = {"attachments": [{"data": B64, "mimeType": "image/png"}], "n": 1}
    message = ChatMessage(role="user", content="Hello", additional_kwargs=beside)
    agent, memory = make_agent(scripted("Hi."), user_id="ann"), Memory.from_defaults()
    label = f"[image {handle_of(PNG)}]"
    expected = {"attachments": [{"data": label, "mimeType": "image/png"}], "n": 1}
    assert agent.admit(message).additional_kwargs == expected
    await agent.run(message, memory=memory)
    assert (await memory.aget_all())[0].additional_kwargs == expected
    assert beside["attachments"][0]["data"] == B64


async def test_a_document_that_is_no_picture_is_left_alone(make_agent, scripted):
    agent = make_agent(scripted("Ten pages."), user_id="ann")
    block = DocumentBlock(data=b"%PDF-1.7 and so on", document_mimetype="application/pdf")
    await agent.run(ChatMessage(role="user", blocks=[block]))
    assert [type(each) for each in agent.llm.seen[0][-1].blocks] == [DocumentBlock]
