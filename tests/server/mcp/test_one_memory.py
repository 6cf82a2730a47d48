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


async def test_wherever_a_thing_is_named_it_was_seen(http):
    kit = http.service.actions.open_kit("ann")
    bearer = {"Authorization": f"Bearer {TOKENS['ann']}"}
    names = {"red": "Biscuit", "blue": "Ruby"}
    ids = {}
    for colour, name in names.items():
        ids[colour] = kit.remember(name, photo(colour), category="toy").object_id

    def seen() -> set[str]:
        return set(http.service.seen.times("ann", set(ids.values())))

    assert seen() == set()
    async with httpx2.AsyncClient(base_url=http.url, headers=bearer) as program:
        sent = {"photo": ("red.png", photo("red"), "image/png")}
        assert (await program.post("/v1/find", files=sent)).is_success
    assert seen() == {ids["red"]}
    handle = http.service.take_in("ann", photo("blue"))
    async with http.client("ann") as client:
        await client.call_tool("find_personal_objects", {"image": handle})
    assert seen() == set(ids.values())
