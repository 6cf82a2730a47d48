"""No user sees another's pictures or findings, whatever is forged."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from pekit_agents.tools.image_store import handle_of, image_label
from pekit_agents.tools.langchain.messages import FORMS_KEY

THREAD = {"configurable": {"thread_id": "shared"}}
ANN, BOB = {"user_id": "ann"}, {"user_id": "bob"}


@pytest.fixture
def shared(personal):
    """A middleware whose user is that of the run."""
    return personal(user_id=None)


def test_two_users_on_one_thread_see_only_their_own(
    shared, scripted, photo, said, remember, pictures
):
    remember("Biscuit", "red", user_id="ann", context="Ann's secret.")
    remember("Rex", "red", user_id="bob")
    model = scripted("a", "b", "c")
    agent = create_agent(model, middleware=[shared], checkpointer=InMemorySaver())
    scene, other = photo("red"), photo("red", at=30)
    agent.invoke({"messages": [said("Who?", scene)]}, THREAD, context=ANN)
    agent.invoke({"messages": [said("And here?", other)]}, THREAD, context=BOB)
    agent.invoke({"messages": ["Again?"]}, THREAD, context=ANN)
    anns, bobs, again = map(str, model.seen)
    assert '"Biscuit"' in anns
    assert "Rex" not in anns
    assert '"Rex"' in bobs
    assert "Biscuit" not in bobs
    assert "secret" not in bobs
    assert '"Biscuit"' in again
    assert "Rex" not in again
    assert len(pictures(model.seen[1])) == 1  # Ann's photo stays a label for Bob


def test_one_photo_of_two_users_on_one_thread_has_two_findings(
    shared, scripted, photo, said, remember
):
    remember("Biscuit", "red", user_id="ann")
    remember("Rex", "red", user_id="bob")
    model = scripted("a", "b")
    agent = create_agent(model, middleware=[shared], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("Who?", photo("red"))]}, THREAD, context=ANN)
    agent.invoke({"messages": [said("Who?", photo("red"))]}, THREAD, context=BOB)
    assert "Biscuit" in str(model.seen[0])
    assert "Biscuit" not in str(model.seen[1])
    assert 'is called "Rex"' in str(model.seen[1])


def test_concurrent_users_share_one_middleware(shared, scripted, photo, said, remember):
    users = [f"user-{at}" for at in range(12)]
    for user in users:
        remember(f"Name-{user}-end", "red", user_id=user)

    def run(user):
        model = scripted("ok")
        agent = create_agent(model, middleware=[shared])
        agent.invoke({"messages": [said("Who?", photo("red"))]}, context={"user_id": user})
        return str(model.seen[0])

    with ThreadPoolExecutor(6) as pool:
        for user, shown in zip(users, pool.map(run, users), strict=True):
            assert f"Name-{user}-end" in shown
            assert not any(f"Name-{other}-end" in shown for other in users if other != user)


def test_concurrent_async_users_share_one_agent(shared, scripted, photo, said, remember):
    users = [f"user-{at}" for at in range(8)]
    for user in users:
        remember(f"Name-{user}-end", "red", user_id=user)
    model = scripted(*["ok"] * len(users))
    agent = create_agent(model, middleware=[shared])

    async def run():
        await asyncio.gather(
            *(
                agent.ainvoke(
                    {"messages": [said(f"I am {user}.", photo("red"))]}, context={"user_id": user}
                )
                for user in users
            )
        )

    asyncio.run(run())
    assert len(model.seen) == len(users)
    for shown in map(str, model.seen):
        (user,) = [user for user in users if f"I am {user}." in shown]
        assert f"Name-{user}-end" in shown
        assert not any(f"Name-{other}-end" in shown for other in users if other != user)


def test_a_label_forged_by_the_user_gives_no_picture_of_another(
    shared, scripted, photo, images, pictures
):
    stolen = images.put("ann", photo("red"))
    forged = [
        HumanMessage([{"type": "text", "text": image_label(stolen)}]),
        HumanMessage([image_label(stolen)], additional_kwargs={FORMS_KEY: {stolen: {}}}),
        HumanMessage(image_label(stolen)),
    ]
    model = scripted("no")
    create_agent(model, middleware=[shared]).invoke({"messages": forged}, context=BOB)
    assert pictures(model.seen[0]) == []


@pytest.mark.parametrize(
    "forms",
    [None, [], "x", {"no": "form"}, {"type": "text", "text": "x"}, {"type": "image_url"}, 7],
    ids=repr,
)
def test_forged_forms_do_no_harm(personal, scripted, photo, images, pictures, forms):
    handle = images.put("ann", photo("red"))
    for extras in ({FORMS_KEY: forms}, {FORMS_KEY: {handle: forms}}):
        message = HumanMessage([image_label(handle)], additional_kwargs=extras)
        model = scripted("ok")
        create_agent(model, middleware=[personal()]).invoke({"messages": [message]})
        assert pictures(model.seen[0]) == [photo("red")]


@pytest.mark.parametrize(
    "image",
    ["img_" + "0" * 32, "/etc/passwd", "file:///etc/passwd", "https://example.org/a.png", "../x"],
)
def test_what_a_model_makes_up_gives_an_error_it_can_read(
    personal, scripted, calls, photo, said, image, pictures
):
    model = scripted(calls(("find_personal_objects", {"image": image})), "sorry")
    agent = create_agent(model, middleware=[personal()])
    state = agent.invoke({"messages": [said("Who?", photo("red"))]})
    (answer,) = [message for message in state["messages"] if message.type == "tool"]
    assert answer.status == "error"
    assert len(pictures(model.seen[1])) == 1  # the user's own, none from the tool


def test_the_model_cannot_reach_another_users_picture(
    shared, scripted, calls, photo, images, pictures
):
    stolen = images.put("ann", photo("red"))
    wanted = {"image": stolen, "user_id": "ann", "runtime": {"context": ANN}}
    model = scripted(calls(("find_personal_objects", wanted)), "no")
    state = create_agent(model, middleware=[shared]).invoke({"messages": ["hi"]}, context=BOB)
    (answer,) = [message for message in state["messages"] if message.type == "tool"]
    assert answer.status == "error"
    assert pictures(model.seen[1]) == []


def test_pictures_of_ones_tool_results_are_not_hoisted_for_another(
    shared, scripted, calls, photo, said, remember, pictures
):
    remember("Biscuit", "red", user_id="ann")
    model = scripted(calls(("find_personal_objects", {})), "Biscuit", "hi")
    agent = create_agent(model, middleware=[shared], checkpointer=InMemorySaver())
    agent.invoke({"messages": [said("Who?", photo("red"))]}, THREAD, context=ANN)
    agent.invoke({"messages": ["hello"]}, THREAD, context=BOB)
    assert len(pictures(model.seen[1])) == 2
    assert pictures(model.seen[2]) == []


@pytest.mark.parametrize(
    ("options", "context", "expected"),
    [
        ({"user_id": "ann", "user_resolver": lambda _: "bob"}, {"user_id": "eve"}, "ann"),
        ({"user_id": None, "user_resolver": lambda _: "bob"}, {"user_id": "eve"}, "bob"),
        ({"user_id": None}, {"user_id": "eve"}, "eve"),
    ],
    ids=["bound", "resolver", "context"],
)
def test_the_user_is_decided_in_order(
    personal, scripted, photo, said, images, options, context, expected
):
    agent = create_agent(scripted("ok"), middleware=[personal(**options)])
    agent.invoke({"messages": [said("hi", photo("red"))]}, context=context)
    assert images.get(expected, handle_of(photo("red"))) == photo("red")
    assert len(images._users) == 1
