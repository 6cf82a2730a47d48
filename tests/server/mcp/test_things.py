"""What is remembered as resources, and a question about it as a prompt."""

from __future__ import annotations

import base64
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import ResourcesListChanged
from mcp.types import PromptReference, ResourceListChangedNotification
from sse_starlette.sse import AppStatus

from pekit_agents.errors import MemoryStoreError
from pekit_agents.server.mcp import things
from pekit_agents.server.mcp.changes import Changes
from pekit_agents.server.work import TooManyRequests
from tests.server.mcp.conftest import MODES, words

LIST = "pekit://objects"


async def remember(client: Client, name: str = "Biscuit", image: str = "red.png") -> str:
    """Remember something and return its id."""
    given = {"name": name, "category": "dog", "context": f"{name} naps.", "images": [image]}
    result = await client.call_tool("remember_object", given)
    assert not result.is_error, words(result)
    return result.structured_content["object"]["object_id"]


async def text_of(client: Client, uri: str) -> str:
    """Return the text of a resource."""
    (content,) = (await client.read_resource(uri)).contents
    assert content.mime_type == "text/plain"
    return content.text


@pytest.mark.parametrize("mode", MODES)
async def test_things_are_listed_and_read(local, mode):
    async with Client(local(), mode=mode) as client:
        object_id = await remember(client)
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        assert [(each.name, each.uri) for each in listed] == [
            ("objects", LIST),
            ("Biscuit", f"{LIST}/{object_id}"),
        ]
        assert [each.uri_template for each in templates] == [
            "pekit://objects/{object_id}",
            "pekit://objects/{object_id}/portrait",
            "pekit://pictures/{handle}",
        ]
        told = '"Biscuit" (category "dog"). Note: "Biscuit naps."'
        assert await text_of(client, f"{LIST}/{object_id}") == (f"{told}\nRemembered from 1 photo.")
        assert told in await text_of(client, LIST)
        (portrait,) = (await client.read_resource(f"{LIST}/{object_id}/portrait")).contents
    assert portrait.mime_type == "image/jpeg"
    assert base64.b64decode(portrait.blob).startswith(b"\xff\xd8\xff")


async def test_a_picture_that_a_client_dropped_is_read_by_its_handle(local):
    async with Client(local()) as client:
        await remember(client)
        found = await client.call_tool("find_personal_objects", {"image": "both.png"})
        handle = found.structured_content["annotated_image"]
        (picture,) = (await client.read_resource(f"pekit://pictures/{handle}")).contents
        await client.call_tool("forget_personal_object", {"name": "Biscuit"})
        with pytest.raises(MCPError, match="none that is there"):
            await client.read_resource(f"pekit://pictures/{handle}")
    assert picture.blob == found.content[1].data


@pytest.mark.parametrize(
    "uri",
    [
        "pekit://objects/",
        "pekit://objects/nothing",
        "pekit://objects/Biscuit",  # a name is no id
        "pekit://objects/nothing/portrait",
        "pekit://objects/../pictures/x",
        "pekit://pictures/",
        "pekit://pictures/../../etc/passwd",
        "pekit://pictures/img_" + "0" * 32,
        "file:///etc/passwd",
        "pekit://elsewhere",
        "x",
    ],
)
async def test_other_uris_are_not_there(local, uri):
    async with Client(local()) as client:
        await remember(client)
        with pytest.raises(MCPError, match="none that is there"):
            await client.read_resource(uri)


async def test_without_crops_there_is_no_portrait(local):
    async with Client(local(keep_crops=False)) as client:
        object_id = await remember(client)
        with pytest.raises(MCPError, match="none that is there"):
            await client.read_resource(f"{LIST}/{object_id}/portrait")


@pytest.mark.parametrize(
    ("error", "code"),
    [(TooManyRequests("wait"), -32600), (MemoryStoreError("full"), -32603)],
)
async def test_what_goes_wrong_on_the_way_is_told_in_words(local, monkeypatch, error, code):
    """Only the disk is an error of the server."""
    server = local()

    async def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(server.service, "look_up", refuse)
    monkeypatch.setattr(server.service, "see", refuse)
    async with Client(server) as client:
        for ask in (
            client.list_resources(),
            client.read_resource(LIST),
            client.get_prompt("describe", {"question": "Who?"}),
        ):
            with pytest.raises(MCPError) as caught:
                await ask
            assert (caught.value.error.code, str(caught.value)) == (code, str(error))


