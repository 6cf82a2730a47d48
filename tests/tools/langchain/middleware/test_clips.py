"""Clips in messages: a handle takes their place, no model is shown one, and tools search them."""

import asyncio
import base64
import threading

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.content import create_video_block

from pekit_agents.testing import fake_profile
from pekit_agents.tools.clip_findings import SearchStopped
from pekit_agents.tools.clip_store import ClipFolder, clips_in
from pekit_agents.tools.langchain import PersonalizationMiddleware, PersonalToolkit
from pekit_agents.tools.langchain.clips import inline_clips
from tests.tools.moving_pictures import film

WALK = film(None, "red")
CODED = base64.b64encode(WALK).decode()
URL = f"data:video/mp4;base64,{CODED}"
SHAPES = {
    "standard v1": create_video_block(base64=CODED, mime_type="video/mp4"),
    "standard v0": {
        "type": "video",
        "source_type": "base64",
        "data": CODED,
        "mime_type": "video/mp4",
    },
    "standard, data URL": {"type": "video", "url": URL},
    "video_url": {"type": "video_url", "video_url": {"url": URL}},
    "Gemini": {"type": "media", "data": CODED, "mime_type": "video/mp4"},
    "Gemini, bytes": {"type": "media", "data": WALK, "mime_type": "video/mp4"},
    "inline_data": {"inline_data": {"data": CODED, "mime_type": "video/quicktime"}},
    "file": {"type": "file", "base64": CODED, "mime_type": "video/mp4"},
    "file, nothing said": {"type": "file", "base64": CODED},
    "file of OpenAI": {"type": "file", "file": {"file_data": URL, "filename": "walk.mp4"}},
    "Bedrock": {"video": {"format": "mp4", "source": {"bytes": WALK}}},
}
NO_CLIPS = {
    "remote": {"type": "video", "url": "https://example.org/walk.mp4"},
    "file id": {"type": "video", "file_id": "file-1"},
    "photo": {"type": "image", "base64": CODED, "mime_type": "image/png"},
    "document": {"type": "file", "base64": "JVBERi0xLjQK", "mime_type": "application/pdf"},
    "text": {"type": "text", "text": URL},
}


def texts(messages):
    return [
        block["text"] if isinstance(block, dict) else block
        for message in messages
        for block in ([message.content] if isinstance(message.content, str) else message.content)
    ]


@pytest.fixture
def ask():
    def build(block, text="When is Biscuit seen?"):
        return HumanMessage([{"type": "text", "text": text}, block])

    return build


