"""Clips in LlamaIndex's messages: a handle takes their place, and tools search them."""

import asyncio
import base64
import io
import threading

import pytest
from llama_index.core.base.llms.types import ChatMessage, DocumentBlock, TextBlock, VideoBlock
from llama_index.core.memory import ChatMemoryBuffer

from pekit_agents.tools.clip_findings import SearchStopped
from pekit_agents.tools.clip_store import clips_in
from pekit_agents.tools.llama_index import ClipProgress, PersonalToolSpec
from pekit_agents.tools.llama_index.clips import clip_data
from tests.tools.moving_pictures import film

WALK = film(None, "red")
CODED = base64.b64encode(WALK).decode()


def in_a_file(folder):
    path = folder / "walk.mp4"
    path.write_bytes(WALK)
    return path


SHAPES = {
    "bytes": lambda folder: VideoBlock(video=WALK),
    "base64": lambda folder: VideoBlock(video=CODED.encode()),
    "stream": lambda folder: VideoBlock(video=io.BytesIO(WALK)),
    "path": lambda folder: VideoBlock(path=in_a_file(folder)),
    "data URL": lambda folder: VideoBlock(url=f"data:video/mp4;base64,{CODED}"),
    "document": lambda folder: DocumentBlock(data=WALK, document_mimetype="video/mp4"),
    "document, nothing said": lambda folder: DocumentBlock(path=in_a_file(folder)),
}


@pytest.fixture(params=SHAPES)
def block(request, tmp_path):
    return SHAPES[request.param](tmp_path)


def asking(block):
    return ChatMessage(role="user", blocks=[TextBlock(text="When is Biscuit seen?"), block])


def text_of(messages):
    return " ".join(
        each.text for message in messages for each in message.blocks if isinstance(each, TextBlock)
    )


def test_a_clip_is_found_in_every_shape(block):
    assert clip_data(block, max_bytes=len(WALK)) == WALK
    assert "expected 1 to 1000 bytes" in clip_data(block, max_bytes=1000).reason


@pytest.mark.parametrize(
    "other",
    [
        VideoBlock(url="https://example.org/walk.mp4"),
        DocumentBlock(data=b"%PDF-1.4 and more", document_mimetype="application/pdf"),
        DocumentBlock(url="https://example.org/walk.pdf"),
    ],
    ids=["remote", "document", "remote document"],
)
def test_what_is_no_clip_or_elsewhere_is_left_alone(other):
    assert clip_data(other, max_bytes=2**20) is None


async def test_an_agent_searches_a_clip_that_no_model_is_shown(
    make_agent, scripted, calls, remember, pictures, block, context
):
    remember("Biscuit", "red", context="Eats shoes.")
    llm = scripted(calls(("find_in_video", {})), "After a second.")
    agent = make_agent(llm, streaming=False)
    ctx, memory = await context(agent), ChatMemoryBuffer.from_defaults(token_limit=100_000)
    handler = agent.run(asking(block), ctx=ctx, memory=memory)
    events = [event async for event in handler.stream_events()]
    for shown in llm.seen:
        assert not any(isinstance(b, VideoBlock | DocumentBlock) for m in shown for b in m.blocks)
    (handle,) = set(clips_in(text_of(llm.seen[0])))
    kept = await memory.aget_all()
    assert handle in text_of(kept)
    assert CODED[:60] not in str([each.model_dump_json() for each in kept])
    (output,) = [e.tool_output for e in events if type(e).__name__ == "ToolCallResult"]
    assert output.raw_output["clip"] == handle
    assert [each["name"] for each in output.raw_output["sightings"]] == ["Biscuit"]
    assert len(pictures(llm.seen[1])) == 1  # the contact sheet
    told = [event for event in events if isinstance(event, ClipProgress)]
    assert {each.tool for each in told} == {"find_in_video"}
    assert told[-1].seconds >= 1.0


async def test_a_search_ends_when_nobody_waits_for_it(actions, remember, monkeypatch):
    remember("Biscuit", "red")
    begun, ended = threading.Event(), threading.Event()

    def endless(user_id, handle, start, end, progress):
        begun.set()
        try:
            while True:
                progress(0.0, None)
                ended.wait(0.01)
        except SearchStopped:
            ended.set()
            raise

    monkeypatch.setattr(actions.clip_findings, "find", endless)
    (tool,) = PersonalToolSpec(actions, user_id="ann").to_tool_list(["find_in_video"])
    task = asyncio.create_task(tool.acall(clip=actions.clips.put("ann", WALK)))
    while not begun.is_set():
        await asyncio.sleep(0.01)  # the loop is free
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 10)


def test_a_photos_handle_and_a_foreign_clips_are_error_results(actions, remember, photo):
    remember("Biscuit", "red")
    (tool,) = PersonalToolSpec(actions, user_id="bob").to_tool_list(["find_in_video"])
    foreign = tool.call(clip=actions.clips.put("ann", WALK))
    assert foreign.is_error
    assert "expected the handle of a clip" in foreign.content
    confused = tool.call(clip=actions.images.put("bob", photo("red")))
    assert confused.is_error
    assert "find_personal_objects" in confused.content