async def test_a_long_list_comes_in_pages(local, monkeypatch):
    monkeypatch.setattr(things, "_PAGE", 2)
    names, cursor = [], None
    async with Client(local()) as client:
        for at in range(5):
            await remember(client, f"thing {at}")
        for _ in range(3):
            page = await client.list_resources(cursor=cursor)
            names.append([each.name for each in page.resources])
            cursor = page.next_cursor
        with pytest.raises(MCPError, match="cursor"):
            await client.list_resources(cursor="../2")
    assert names == [["objects", "thing 0", "thing 1"], ["thing 2", "thing 3"], ["thing 4"]]
    assert cursor is None


async def test_who_listens_is_told_of_changes_whoever_made_them(local, monkeypatch):
    """By a tool, or by another process: a kit that this server knows nothing of."""
    monkeypatch.setattr(Changes.__init__, "__kwdefaults__", {"every_seconds": 0.05})
    server = local()
    async with Client(server) as client:
        await remember(client)
        async with client.listen(resources_list_changed=True) as events:
            for change in (
                lambda: server.service.kit("default").update("Biscuit", context="Eats shoes."),
                lambda: server.service.kit("default").forget("Biscuit"),
            ):
                await anyio.to_thread.run_sync(change)
                with anyio.fail_after(20):
                    assert await anext(aiter(events)) == ResourcesListChanged()


async def test_a_server_that_stops_ends_the_streams_of_who_listens(local, monkeypatch):
    monkeypatch.setattr(Changes.__init__, "__kwdefaults__", {"every_seconds": 0.05})
    async with Client(local()) as client, client.listen(resources_list_changed=True) as events:
        monkeypatch.setattr(AppStatus, "should_exit", True)
        with anyio.fail_after(20):
            assert [event async for event in events] == []


async def test_a_user_listens_in_a_bounded_number_of_places(local):
    async with Client(local(per_user=1)) as client:
        async with client.listen(resources_list_changed=True):
            with pytest.raises(MCPError, match="at most 1 stream"):
                async with client.listen(resources_list_changed=True):
                    pass
        await _listened(client)


async def _listened(client: Client) -> None:
    """Listen once, as soon as the place is free that was left just now."""
    with anyio.fail_after(20):
        while True:
            try:
                async with client.listen(resources_list_changed=True):
                    return
            except MCPError:
                await anyio.sleep(0.01)


async def test_an_older_client_of_this_machine_is_told_by_a_notification(local):
    told = []

    async def note(message):
        told.append(type(message))

    async with Client(local(), mode="legacy", message_handler=note) as client:
        await remember(client)
        await client.call_tool("list_personal_objects", {})
        await client.call_tool("forget_personal_object", {"name": "Biscuit"})
    assert told.count(ResourceListChangedNotification) == 2


@pytest.mark.parametrize("mode", MODES)
async def test_a_question_is_a_prompt_with_what_is_known_and_the_photo(local, mode):
    async with Client(local(), mode=mode) as client:
        (prompt,) = (await client.list_prompts()).prompts
        await remember(client)
        asked = {"question": "Where is Biscuit?", "image": "none"}
        from_memory = (await client.get_prompt("describe", asked)).messages
        await client.call_tool("find_personal_objects", {"image": "both.png"})
        with_photo = (await client.get_prompt("describe", {"question": "Who?"})).messages
    assert [(each.name, each.required) for each in prompt.arguments] == [
        ("question", True),
        ("image", False),
    ]
    assert [each.content.type for each in from_memory] == ["text"]
    assert from_memory[0].content.text.endswith("Where is Biscuit?")
    assert '"Biscuit naps."' in from_memory[0].content.text
    assert [each.content.type for each in with_photo] == ["text", "image"]
    assert 'is called "Biscuit"' in with_photo[0].content.text
    assert {each.role for each in from_memory + with_photo} == {"user"}


async def test_a_prompt_that_cannot_be_made_says_why(local):
    async with Client(local()) as client:
        for name, given, why in (
            ("recall", {}, "Unknown prompt: recall"),
            ("describe", {}, "question: expected a value, found none"),
            ("describe", {"question": "Who?", "image": "img_" + "0" * 32}, "no such handle"),
        ):
            with pytest.raises(MCPError, match=why):
                await client.get_prompt(name, given)


async def test_names_and_pictures_are_completed(local):
    async with Client(local()) as client:
        await remember(client)
        await remember(client, "Bella", "both.png")
        handle = (await client.call_tool("find_personal_objects", {})).structured_content["image"]

        async def completed(name: str, value: str) -> list[str]:
            ref = PromptReference(name="describe")
            done = await client.complete(ref, {"name": name, "value": value})
            return done.completion.values

        assert await completed("question", "Where is bi") == ["Where is Biscuit"]
        assert sorted(await completed("question", "B")) == ["Bella", "Biscuit"]
        assert await completed("question", "Where is x") == []
        assert await completed("image", "la") == ["latest"]
        assert (await completed("image", ""))[:2] == ["latest", handle]
        assert await completed("other", "B") == []
