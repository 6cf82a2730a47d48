"""Clips over MCP: by path and by handle, one after another, with a progress that ends them."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from typing import Any

import anyio
import pytest
from mcp import Client

from pekit_agents.testing.fakes import solid_scene, to_png
from pekit_agents.tools.clip_findings import SearchStopped
from tests.server.mcp.conftest import MODES, picture_blocks, words
from tests.tools.moving_pictures import film

BISCUIT = {"name": "Biscuit", "category": "dog", "images": ["red.png"]}
WALK = film(None, "red", "blue")


@pytest.fixture
def walk(folder):
    (folder / "walk.mp4").write_bytes(WALK)
    return folder / "walk.mp4"


@pytest.mark.parametrize("mode", MODES)
async def test_a_clip_is_searched_by_its_path_and_again_by_its_handle(local, walk, mode):
    server = local()
    async with Client(server, mode=mode) as client:
        await client.call_tool("remember_object", BISCUIT)
        by_path = await client.call_tool("find_in_video", {"clip": "walk.mp4"})
        handle = by_path.structured_content["clip"]
        by_handle = await client.call_tool("find_in_video", {"clip": handle})
        latest = await client.call_tool("find_in_video", {})
        whole_path = await client.call_tool("find_in_video", {"clip": str(walk), "start": "0:02.5"})
        asked = await client.call_tool(
            "describe_personal", {"question": "When is Biscuit seen?", "image": handle}
        )
    assert '"Biscuit" (category "dog")' in words(by_path)
    assert words(by_handle) == words(latest) == words(by_path)
    assert len(picture_blocks(by_path)) == 1  # the contact sheet
    assert re.findall(r"[A-Za-z0-9+/=]{100,}", json.dumps(by_path.structured_content)) == []
    assert whole_path.structured_content["sightings"] == []
    assert '- "Biscuit": 0:01.' in words(asked)
    assert len(picture_blocks(asked)) == 1


@pytest.mark.parametrize(
    "clip", ["../walk.mp4", "/etc/passwd", "secret.mp4", "red.png", "link.mp4"]
)
async def test_what_is_no_clip_below_the_folders_is_refused_alike(local, folder, walk, clip):
    walk.rename(folder.parent / "walk.mp4")
    (folder / "link.mp4").symlink_to(folder.parent / "walk.mp4")
    async with Client(local()) as client:
        result = await client.call_tool("find_in_video", {"clip": clip})
    assert result.is_error
    assert "which is not there, no clip, or outside of what may be read" in words(result)
    assert f"give the path of one below {folder}" in words(result)


async def test_a_photo_by_the_name_of_a_clip_and_a_photos_handle_are_refused(local, folder):
    (folder / "photo.mp4").write_bytes(to_png(solid_scene({})))
    async with Client(local()) as client:
        renamed = await client.call_tool("find_in_video", {"clip": "photo.mp4"})
        confused = await client.call_tool("find_in_video", {"clip": "img_" + "0" * 32})
        reverse = await client.call_tool("find_personal_objects", {"image": "clip_" + "0" * 32})
    assert "found something else, such as a photo" in words(renamed)
    assert "find_personal_objects" in words(confused)
    assert "find_in_video" in words(reverse)


async def test_who_has_no_clip_is_told_how_one_comes_in(http):
    async with http.client("ann") as client:
        result = await client.call_tool("find_in_video", {})
    assert result.is_error
    assert "never reach this server" in words(result)
    assert f"{http.url}/v1/find/video" in words(result)


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_hears_how_far_a_search_is(local, walk, mode):
    heard = []

    async def hear(progress, total, message):
        heard.append((progress, total, message))

    async with Client(local(), mode=mode) as client:
        await client.call_tool("remember_object", BISCUIT)
        await client.call_tool("find_in_video", {"clip": "walk.mp4"}, progress_callback=hear)
        with anyio.fail_after(10):
            while len(heard) < 2:
                await anyio.sleep(0.01)
    assert [far for far, _, _ in heard] == sorted(far for far, _, _ in heard)
    assert heard[-1][1] == pytest.approx(3.0, abs=0.2)


async def test_cancelling_ends_a_search_and_photos_do_not_wait_for_one(local, walk, monkeypatch):
    server = local(threads=1)
    begun, ended = threading.Event(), threading.Event()

    def endless(*args: Any) -> Any:
        begun.set()
        try:
            while True:
                args[-1](0.0, None)
                ended.wait(0.01)
        except SearchStopped:
            ended.set()
            raise

    async with Client(server, mode="legacy") as client:
        await client.call_tool("remember_object", BISCUIT)
        monkeypatch.setattr(server.service.actions.clip_findings, "find", endless)
        task = asyncio.create_task(client.call_tool("find_in_video", {"clip": "walk.mp4"}))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        with anyio.fail_after(20):  # a photo finds its thread free
            found = await client.call_tool("find_personal_objects", {"image": "red.png"})
        assert '"Biscuit"' in words(found)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, 20)
        with anyio.fail_after(20):
            while server.service.watching.waiting:
                await asyncio.sleep(0.01)
