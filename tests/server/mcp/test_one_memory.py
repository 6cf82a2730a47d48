"""One memory behind every door: what a person introduces in the console is found at all others."""

from __future__ import annotations

import httpx2

from pekit_agents.testing.fakes import graded_profile
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.langchain import PersonalToolkit
from tests.server.mcp.conftest import TOKENS, photo, words

ONE = "1" * 32


async def test_what_the_console_introduces_is_found_by_langchain_mcp_and_rest(http):
    bearer = {"Authorization": f"Bearer {TOKENS['ann']}"}
    red = {"photo": ("red.png", photo("red"), "image/png")}
    async with httpx2.AsyncClient(base_url=http.url, headers=bearer) as browser:
        assert (await browser.post("/upload", files=red)).is_success
        (handle,) = http.service.latest("ann")
        form = {"object_id": ONE, "name": "Biscuit", "category": "dog", "photo": handle, "box": ""}
        assert (await browser.post("/introduce", data=form, follow_redirects=True)).is_success
        found = (await browser.post("/v1/find", files=red)).json()
    assert [match["object_id"] for match in found["matches"]] == [ONE]

    async with http.client("ann") as client:
        told = await client.call_tool("find_personal_objects", {"image": "latest"})
    assert '"Biscuit" (category "dog")' in words(told)

    settings = http.service.settings
    toolkit = PersonalToolkit.open(
        settings.memory,
        user_id="ann",
        profile=graded_profile(),
        images=DirectoryImageStore(settings.folder / "pictures"),
    )
    (find,) = (each for each in toolkit.get_tools() if each.name == "find_personal_objects")
    assert '"Biscuit" (category "dog")' in str(find.invoke({"image": handle}))
