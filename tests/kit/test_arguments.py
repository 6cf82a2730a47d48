"""A kit that is given the wrong thing says what to give it, and nothing is changed."""

from __future__ import annotations

import pytest

from pekit_agents import InvalidInput, PeKit, ProfileError
from pekit_agents.testing import fake_profile, solid_scene

PHOTO = solid_scene({"red": (20, 20, 90, 90)})


@pytest.fixture
def kit(tmp_path) -> PeKit:
    opened = PeKit.open(tmp_path / "memory", profile=fake_profile())
    opened.remember("Biscuit", PHOTO, category="dog")
    return opened


MATCH = r"^expected a Match, found .*; take one from the matches or possible of find\(photo\), or "
FINDING = r"^expected a Finding, found \w+; pass what find\(photo\) returned$"
REF = r"^expected the name or id of an object, found \w+; pass its name or object_id as text$"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda kit: kit.reject("Biscuit", PHOTO), MATCH + r"call reject_in\(find\(photo\), name"),
        (lambda kit: kit.confirm("Biscuit"), MATCH + r"call confirm_in\(find\(photo\), name\)$"),
        (lambda kit: kit.confirm(kit.find(PHOTO)), MATCH),
        (lambda kit: kit.reject(kit.get("Biscuit")), MATCH),
        (lambda kit: kit.confirm(kit.find(PHOTO).matches[0], PHOTO), REF),
        (lambda kit: kit.reject(kit.find(PHOTO).matches[0], kit.get("Biscuit")), REF),
        (lambda kit: kit.confirm_in(PHOTO, "Biscuit"), FINDING),
        (lambda kit: kit.confirm_in("Biscuit", kit.find(PHOTO)), REF),
        (lambda kit: kit.reject_in(PHOTO, "Biscuit"), FINDING),
        (lambda kit: kit.is_rejected_in(PHOTO, "Biscuit"), FINDING),
        (lambda kit: kit.confirm_in(kit.find(PHOTO), "Biscuit", region="1"), "found '1'; search"),
        (lambda kit: kit.not_mine(PHOTO, "Biscuit"), REF),
        (lambda kit: kit.second_opinion(PHOTO, lambda picture, text: "yes"), FINDING),
        (lambda kit: kit.review.keep(PHOTO), FINDING),
        (lambda kit: kit.review.confirm(kit.find(PHOTO).matches[0]), "text as the id of an item"),
        (lambda kit: kit.prompt(PHOTO, 3), "expected text as question, found int"),
        (lambda kit: kit.describe(None, 3, answerer=print), "text as question, found int"),
        (lambda kit: kit.find(PHOTO, threshold="0.5"), "expected threshold in .*, found '0.5'"),
        (lambda kit: kit.get(None), REF),
        (lambda kit: kit.forget(kit.get("Biscuit")), REF),
        (lambda kit: kit.update("Biscuit", name="x", expected="Biscuit"), "as get.. returns it"),
        (lambda kit: kit.remove_view("Biscuit", kit.views("Biscuit")[0]), "the id of a view"),
        (lambda kit: kit.export(3), "expected a path, found int"),
        (lambda kit: kit.import_memory(None), "expected a path, found NoneType"),
    ],
)
def test_the_wrong_thing_is_answered_with_the_right_one(kit, call, message):
    version = kit.version()
    with pytest.raises(InvalidInput, match=message):
        call(kit)
    assert kit.version() == version


@pytest.mark.parametrize(
    ("path", "profile", "error", "message"),
    [
        (None, fake_profile(), InvalidInput, "expected a path, found NoneType"),
        ("memory", None, ProfileError, "expected a Profile or the name of one, found NoneType"),
        ("memory", fake_profile, ProfileError, "found fake_profile; make one first"),
    ],
)
def test_a_kit_is_opened_at_a_path_with_a_profile(
    tmp_path, monkeypatch, path, profile, error, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        PeKit.open(path, profile=profile)
    assert list(tmp_path.iterdir()) == []
