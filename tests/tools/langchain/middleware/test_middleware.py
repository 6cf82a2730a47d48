"""A real agent with the middleware knows its user's things."""

import base64
import io
from typing import Annotated

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from PIL import Image

from pekit_agents import InvalidInput, PeKit
from pekit_agents.testing import fake_profile
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import UnknownImage, handle_of
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.pictures import image_block, images_in

THREAD = {"configurable": {"thread_id": "1"}}


def _last(messages):
    """The texts and kinds of blocks of the newest user message."""
    users = [message for message in messages if isinstance(message, HumanMessage)]
    return [block.get("text") or block["type"] for block in users[-1].content]


def test_an_introduced_pet_is_remembered_and_recognised(
    personal, scripted, calls, labels, photo, said, memory, pictures
):
    middleware = personal()

    def introduce(messages):
        (handle,) = labels(messages[1:])
        wanted = {"name": "Biscuit", "category": "corgi", "images": [handle]}
        return calls(("remember_object", wanted))

    model = scripted(introduce, "Hello Biscuit!", "Biscuit is in the park.")
    agent = create_agent(model, middleware=[middleware], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("This is Biscuit, my corgi", photo("red"))]}, THREAD)

    (obj,) = PeKit.open(memory, profile=fake_profile(), user_id="ann").objects()
    assert (obj.name, obj.category) == ("Biscuit", "corgi")

    scene = photo("blue", "red", at=20)
    agent.invoke({"messages": [said("Who is this?", scene)]}, THREAD)
    shown = model.seen[-1]
    text, label, picture, words = _last(shown)
    assert text == "Who is this?"
    assert label == f"[image {handle_of(scene)}]"
    assert picture == "image_url"
    assert '"Biscuit"' in words
    assert pictures(shown)[-1] not in (scene, photo("red"))  # boxes are drawn on it


def test_all_tools_come_with_it(personal, scripted):
    model = scripted("hi")
    create_agent(model, middleware=[personal()]).invoke({"messages": ["hello"]})
    assert {offered.name for offered in model.tools} == {
        "remember_object",
        "find_personal_objects",
        "find_in_video",
        "describe_personal",
        "list_personal_objects",
        "update_personal_object",
        "correct_personal",
        "forget_personal_object",
        "add_photos",
    }


def test_without_a_match_the_picture_and_the_words_are_untouched(
    personal, scripted, photo, said, pictures, remember
):
    remember("Biscuit", "red")
    model = scripted("a blue thing")
    create_agent(model, middleware=[personal()]).invoke(
        {"messages": [said("What is this?", photo("blue"))]}
    )
    assert pictures(model.seen[0]) == [photo("blue")]
    assert _last(model.seen[0]) == [
        "What is this?",
        f"[image {handle_of(photo('blue'))}]",
        "image_url",
    ]


def test_names_contexts_and_boxes_are_for_the_call_only(
    personal, scripted, photo, said, remember, pictures
):
    remember("Biscuit", "red", context="Eats shoes.")
    model = scripted("It is Biscuit.")
    agent = create_agent(model, middleware=[personal()], checkpointer=InMemorySaver())
    state = agent.invoke({"messages": [said("Who?", photo("red"))]}, THREAD)
    assert '"Eats shoes."' in str(model.seen[0])
    assert "Eats shoes." not in str(state)
    assert pictures(state["messages"]) == []
    assert [block["type"] for block in state["messages"][0].content] == ["text", "text"]


def test_auto_off_labels_and_shows_the_plain_picture(
    personal, scripted, photo, said, remember, pictures
):
    remember("Biscuit", "red")
    model = scripted("a red thing")
    create_agent(model, middleware=[personal(auto=False)]).invoke(
        {"messages": [said("What?", photo("red"))]}
    )
    assert pictures(model.seen[0]) == [photo("red")]
    assert _last(model.seen[0])[1:] == [f"[image {handle_of(photo('red'))}]", "image_url"]


def test_each_picture_keeps_the_shape_of_its_block(personal, scripted, photo, remember):
    remember("Biscuit", "red")
    source = {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(photo("red")).decode(),
    }
    model = scripted("Biscuit")
    create_agent(model, middleware=[personal()]).invoke(
        {"messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}
    )
    _, picture, _ = model.seen[0][-1].content
    assert picture["type"] == "image"
    assert picture["source"].keys() == source.keys()
    assert picture["source"]["media_type"] == "image/jpeg"
    assert picture["source"]["data"] != source["data"]


def test_pictures_of_tools_follow_the_whole_batch(
    personal, scripted, calls, photo, said, remember, pictures
):
    remember("Biscuit", "red")
    red, blue = photo("red"), photo("blue")
    model = scripted(
        calls(
            ("find_personal_objects", {"image": handle_of(red)}),
            ("list_personal_objects", {}),
            ("find_personal_objects", {"image": handle_of(blue)}),
        ),
        "done",
    )
    agent = create_agent(model, middleware=[personal(auto=False)], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("Who?", red, blue)]}, THREAD)
    shown = model.seen[1]
    kinds = [message.type for message in shown]
    assert kinds == ["system", "human", "ai", "tool", "tool", "tool", "human"]
    assert all(isinstance(message.content, str) for message in shown if message.type == "tool")
    annotated, plain = pictures(shown[-1:])
    assert annotated.startswith(b"\xff\xd8")
    assert plain == blue
    kept = [message.type for message in agent.get_state(THREAD).values["messages"]]
    assert kept == ["human", "ai", "tool", "tool", "tool", "ai"]


