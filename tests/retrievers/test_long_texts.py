"""A text's length is looked at before anything else, wherever text comes in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.retrievers import langchain, llama_index
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import solid_scene
from pekit_agents.tools.actions import ActionError, PersonalActions

LONG = "e\u0301\u0327" * 700_000  # two million characters whose normal form is slow to find
PHOTO = solid_scene({"red": (20, 20, 80, 80)})


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No text beyond some pages is normalised."""
    normalize = unicodedata.normalize

    def guard(form: Any, text: str) -> str:
        assert len(text) < 100_000
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", guard)


DOORS: dict[str, Callable[[Any], Any]] = {
    "name": lambda at: at.kit.remember(LONG, PHOTO, category="dog"),
    "category": lambda at: at.kit.remember("Rex", PHOTO, category=LONG),
    "context": lambda at: at.kit.remember("Rex", PHOTO, category="dog", context=LONG),
    "update": lambda at: at.kit.update("Biscuit", context=LONG),
    "rename": lambda at: at.kit.update("Biscuit", name=LONG),
    "get": lambda at: at.kit.get(LONG),
    "forget": lambda at: at.kit.forget(LONG),
    "extract": lambda at: at.kit.extract_view(PHOTO, category=LONG),
    "prompt": lambda at: at.kit.prompt(PHOTO, LONG),
    "describe": lambda at: at.kit.describe(PHOTO, LONG, answerer=lambda image, text: "yes"),
    "from memory": lambda at: at.kit.describe(None, LONG, answerer=lambda image, text: "yes"),
    "library": lambda at: at.library.search_text(LONG),
    "library by name": lambda at: at.library.search([LONG]),
    "langchain": lambda at: langchain.PersonalObjectRetriever(
        actions=at.actions, user_id="ann"
    ).invoke(LONG),
    "llama-index": lambda at: llama_index.PersonalObjectRetriever(at.actions, "ann").retrieve(LONG),
    "photos": lambda at: langchain.PhotoLibraryRetriever(library=at.library).invoke(LONG),
    "tool remember": lambda at: at.actions.remember_object("ann", LONG, "dog", images=[at.handle]),
    "tool add": lambda at: at.actions.add_photos("ann", LONG, [at.handle]),
    "tool image": lambda at: at.actions.find_personal_objects("ann", LONG),
    "tool question": lambda at: at.actions.describe_personal("ann", LONG),
    "tool search": lambda at: at.actions.list_personal_objects("ann", LONG),
    "tool update": lambda at: at.actions.update_personal_object("ann", "Biscuit", category=LONG),
    "tool correct": lambda at: at.actions.correct_personal("ann", LONG, "is", at.handle),
    "tool forget": lambda at: at.actions.forget_personal_object("ann", LONG),
}


class Doors:
    def __init__(self, actions: PersonalActions, root: Any, picture: bytes) -> None:
        self.actions, self.kit = actions, actions.open_kit("ann")
        self.handle = actions.images.put("ann", picture)
        self.library = PhotoLibrary.open(root, "ann", self.kit.profile)


@pytest.mark.parametrize("door", DOORS)
def test_a_text_that_is_too_long_is_refused_unread(
    actions: PersonalActions, root: Any, photo: Any, guarded: None, door: str
) -> None:
    doors = Doors(actions, root, photo("red"))
    with pytest.raises((InvalidInput, ActionError)) as caught:
        DOORS[door](doors)
    assert len(str(caught.value)) < 500
    assert len(doors.kit.objects()) == 3


def test_an_error_never_holds_a_text_in_its_whole_length(actions: PersonalActions) -> None:
    for name in ("x" * 9_000, "\u200b" * 9_000, '"' * 9_000):
        with pytest.raises(ActionError) as caught:
            actions.forget_personal_object("ann", name)
        assert len(str(caught.value)) < 400
