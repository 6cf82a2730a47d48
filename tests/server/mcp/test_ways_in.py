"""How a photo gets in: by path, as "latest", as base64, or through a page that the user opens."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import ElicitResult, ListRootsResult, Root

from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.testing.fakes import solid_scene
from pekit_agents.tools.image_store import handle_of
from tests.server.mcp.conftest import MODES, photo, words

FIND = "find_personal_objects"
RED = photo("red")


async def asked(server: Any, mode: str = MODES[0], /, **arguments: Any) -> Any:
    """Search a photo."""
    async with Client(server, mode=mode) as client:
        return await client.call_tool(FIND, arguments)


async def test_a_photo_that_is_named_by_path_is_the_latest_from_then_on(local):
    async with Client(local()) as client:
        named = await client.call_tool(FIND, {"image": "red.png"})
        latest = await client.call_tool(FIND, {})
    assert named.structured_content["image"] == handle_of(RED)
    assert latest.structured_content["image"] == handle_of(RED)


async def test_several_photos_by_path_tell_how_far_they_are(local, folder):
    (folder / "third.png").write_bytes(photo("red", "green"))
    told = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    async with Client(local()) as client:
        result = await client.call_tool(
            "remember_object",
            {"name": "Biscuit", "category": "dog", "images": ["red.png", "third.png"]},
            progress_callback=progress,
        )
    assert not result.is_error
    assert told == [(1, 3, "Read photo 1 of 2"), (2, 3, "Read photo 2 of 2")]


async def test_more_photos_than_can_be_remembered_are_not_read_at_all(local):
    server = local()
    given = {"name": "Biscuit", "category": "dog", "images": ["red.png"] * (MAX_VIEWS + 1)}
    async with Client(server) as client:
        result = await client.call_tool("remember_object", given)
    assert result.is_error
    assert f"at most {MAX_VIEWS} photos, found {MAX_VIEWS + 1}" in words(result)
    assert server.service.recent.handles("default") == []


@pytest.mark.parametrize("image", ["attached.png", "/etc/passwd", "img_" + "0" * 32, "latest"])
async def test_who_has_no_photo_is_told_how_one_gets_in(local, folder, tmp_path, image):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    result = await asked(local(console=True, inbox=str(inbox)), image=image)
    assert result.is_error
    assert "attached to the conversation never reach this server" in words(result)
    assert f"path of one below {folder}" in words(result)
    assert f"put into {inbox}" in words(result)
    assert "http://127.0.0.1:8321/upload" in words(result)


async def test_the_files_of_the_server_itself_are_no_photos(local, folder):
    """Where the memory lies below the folder of photos: its pictures are of all users."""
    server = local(memory=str(folder / "memory"))
    (folder / "memory" / "stray.png").parent.mkdir(exist_ok=True)
    (folder / "memory" / "stray.png").write_bytes(RED)
    assert (await asked(server, image="memory/stray.png")).is_error


async def test_what_is_named_like_a_photo_and_is_none_is_refused_without_its_content(local, folder):
    (folder / "secret.png").write_text("the password is swordfish")
    result = await asked(local(), image="secret.png")
    assert result.is_error
    assert "swordfish" not in words(result)
    assert "<bytes" not in words(result)


async def test_a_photo_of_too_many_pixels_is_refused(local, folder):
    solid_scene({}, (200, 200)).save(folder / "large.png")
    result = await asked(local(max_pixels=160 * 120), image="large.png")
    assert result.is_error
    assert "40000" in words(result) or "0.04" in words(result)


async def test_the_newest_photo_of_the_inbox_is_the_latest(local, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for at, name in enumerate(("red", "blue", "green")):
        (inbox / f"{name}.png").write_bytes(photo(name))
        os.utime(inbox / f"{name}.png", (1e9 + at, 1e9 + at))
    result = await asked(local(inbox=str(inbox)))
    assert result.structured_content["image"] == handle_of(photo("green"))


async def test_an_inbox_that_holds_rubbish_hinders_only_who_asks_for_it(local, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "rubbish.png").write_text("rubbish")
    server = local(inbox=str(inbox))
    assert (await asked(server)).is_error
    assert not (await asked(server, image="red.png")).is_error


@pytest.mark.parametrize("head", ["", "data:image/png;base64,"])
async def test_a_program_hands_over_a_photo(local, head):
    async with Client(local()) as client:
        added = await client.call_tool(
            "add_photo", {"photo": head + base64.encodebytes(RED).decode()}
        )
        found = await client.call_tool(FIND, {"image": added.structured_content["image"]})
    assert added.structured_content["image"] == handle_of(RED)
    assert not found.is_error


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "data:image/png;base64,",
        "iVBORw0KGgo",
        "this is not base64 at all!",
        "é",
        base64.b64encode(b"no picture").decode(),
        base64.b64encode(RED[:60]).decode(),
        base64.b64encode(b"0" * 2000).decode(),
        7,
        None,
        ["x"],
        {"photo": "x"},
    ],
)
async def test_what_is_no_photo_is_refused_and_nothing_is_kept(local, given):
    server = local(max_bytes=1000)
    async with Client(server) as client:
        result = await client.call_tool("add_photo", {"photo": given})
    assert result.is_error
    assert "expected" in words(result)
    assert server.service.recent.handles("default") == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("action", ["accept", "decline"])
async def test_a_client_that_can_opens_the_page_for_photos(local, mode, action):
    opened = []

    async def elicited(_: Any, params: Any) -> ElicitResult:
        opened.append((params.mode, params.url, params.message))
        return ElicitResult(action=action)

    server = local(console=True, public_url="https://things.example")
    async with Client(server, mode=mode, elicitation_callback=elicited) as client:
        result = await client.call_tool("ask_for_photo", {"reason": "Who is in it?"})
    url = "https://things.example/upload"
    assert opened == [("url", url, "Who is in it? Drop it on the page that opens.")]
    assert result.structured_content["opened"] is (action == "accept")
    assert ('"latest"' in words(result)) is (action == "accept")


@pytest.mark.parametrize(("mode", "opens"), [(MODES[0], True), ("legacy", False)])
async def test_over_http_only_the_newer_protocol_opens_it(http, mode, opens):
    """An older server would have to ask back, and a request by itself has no way for that."""

    async def elicited(_: Any, params: Any) -> ElicitResult:
        assert params.url == f"{http.url}/upload"
        return ElicitResult(action="accept")

    async with http.client("ann", mode, elicitation_callback=elicited) as client:
        result = await client.call_tool("ask_for_photo", {})
    assert result.structured_content["opened"] is opens
    assert f"{http.url}/upload" in words(result)


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_cannot_is_told_the_link(local, mode):
    async with Client(local(console=True), mode=mode) as client:
        result = await client.call_tool("ask_for_photo", {})
    assert not result.is_error
    assert "http://127.0.0.1:8321/upload" in words(result)
    assert result.structured_content["opened"] is False


async def test_without_a_console_no_page_is_offered(local):
    async with Client(local()) as client:
        assert "ask_for_photo" not in [each.name for each in (await client.list_tools()).tools]
        result = await client.call_tool(FIND, {})
    assert "/upload" not in words(result)


@pytest.mark.parametrize("mode", MODES)
async def test_photos_below_the_roots_of_a_client_on_this_machine_may_be_named(
    local, tmp_path, mode
):
    root = tmp_path / "a root"
    root.mkdir()
    (root / "blue.png").write_bytes(photo("blue"))

    async def roots(_: Any) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=root.as_uri())])

    server = local(photos=())
    async with Client(server, mode=mode, list_roots_callback=roots) as client:
        within = await client.call_tool(FIND, {"image": str(root / "blue.png")})
        outside = await client.call_tool(FIND, {"image": str(tmp_path / "photos" / "red.png")})
    assert within.structured_content["image"] == handle_of(photo("blue"))
    assert outside.is_error


async def test_over_http_the_roots_of_a_client_are_on_another_machine(http, folder: Path):
    async def roots(_: Any) -> ListRootsResult:
        pytest.fail("asked for roots")

    async with http.client("ann", list_roots_callback=roots) as client:
        result = await client.call_tool(FIND, {"image": str(folder / "red.png")})
    assert result.is_error


async def test_folders_and_inbox_of_the_machine_are_its_users_alone(serving, folder, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "blue.png").write_bytes(photo("blue"))
    server = serving(user="ann", photos=(str(folder),), inbox=str(inbox))
    for user, allowed in (("ann", True), ("bob", False)):
        async with server.client(user) as client:
            by_path = await client.call_tool(FIND, {"image": str(folder / "red.png")})
            latest = await client.call_tool(FIND, {})
            tool = (await client.list_tools()).tools[1]
        assert by_path.is_error is not allowed
        assert latest.is_error is not allowed
        assert f"below {folder}" not in words(latest)
        assert str(inbox) not in words(latest)
        assert ("path" in tool.input_schema["properties"]["image"]["description"]) is allowed


async def test_where_other_machines_reach_the_server_no_path_is_read(serving, folder):
    """As REST has it: see ``may_name_paths``."""
    server = serving(user="ann", photos=(str(folder),), host="0.0.0.0", hosts=("127.0.0.1",))
    server.url = server.url.replace("0.0.0.0", "127.0.0.1")
    async with server.client("ann") as client:
        assert (await client.call_tool(FIND, {"image": str(folder / "red.png")})).is_error
