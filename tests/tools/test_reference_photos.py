"""A photo of an album that cannot be used is left out and told; the others are remembered."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from pekit_agents.errors import ModelError
from pekit_agents.kit.kit import PeKit
from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools.actions import ActionError, ActionResult, PersonalActions

GOOD = [to_png(solid_scene({"red": (20 + at, 20, 90 + at, 90)})) for at in range(3)]
UNKNOWN = "img_" + "0" * 32


def _torn() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((200, 200), 90).save(buffer, "JPEG")
    return buffer.getvalue()[:3000]


def _tiny() -> bytes:
    return to_png(Image.new("RGB", (300, 8)))


BAD = {
    "torn": (_torn, "save or download it again"),
    "tiny": (_tiny, "use a larger picture"),
    "no object": (lambda: to_png(solid_scene({})), "no object"),
    "no picture": (lambda: b"no picture at all", "JPEG"),
}


def remember(actions: PersonalActions, handles: list[str]) -> ActionResult:
    return actions.remember_object("ann", "Biscuit", "dog", images=handles)


def add(actions: PersonalActions, handles: list[str]) -> ActionResult:
    first = to_png(solid_scene({"red": (10, 50, 90, 110)}))
    actions.open_kit("ann").remember("Biscuit", first, category="dog")
    return actions.add_photos("ann", "Biscuit", images=handles)


Verb = Callable[[PersonalActions, list[str]], ActionResult]
both = pytest.mark.parametrize("verb", [remember, add])


@both
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_photo_is_left_out_and_told(actions: PersonalActions, verb: Verb, kind: str) -> None:
    make, hint = BAD[kind]
    photos = [GOOD[0], make(), *GOOD[1:]]
    handles = [actions.images.put("ann", photo) for photo in photos]
    result = verb(actions, [*handles, UNKNOWN])
    before = 0 if verb is remember else 1
    assert actions.open_kit("ann").get("Biscuit").n_views == before + 3
    said = result.text.partition("\nLeft out, and not remembered: 2 photos. Tell the user.\n")[2]
    unknown, bad = said.split("\n")
    assert unknown == f"- {UNKNOWN}: there is no such picture, or it is no longer kept"
    assert bad.startswith(f"- {handles[1]}: ")
    assert hint in bad
    assert "nothing was stored" not in bad
    if verb is add:
        assert result.record["photos"] == [handles[0], *handles[2:]]
        again = actions.add_photos("ann", "Biscuit", images=handles)
        assert again.record["added"] == 0


@both
def test_where_no_photo_can_be_used_nothing_is_stored(actions: PersonalActions, verb: Verb) -> None:
    handles = [actions.images.put("ann", make()) for make, _ in BAD.values()]
    with pytest.raises(ActionError, match="photo 1 of 4"):
        verb(actions, [UNKNOWN, *handles])
    assert [obj.n_views for obj in actions.open_kit("ann").objects()] == (
        [] if verb is remember else [1]
    )


@both
def test_unknown_handles_alone_are_an_error(actions: PersonalActions, verb: Verb) -> None:
    with pytest.raises(ActionError, match="no longer kept"):
        verb(actions, [UNKNOWN, "img_" + "1" * 32])


def test_many_reasons_are_cut_and_words_of_a_model_stay_in_quotes(
    actions: PersonalActions,
) -> None:
    good = actions.images.put("ann", GOOD[0])
    odd = [f'a"{at}' for at in range(14)]
    said = remember(actions, [good, *odd]).text.split("\n")
    assert said[1] == "Left out, and not remembered: 14 photos. Tell the user."
    assert said[2].startswith('- "a\\"0": there is no such picture')
    assert said[-1] == "- and 4 more"
    assert len(said) == 13


def test_a_name_that_is_taken_costs_no_look_at_photos(
    actions: PersonalActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles = [actions.images.put("ann", photo) for photo in (GOOD[0], _torn())]
    remember(actions, handles)
    monkeypatch.setattr(PeKit, "extract_view", lambda *_, **__: pytest.fail("looked"))
    with pytest.raises(ActionError, match="add_photos"):
        remember(actions, handles)


def test_a_model_that_cannot_be_run_is_no_fault_of_a_photo(
    actions: PersonalActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ModelError("out of memory")

    handles = [actions.images.put("ann", photo) for photo in (GOOD[0], _torn())]
    monkeypatch.setattr(PeKit, "extract_view", fail)
    with pytest.raises(ModelError):
        remember(actions, handles)
