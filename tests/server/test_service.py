from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pekit_agents.errors import ImageError, InvalidInput, MemoryStoreError
from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.server.service import Service, _answerer
from pekit_agents.server.settings import ServerSettings
from pekit_agents.testing.fakes import graded_profile, solid_scene, to_png


def photo(colour="red", left=20) -> bytes:
    return to_png(solid_scene({colour: (left, 20, left + 60, 80)}))


@pytest.fixture
def service(tmp_path):
    def make(**given):
        settings = ServerSettings(memory=str(tmp_path / "memory"), **given)
        return Service(settings, graded_profile())

    return make


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_a_photo_is_kept_and_is_the_latest(service):
    made = service()
    first, second = made.take_in("ann", photo(), at=1.0), made.take_in("ann", photo("blue"), at=2.0)
    assert made.latest("ann") == [second, first]
    assert made.images.get("ann", first) == photo()
    assert made.latest("bob") == []


@pytest.mark.parametrize("content", [b"", b"no photo", photo()[:200]])
def test_of_what_is_no_photo_nothing_is_kept(service, content, tmp_path):
    made = service()
    with pytest.raises(ImageError):
        made.take_in("ann", content)
    assert made.latest("ann") == []
    assert not (tmp_path / "memory" / ".server" / "pictures").exists()


def test_the_newest_of_the_inbox_is_the_latest_of_one_user(service, inbox):
    made = service(inbox=str(inbox))
    assert made.latest("default") == []
    older = made.take_in("default", photo("blue"), at=2.0)
    (inbox / "a.PNG").write_bytes(photo())
    os.utime(inbox / "a.PNG", (1, 1))  # taken long ago: that it came now counts
    handle, _ = made.latest("default")
    assert made.images.get("default", handle) == photo()
    assert made.latest("default") == [handle, older]
    made.images.delete("default", handle)
    made.recent.discard("default", [handle])
    newer = made.take_in("default", photo("green"), at=2.0**40)
    assert made.latest("default") == [newer, older]  # it is not taken in again
    assert made.latest("ann") == []


def test_what_is_no_photo_in_the_inbox_is_passed_over(service, inbox):
    for name in ("notes.txt", ".a.png", "b.png.part"):
        (inbox / name).write_bytes(photo())
    (inbox / "folder.png").mkdir()
    os.mkfifo(inbox / "pipe.png")
    assert service(inbox=str(inbox)).latest("default") == []


def test_a_photo_of_the_inbox_has_the_limits_of_any(service, inbox):
    (inbox / "a.png").write_bytes(photo())
    with pytest.raises(ImageError):
        service(inbox=str(inbox), max_bytes=100).latest("default")


def test_an_inbox_that_is_gone_is_said(service, inbox):
    made = service(inbox=str(inbox))
    inbox.rmdir()
    with pytest.raises(MemoryStoreError, match="expected an inbox whose photos can be read"):
        made.latest("default")


def filled(made: Service, user: str) -> None:
    """Have a user with all that there is: things, pictures, doubts, a photo library."""
    handle = made.take_in(user, photo())
    made.actions.remember_object(user, f"{user}'s", "dog", images=[handle])
    made.actions.find_personal_objects(user, handle)
    doubtful = made.kit(user).find(photo("pale red"))
    assert doubtful.possible
    made.kit(user).review.keep(doubtful, label="a doubt")
    settings = made.settings
    library = PhotoLibrary.open(settings.memory, user_id=user, profile=graded_profile())
    library.index([("a photo", photo())])
    made.note_seen(user, [each.object_id for each in made.kit(user).objects()])
    made.finished.once(user, "a key", "a digest", lambda: {"object_id": "x"})


def test_only_what_is_remembered_has_a_time(service):
    made = service()
    filled(made, "ann")
    (known,) = made.kit("ann").objects()
    made.note_seen("ann", [known.object_id, "0" * 32])
    assert made.seen.times("ann", {known.object_id, "0" * 32}).keys() == {known.object_id}


def test_what_was_found_is_not_found_again_for_who_is_forgotten(service):
    """A photo that was searched is not searched anew, until its user is forgotten."""
    made = service()
    filled(made, "ann")
    made.actions.find_personal_objects("ann", made.latest("ann")[0])
    assert made.actions.findings._kept
    made.forget_user("ann")
    assert not made.actions.findings._kept


def bytes_of(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()} - {b""}


