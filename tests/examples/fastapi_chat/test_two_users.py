"""Two users of one chat, each of whom wants what is the other's."""

from io import BytesIO

import pytest
from langchain_core.messages import AIMessage
from PIL import Image

from pekit_agents.tools.langchain.pictures import images_in


@pytest.fixture
def anns(serve, red):
    """Ann has introduced Ruby; returns her thread and picture, both users, and more."""
    ann, bob = serve()
    thread = ann.begin()
    _, (handle,) = ann.told(thread, "This is Ruby, my motorcycle.", red)
    return ann, bob, thread, handle


def test_another_users_thread_is_like_one_that_never_was(anns):
    ann, bob, thread, _ = anns
    never = "0" * 32
    for method, path in (("GET", ""), ("POST", "/messages")):
        answers = [
            bob.ask(method, f"/v1/threads/{one}{path}", data={"text": "Hi"} if path else None)
            for one in (thread, never)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    assert bob.ask("GET", "/v1/threads").json() == []
    assert len(ann.ask("GET", f"/v1/threads/{thread}").json()) == 2


def test_another_users_things_are_not_recognised(anns, scene):
    _, bob, _, _ = anns
    reply, _ = bob.told(bob.begin(), "What is this?", scene)
    assert "Ruby" not in reply
    assert bob.things() == []


@pytest.mark.parametrize("where", ["query", "header", "form", "json"])
def test_who_one_is_comes_from_the_token_alone(anns, where):
    _, bob, _, _ = anns
    claim = {"user_id": "ann"}
    options = {"query": {"params": claim}, "form": {"data": claim}, "json": {"json": claim}}
    answer = bob.client.request(
        "GET",
        "/v1/threads",
        headers={"Authorization": f"Bearer {bob.token}", **(claim if where == "header" else {})},
        **options.get(where, {}),
    )
    assert answer.json() == []


def test_a_model_that_serves_the_other_user_gets_nothing(serve, scripted, red, scene):
    wanted = {}

    def steal(messages):
        last = messages[-1]
        if last.type == "tool" or "Steal" not in last.text:
            return AIMessage(f"I got: {last.text}")
        arguments = {"image": wanted["handle"], "user_id": "ann", "runtime": {"user_id": "ann"}}
        calls = [
            {"name": "find_personal_objects", "args": arguments, "id": "call_1"},
            {"name": "list_personal_objects", "args": {"user_id": "ann"}, "id": "call_2"},
            {"name": "forget_personal_object", "args": {"name": "Ruby"}, "id": "call_3"},
        ]
        return AIMessage("", tool_calls=calls)

    model = scripted(reply=steal)
    ann, bob = serve(model)
    _, (wanted["handle"],) = ann.told(ann.begin(), "Hello", red)
    # The model remembered nothing: Ann's memory is filled as a tool would fill it.
    actions = ann.service.actions
    actions.remember_object("ann", "Ruby", "motorcycle", images=[wanted["handle"]])

    bob.told(bob.begin(), "Steal it", scene)
    told = " ".join(message.text for message in model.seen[-1] if message.type == "tool")
    assert "it is no such handle" in told
    assert '"Ruby" (category' not in told
    assert ann.things() == ["Ruby"]


def test_a_label_that_a_user_writes_shows_the_model_no_picture(serve, scripted, red):
    model = scripted(reply=lambda messages: AIMessage("Hm."))
    ann, bob = serve(model)
    _, (handle,) = ann.told(ann.begin(), "Hello", red)
    bob.told(bob.begin(), f"[image {handle}]")
    assert [images_in(message) for message in model.seen[-1]] == [[]] * len(model.seen[-1])
    ann.told(ann.begin(), f"[image {handle}]")  # her own she may
    (picture,) = images_in(model.seen[-1][-1])
    assert Image.open(BytesIO(picture.data)).size == (160, 120)


def test_to_be_forgotten_is_for_oneself(anns):
    ann, bob, thread, handle = anns
    bob.be_forgotten()
    assert len(ann.ask("GET", f"/v1/threads/{thread}").json()) == 2
    assert ann.picture(handle) is not None