@pytest.mark.parametrize("by_command", [False, True], ids=["message", "command"])
def test_pictures_of_other_tools_are_kept_by_handle_and_searched(
    personal, scripted, calls, photo, remember, pictures, by_command
):
    remember("Biscuit", "red")

    content = [{"type": "text", "text": "click"}, image_block(photo("red"), "image/png")]

    @tool
    def camera() -> list:
        """Take a picture."""
        return content

    @tool("camera")
    def commanding_camera(tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
        """Take a picture."""
        return Command(update={"messages": [ToolMessage(content, tool_call_id=tool_call_id)]})

    camera = commanding_camera if by_command else camera
    model = scripted(calls(("camera", {})), "It is Biscuit.")
    state = create_agent(model, [camera], middleware=[personal()]).invoke({"messages": ["look"]})
    assert pictures(state["messages"]) == []
    shown = model.seen[1]
    assert [message.type for message in shown][-2:] == ["tool", "human"]
    assert pictures([message for message in shown if isinstance(message, ToolMessage)]) == []
    assert len(pictures(shown)) == 1
    assert '"Biscuit"' in str(shown[-1].content)


def test_only_the_newest_pictures_are_shown(personal, scripted, photo, said, pictures, labels):
    model = scripted("ok")
    turns = [said("1", photo("red")), AIMessage("a"), said("2", photo("blue"), photo("green"))]
    create_agent(model, middleware=[personal(max_images=2)]).invoke({"messages": turns})
    assert pictures(model.seen[0]) == [photo("blue"), photo("green")]
    assert labels(model.seen[0])[0] == handle_of(photo("red"))


def test_pictures_that_another_middleware_adds_are_personalised_too(
    personal, scripted, photo, said, remember
):
    remember("Biscuit", "red")

    class Camera(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            seen = said("the door now", photo("red"))
            return handler(request.override(messages=[*request.messages, seen]))

    model = scripted("Biscuit is at the door")
    create_agent(model, middleware=[Camera(), personal()]).invoke({"messages": ["who is there?"]})
    assert '"Biscuit"' in str(model.seen[0][-1].content)


def test_a_picture_is_searched_once_until_the_memory_changes(
    personal, scripted, photo, said, remember, monkeypatch
):
    remember("Biscuit", "red")
    searched = []
    find = PeKit.find

    def counted(self, image, **options):
        searched.append(image)
        return find(self, image, **options)

    monkeypatch.setattr(PeKit, "find", counted)
    model = scripted("1", "2", "3")
    agent = create_agent(model, middleware=[personal()], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("Who?", photo("red", "blue"))]}, THREAD)
    agent.invoke({"messages": ["sure?"]}, THREAD)
    assert len(searched) == 1
    remember("Mug", "blue")
    agent.invoke({"messages": ["and now?"]}, THREAD)
    assert len(searched) == 2
    assert '"Mug"' not in str(model.seen[1])
    assert '"Mug"' in str(model.seen[2])


def test_the_user_may_see_what_the_model_is_shown(
    personal, scripted, photo, said, remember, pictures, monkeypatch
):
    remember("Biscuit", "red")
    searches = []
    find = PeKit.find
    monkeypatch.setattr(PeKit, "find", lambda *a, **k: searches.append(1) or find(*a, **k))
    middleware, scene = personal(), photo("red", "blue")
    model = scripted("Biscuit.")
    create_agent(model, middleware=[middleware]).invoke({"messages": [said("Who?", scene)]})

    view = middleware.view(handle_of(scene))
    assert view.data == pictures(model.seen[-1])[-1]
    assert '"Biscuit"' in view.text
    assert searches == [1]
    with pytest.raises(InvalidInput, match="found another"):
        middleware.view(handle_of(scene), "bob")
    with pytest.raises(UnknownImage):
        middleware.view(handle_of(photo("blue")))


def test_a_forgotten_name_is_shown_no_more(personal, scripted, calls, photo, said, remember):
    remember("Biscuit", "red")
    model = scripted("Biscuit", calls(("forget_personal_object", {"name": "Biscuit"})), "ok", "?")
    agent = create_agent(model, middleware=[personal()], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("Who?", photo("red"))]}, THREAD)
    agent.invoke({"messages": ["forget it"]}, THREAD)
    assert "is called" in str(model.seen[0])
    assert "is called" not in str(model.seen[2])


def test_a_picture_that_cannot_be_read_is_said_and_does_not_stop_the_run(
    personal, scripted, said, remember
):
    remember("Biscuit", "red")
    model = scripted("ok")
    create_agent(model, middleware=[personal()]).invoke(
        {"messages": [said("look", b"no picture at all", b"\x89PNG cut off")]}
    )
    last = _last(model.seen[0])
    assert [kind[:7] for kind in last] == ["look", "[image ", "Picture", "[image ", "Picture"]
    assert "cannot be read: expected a photo" in last[2]
    assert "cannot be read: expected a " in last[4]