def test_nothing_is_left_of_a_user_who_is_forgotten(service, tmp_path):
    made, memory = service(), tmp_path / "memory"
    filled(made, "bob")
    before = bytes_of(memory)
    filled(made, "ann")
    assert len(bytes_of(memory)) > len(before)
    made.forget_user("ann")
    made.forget_user("ann")
    assert made.kit("ann").objects() == []
    assert made.kit("ann").review.list() == []
    assert made.latest("ann") == []
    library = PhotoLibrary.open(str(memory), user_id="ann", profile=graded_profile())
    assert library.photo_ids() == []
    assert {each for each in bytes_of(memory) if b"ann" in each} == set()
    # Files of the server are called by hashes of who they are of: bob's are all that is left.
    for part, count in (("pictures", 1), ("recent", 1), ("seen", 1), ("requests", 1)):
        folder = memory / ".server" / part
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
        users = {path.relative_to(folder).parts[0] for path in files if path.name[0] != "."}
        assert len(users) == count, part
    assert made.finished.once("ann", "a key", "a digest", lambda: {"n": 1}) == ({"n": 1}, False)
    assert len(made.kit("bob").objects()) == 1
    assert len(made.latest("bob")) == 1


def test_a_memory_that_cannot_be_opened_is_forgotten_as_well(service, tmp_path):
    made = service()
    filled(made, "ann")
    (users,) = [each for each in (tmp_path / "memory").iterdir() if len(each.name) == 64]
    for versions in users.rglob("_versions"):
        shutil.rmtree(versions)
        versions.write_text("damaged")
    anew = service()
    anew.forget_user("ann")
    assert anew.kit("ann").objects() == []
    assert anew.latest("ann") == []


async def test_a_memory_in_a_bucket_is_served(tmp_path, bucket, ask, running):
    settings = ServerSettings(
        memory=bucket.uri, state=str(tmp_path / "state"), storage_options=bucket.options
    )
    async with running(settings, graded_profile()) as app:
        made = app.state.service
        handle = made.take_in("default", photo())
        await made.see(
            "default", made.actions.remember_object, "default", "Ruby", "dog", "", [handle]
        )
        answer = await ask(app, "GET", "/v1/objects")
        assert b"Ruby" in answer.body
        assert (await ask(app, "DELETE", "/v1/me")).status < 300
        assert b"Ruby" not in (await ask(app, "GET", "/v1/objects")).body
    assert not any(b"Ruby" in each for each in bucket.content().values())


def test_what_the_settings_say_reaches_the_verbs_and_the_threads(tmp_path, monkeypatch):
    given, model = {}, object()

    def opened(*args, **options):
        given.update(dict(zip(("path", "profile", "images", "answerer"), args, strict=True)))
        given.update(options)

    monkeypatch.setattr("pekit_agents.server.service.PersonalActions.open", opened)
    monkeypatch.setattr("pekit_agents.server.service._answerer", lambda settings: model)
    settings = ServerSettings(
        memory=str(tmp_path / "memory"), profile="a profile", mode="thorough", keep_crops=False,
        strictness=0.25, storage_options={"region": "x"}, max_bytes=1234, threads=3, queue=5,
        per_user=2, tokens={"ab" * 32: "ann"},
    )  # fmt: skip
    made = Service(settings)
    assert given == {
        "path": settings.memory, "profile": "a profile", "images": made.images, "answerer": model,
        "mode": "thorough", "keep_crops": False, "limits": settings.limits, "strictness": 0.25,
        "storage_options": {"region": "x"}, "clips": made.clips,
    }  # fmt: skip
    assert made.clips.max_bytes == settings.max_clip
    assert given["limits"].max_bytes == 1234
    assert (made.vision._free, made.vision._places, made.vision._per_user) == (3, 8, 2)
    assert (made.watching._free, made.watching._places, made.watching._per_user) == (1, 6, 2)
    assert (made.records._free, made.records._places, made.records._per_user) == (4, 9, 2)


@pytest.mark.parametrize(
    ("verb", "work"), [("see", "vision"), ("look_up", "records"), ("watch", "watching")]
)
async def test_work_is_done_with_all_that_it_is_given(service, monkeypatch, verb, work):
    made, noted = service(), []

    async def run(*args, **options):
        noted.append((args, options))
        return "done"

    monkeypatch.setattr(getattr(made, work), "run", run)
    assert await getattr(made, verb)("ann", max, 1, 2, key=abs) == "done"
    assert noted == [(("ann", max, 1, 2), {"key": abs})]


@pytest.mark.parametrize("endpoint", [None, "http://localhost:8000/v1"])
def test_a_chat_model_is_that_of_the_endpoint(service, monkeypatch, endpoint):
    monkeypatch.setattr(
        "pekit_agents.answering.openai_compatible.OpenAIAnswerModel", lambda *args: args
    )
    if endpoint is None:
        with pytest.raises(InvalidInput, match="expected the endpoint of the model"):
            service(model="a model")
    else:
        assert _answerer(ServerSettings(model="a model", endpoint=endpoint)) == (
            endpoint,
            "a model",
        )
