"""No annotated picture outlives what is written on it, whoever forgets it and whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pekit_agents import MemoryStoreError, ObjectNotFound, PeKit
from pekit_agents.memory.table import maintenance
from pekit_agents.retrievers.object_search import ObjectSearch
from pekit_agents.testing import fake_profile
from pekit_agents.tools.action_result import ActionError
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import MemoryImageStore, UnknownImage


class OldStore:
    """A store of somebody else's, which does not list what its pictures are about."""

    def __init__(self) -> None:
        self._store = MemoryImageStore()
        for name in ("put", "get", "delete", "delete_about", "clear"):
            setattr(self, name, getattr(self._store, name))


@pytest.fixture(params=["memory", "directory", "another's"])
def images(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "directory":
        return DirectoryImageStore(tmp_path / "images")
    return MemoryImageStore() if request.param == "memory" else OldStore()


@pytest.fixture
def actions(tmp_path: Path, images: Any) -> PersonalActions:
    return PersonalActions.open(tmp_path / "memory", fake_profile(), images)


@pytest.fixture
def again(tmp_path: Path) -> Callable[[], PersonalActions]:
    """Open the memory and the pictures as a new process does."""
    return lambda: PersonalActions.open(
        tmp_path / "memory", fake_profile(), DirectoryImageStore(tmp_path / "images")
    )


def gone(actions: PersonalActions, handle: str) -> bool:
    try:
        actions.images.get("ann", handle)
    except UnknownImage:
        return True
    return False


def annotated(actions: PersonalActions, handle: str) -> str:
    return actions.find_personal_objects("ann", handle).record["annotated_image"]


def killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def full(*_: Any, **__: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("verb", ["find", "describe", "retrieve", "retrieve a picture"])
def test_what_is_forgotten_while_it_is_drawn_leaves_no_picture(
    actions: PersonalActions,
    biscuit: str,
    red: bytes,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    put, kept = actions.images.put, []

    def slow(user_id: str, image: bytes, *, about: Any = ()) -> str:
        if about and not kept:
            actions.forget_personal_object("ann", "Biscuit")
        kept.append(put(user_id, image, about=about))
        return kept[-1]

    monkeypatch.setattr(actions.images, "put", slow)
    search = ObjectSearch(actions, "ann", instead="words")
    said = {
        "find": lambda: actions.find_personal_objects("ann", biscuit).text,
        "describe": lambda: actions.describe_personal("ann", "Who?", biscuit).text,
        "retrieve": lambda: search.query(biscuit, 3),
        "retrieve a picture": lambda: search.picture(red, 3),
    }[verb]()
    assert "Biscuit" not in str(said)
    (handle,) = kept
    assert gone(actions, handle)


def test_objects_that_are_forgotten_in_every_search_are_said_and_leave_no_picture(
    actions: PersonalActions, biscuit: str, red: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, put, kept = actions.open_kit("ann"), actions.images.put, []

    def slow(user_id: str, image: bytes, *, about: Any = ()) -> str:
        kit.forget("Biscuit")
        kept.append(put(user_id, image, about=about))
        kit.remember("Biscuit", red, category="dog")
        return kept[-1]

    monkeypatch.setattr(actions.images, "put", slow)
    with pytest.raises(ActionError, match="forgotten meanwhile; search it again"):
        actions.find_personal_objects("ann", biscuit)
    assert all(gone(actions, handle) for handle in kept)


FINISHED_BY: dict[str, Callable[[PersonalActions, str], Any]] = {
    "a list": lambda actions, _: actions.list_personal_objects("ann"),
    "a search": lambda actions, handle: actions.find_personal_objects("ann", handle),
    "what a model is shown": lambda actions, handle: actions.findings.view("ann", handle),
    "forgetting it again": lambda actions, _: _fails(actions.forget_personal_object, "Biscuit"),
    "forgetting another": lambda actions, _: _fails(actions.forget_personal_object, "Rex"),
}


def _fails(forget: Callable[..., Any], name: str) -> None:
    with pytest.raises(ActionError):
        forget("ann", name)


@pytest.mark.parametrize("finish", FINISHED_BY.values(), ids=FINISHED_BY)
def test_a_process_that_dies_while_it_forgets_leaves_the_rest_to_the_next(
    again: Callable[[], PersonalActions],
    red: bytes,
    monkeypatch: pytest.MonkeyPatch,
    finish: Callable[[PersonalActions, str], Any],
) -> None:
    dying = again()
    handle = dying.images.put("ann", red)
    dying.remember_object("ann", "Biscuit", "dog", images=[handle])
    shown = annotated(dying, handle)
    monkeypatch.setattr(dying.images, "delete_about", killed)
    with pytest.raises(KeyboardInterrupt):
        dying.forget_personal_object("ann", "Biscuit")
    assert not gone(again(), shown)
    finish(again(), handle)
    assert gone(again(), shown)
    assert again().images.get("ann", handle) == red


@pytest.mark.parametrize("way", ["forget", "merge", "everything"])
def test_what_somebody_else_forgets_leaves_the_pictures_too(
    again: Callable[[], PersonalActions], red: bytes, tmp_path: Path, way: str
) -> None:
    actions = again()
    handle = actions.images.put("ann", red)
    actions.remember_object("ann", "Biscuit", "dog", images=[handle])
    shown = annotated(actions, handle)
    elsewhere = PeKit.open(tmp_path / "memory", profile=fake_profile(), user_id="ann")
    if way == "merge":
        elsewhere.remember("Rex", red, category="dog")
        elsewhere.merge("Rex", "Biscuit")
    elif way == "forget":
        elsewhere.forget("Biscuit")
    else:
        elsewhere.forget_everything()
    actions.list_personal_objects("ann")
    assert gone(actions, shown)


def test_pictures_go_also_where_the_bytes_of_the_memory_cannot(
    actions: PersonalActions, biscuit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = annotated(actions, biscuit)
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", full)
        with pytest.raises(MemoryStoreError, match="is gone"):
            actions.forget_personal_object("ann", "Biscuit")
    assert gone(actions, shown)
    assert actions.forget_personal_object("ann", "Biscuit").record["name"] == "Biscuit"


def test_pictures_that_cannot_be_deleted_do_not_stop_a_search(
    again: Callable[[], PersonalActions],
    red: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    actions = again()
    handle = actions.images.put("ann", red)
    actions.remember_object("ann", "Biscuit", "dog", images=[handle])
    annotated(actions, handle)
    actions.open_kit("ann").forget("Biscuit")
    monkeypatch.setattr(Path, "unlink", full)
    assert "nothing" in actions.find_personal_objects("ann", handle).text.lower()
    assert "No space left" in caplog.text


def test_a_picture_about_an_object_that_is_gone_is_not_kept(
    actions: PersonalActions, biscuit: str
) -> None:
    finding = actions.findings.find("ann", biscuit)
    actions.forget_personal_object("ann", "Biscuit")
    with pytest.raises(ObjectNotFound, match="forgotten meanwhile"):
        actions.annotated.keep("ann", finding)