@pytest.mark.parametrize("block", SHAPES.values(), ids=SHAPES)
def test_a_clip_is_found_in_every_shape_that_providers_have(ask, block):
    message = ask(block)
    assert inline_clips(message, max_bytes=len(WALK)) == {1: WALK}
    assert "at most" in inline_clips(message, max_bytes=len(WALK) // 2)[1].reason


@pytest.mark.parametrize("block", NO_CLIPS.values(), ids=NO_CLIPS)
def test_what_is_no_clip_or_elsewhere_is_left_alone(ask, personal, block):
    message = ask(block)
    assert inline_clips(message, max_bytes=2**20) == {}
    (kept,) = personal().admit([message])
    assert clips_in(str(kept.content)) == []


@pytest.mark.parametrize("block", SHAPES.values(), ids=SHAPES)
def test_an_agent_searches_a_clip_that_no_model_is_shown(
    personal, scripted, calls, remember, stored, ask, block
):
    remember("Biscuit", "red", context="Eats shoes.")
    model = scripted(calls(("find_in_video", {})), "After a second.")
    saver, held = stored
    middleware = personal()
    agent = create_agent(model, middleware=[middleware], checkpointer=saver)
    config = {"configurable": {"thread_id": "1"}}
    state = agent.invoke(
        {"messages": middleware.admit([ask(block)])}, config=config, context={"user_id": "ann"}
    )
    (handle,) = clips_in(" ".join(texts(model.seen[0])))
    for shown in model.seen:
        assert CODED[:60] not in str(shown)
        assert str(WALK[40:60])[2:-1] not in str(shown)
    assert held(WALK) == 0
    (found,) = [each for each in state["messages"] if isinstance(each, ToolMessage)]
    assert found.artifact["clip"] == handle
    assert [each["name"] for each in found.artifact["sightings"]] == ["Biscuit"]
    # The contact sheet is shown to the model, after its label.
    pictures = [block for block in model.seen[1][-1].content if block["type"] == "image_url"]
    assert len(pictures) == 1
    assert f"[image {found.artifact['contact_sheet']}]" in texts(
        [HumanMessage([b for b in model.seen[1][-1].content if b["type"] == "text"])]
    )


def test_a_run_that_is_started_with_a_clip_keeps_its_handle(personal, scripted, ask):
    model = scripted("I see.")
    state = create_agent(model, middleware=[personal()]).invoke(
        {"messages": [ask(SHAPES["standard v1"])]}
    )
    assert len(clips_in(str(state["messages"][0].content))) == 1
    assert CODED[:60] not in str(state["messages"])


def test_without_the_middleware_a_tool_still_finds_the_newest_clip(
    personal, scripted, calls, remember, ask
):
    remember("Biscuit", "red")
    model = scripted(calls(("find_in_video", {"clip": "latest"})), "done")
    tools = personal()._toolkit.get_tools()
    blue = SHAPES["standard v1"] | {"base64": base64.b64encode(film("blue")).decode()}
    messages = [ask(blue), AIMessage("Yes?"), ask(SHAPES["standard v1"])]
    state = create_agent(model, tools).invoke({"messages": messages})
    assert [each["name"] for each in state["messages"][-2].artifact["sightings"]] == ["Biscuit"]


def test_what_cannot_be_kept_is_told_in_its_place(memory, ask):
    toolkit = PersonalToolkit.open(
        memory, user_id="ann", profile=fake_profile(), clips=ClipFolder(max_bytes=1000)
    )
    middleware = PersonalizationMiddleware(toolkit)
    fake = SHAPES["standard v1"] | {"base64": base64.b64encode(b"no clip at all").decode()}
    large, other = middleware.admit([ask(SHAPES["standard v1"]), ask(fake)])
    assert texts([large])[1].startswith("[A clip was left out here: expected at most 1000 bytes")
    assert texts([other])[1].startswith("[A clip was left out here: expected a clip (MP4")


def test_a_clip_of_one_user_is_none_of_another(personal, scripted, calls, remember, ask):
    remember("Biscuit", "red")
    (kept,) = personal().admit([ask(SHAPES["standard v1"])])
    (handle,) = clips_in(str(kept.content))
    model = scripted(calls(("find_in_video", {"clip": handle})), "done")
    bobs = personal(user_id="bob")
    bobs.actions.clips = personal().actions.clips
    state = create_agent(model, middleware=[bobs]).invoke({"messages": [kept]})
    assert state["messages"][-2].status == "error"
    assert "expected the handle of a clip" in state["messages"][-2].content


def test_a_run_streams_how_far_a_search_is(personal, scripted, calls, remember, ask):
    remember("Biscuit", "red")
    model = scripted(calls(("find_in_video", {})), "done")
    agent = create_agent(model, middleware=[personal()])
    message = {"messages": [ask(SHAPES["standard v1"])]}
    told = list(agent.stream(message, stream_mode="custom"))
    assert {each["tool"] for each in told} == {"find_in_video"}
    assert told[-1]["seconds"] >= 1.0
    assert told[-1]["total"] == pytest.approx(2.0, abs=0.2)


async def test_an_async_run_streams_it_too(personal, scripted, calls, remember, ask):
    remember("Biscuit", "red")
    model = scripted(calls(("find_in_video", {})), "done")
    agent = create_agent(model, middleware=[personal()])
    message = {"messages": [ask(SHAPES["standard v1"])]}
    told = [each async for each in agent.astream(message, stream_mode="custom")]
    assert told[-1]["seconds"] >= 1.0


async def test_a_search_ends_when_nobody_waits_for_it_and_the_loop_goes_on(
    personal, remember, monkeypatch
):
    remember("Biscuit", "red")
    actions = personal().actions
    begun, ended, raised = threading.Event(), threading.Event(), []

    def endless(user_id, handle, start, end, progress):
        begun.set()
        try:
            while True:
                progress(0.0, None)
                ended.wait(0.01)
        except SearchStopped as exc:
            raised.append(exc)
            ended.set()
            raise

    monkeypatch.setattr(actions.clip_findings, "find", endless)
    toolkit = PersonalToolkit(actions=actions, user_id="ann")
    tool = next(each for each in toolkit.get_tools() if each.name == "find_in_video")
    task = asyncio.create_task(tool.ainvoke({"clip": actions.clips.put("ann", WALK)}))
    while not begun.is_set():
        await asyncio.sleep(0.01)  # the loop is free
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 10)
    assert raised
