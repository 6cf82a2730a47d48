"""What a server writes is readable by the account that it runs as, and by nobody else."""

from __future__ import annotations

import json
import os
import stat

import pytest

from benchmarks.server.in_process import answer_to
from benchmarks.server.people import built, three_people
from pekit_agents.server.settings import ServerSettings
from pekit_agents.server.tokens import Tokens
from pekit_agents.testing.fakes import graded_profile


@pytest.fixture
def anybody_may_read():
    """An account whose files everybody may read and write, unless the program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
async def test_folders_and_files_of_the_server_are_its_own(tmp_path, running, anybody_may_read):
    ann = three_people()[0]
    settings = ServerSettings(
        memory=str(tmp_path / "memory"),
        state=str(tmp_path / "state"),
        tokens=dict([ann.hashed]),
        threads=1,
    )
    Tokens(settings.token_file).add("bob")
    async with running(settings, graded_profile()) as app:
        await ann.fill(app)
        key = (*ann.headers, ("idempotency-key", "a-key-of-ann"))
        said = {"name": "another", "category": "thing"}
        photo = ("p.png", ann.photo(), "image/png")
        answer = await answer_to(
            app, built("POST", "/v1/objects", key, data=said, files={"photos": photo})
        )
        assert answer.status == 201
        app.state.service.note_seen("ann", [json.loads(answer.body)["object_id"]])
    state = settings.folder
    modes = {
        str(path.relative_to(state)): stat.S_IMODE(path.stat().st_mode)
        for path in (state, *state.rglob("*"))
    }
    parts = {name.split("/")[0] for name in modes}
    assert parts >= {".", "tokens.json", "pictures", "recent", "requests", "seen"}, parts
    folders = {name for name in modes if (state / name).is_dir()}
    assert {modes[each] for each in folders} == {0o700}
    assert {mode for name, mode in modes.items() if name not in folders} == {0o600}