def test_pictures_that_a_model_made_follow_as_a_users(
    personal, scripted, photo, pictures, labels, remember
):
    remember("Biscuit", "red")
    made = AIMessage([{"type": "text", "text": "Here."}, image_block(photo("red"), "image/png")])
    model = scripted("ok")
    state = create_agent(model, middleware=[personal()]).invoke({"messages": ["draw", made, "?"]})
    assert pictures(state["messages"]) == [photo("red")]  # for the application to show
    kinds = [message.type for message in model.seen[0]]
    assert kinds == ["system", "human", "ai", "human", "human"]
    _, _, told, shown, asked = model.seen[0]
    assert (pictures([told]), pictures([shown]), asked.text) == ([], [photo("red")], "?")
    assert shown.content[0]["text"] == "Pictures that you made:"
    assert labels([told]) == labels([shown]) == [handle_of(photo("red"))]
    assert "Biscuit" not in str(shown.content)


def test_pictures_that_a_model_made_with_a_call_follow_the_whole_batch(
    personal, scripted, calls, photo, pictures
):
    @tool
    def camera():
        """Look at the door."""
        return image_block(photo("blue"), "image/png")

    made = calls(("camera", {})).model_copy(
        update={"content": [image_block(photo("red"), "image/png")]}
    )
    model = scripted(made, "ok")
    create_agent(model, [camera], middleware=[personal()]).invoke({"messages": ["draw and look"]})
    kinds = [(message.type, pictures([message])) for message in model.seen[1][1:]]
    assert kinds == [
        ("human", []),
        ("ai", []),
        ("tool", []),
        ("human", [photo("red")]),
        ("human", [photo("blue")]),
    ]


def test_a_models_picture_that_no_provider_takes_is_converted_or_said(
    personal, scripted, pictures, photo
):
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo("red"))).save(buffer, "TIFF")
    broken = {"type": "image", "base64": "%%%%", "mime_type": "image/png"}
    made = AIMessage([image_block(buffer.getvalue(), "image/tiff"), broken])
    model = scripted("ok")
    create_agent(model, middleware=[personal()]).invoke({"messages": ["draw", made, "?"]})
    (sent,) = pictures(model.seen[0])
    assert sent[:3] == b"\xff\xd8\xff"
    assert "[A picture was left out here: expected base64" in str(model.seen[0][2].content)


def test_a_picture_that_its_provider_has_signed_goes_back_as_it_is(personal, scripted, photo):
    signed = {**image_block(photo("red"), "image/png"), "extras": {"signature": "abc"}}
    called = {"type": "image_generation_call", "id": "ig_1", "result": "iVBORw0KGgo" + "A" * 80}
    made = AIMessage([signed, called])
    model = scripted("ok")
    create_agent(model, middleware=[personal()]).invoke({"messages": ["draw", made, "?"]})
    assert model.seen[0][2].content == [signed, called]


def test_a_conversation_goes_on_in_another_process(
    memory, tmp_path, scripted, photo, said, remember, pictures
):
    remember("Biscuit", "red")
    saver = InMemorySaver()
    for turn, message in enumerate((said("Who?", photo("red")), HumanMessage("Sure?"))):
        middleware = PersonalizationMiddleware.open(
            memory,
            user_id="ann",
            profile=fake_profile(),
            images=DirectoryImageStore(tmp_path / "pictures"),
        )
        model = scripted("Biscuit")
        agent = create_agent(model, middleware=[middleware], checkpointer=saver)
        agent.invoke({"messages": [message]}, THREAD)
        assert '"Biscuit"' in str(model.seen[0]), turn


def test_a_picture_that_is_no_longer_kept_stays_a_label(
    personal, scripted, photo, said, images, pictures
):
    model = scripted("red", "?")
    agent = create_agent(model, middleware=[personal()], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("What?", photo("red"))]}, THREAD)
    images.clear("ann")
    agent.invoke({"messages": ["And now?"]}, THREAD)
    assert pictures(model.seen[1]) == []
    assert f"[image {handle_of(photo('red'))}]" in str(model.seen[1])


def test_pictures_of_a_system_message_go_out_as_models_take_them(personal, scripted, photo):
    tiff = io.BytesIO()
    Image.open(io.BytesIO(photo("red"))).save(tiff, "TIFF")
    torn = image_block(tiff.getvalue()[:300], "image/tiff")
    system = SystemMessage([image_block(tiff.getvalue(), "image/tiff"), torn])
    model = scripted("ok")
    agent = create_agent(model, middleware=[personal()], system_prompt=system)
    agent.invoke({"messages": [system, HumanMessage("Hello")]})
    told = [message for message in model.seen[0] if message.type == "system"]
    assert len(told) == 2
    for message in told:
        (picture,) = images_in(message)
        assert (picture.mime, picture.data[:2]) == ("image/jpeg", b"\xff\xd8")
        assert "A picture cannot be read: expected a" in message.content[1]["text"]
