"""``find_in_video``, and questions about a clip: what they say, record and refuse."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pekit_agents.kit.videos import Videos
from pekit_agents.testing import fake_profile
from pekit_agents.tools.actions import ActionError, PersonalActions
from pekit_agents.tools.clip_findings import CLIP_SECONDS, SearchStopped
from pekit_agents.tools.clip_replies import MOST_SIGHTINGS, found_in_clip
from pekit_agents.tools.waiting import Waiting
from tests.tools.moving_pictures import SIZE, film
from tests.video.seen_things import seen, timeline

BOX = (10.0, 10.0, 50.0, 50.0)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The parts of clips that are really searched."""
    seen: list[tuple[float, float]] = []
    find = Videos.find_in_video

    def counted(self: Any, source: Any, **options: Any) -> Any:
        seen.append((options["start"], options["end"]))
        return find(self, source, **options)

    monkeypatch.setattr(Videos, "find_in_video", counted)
    return seen


@pytest.fixture(scope="module")
def walk() -> bytes:
    """Three seconds: nothing, a red thing, and a blue one."""
    return film(None, "red", "blue")


def test_what_is_in_a_clip_is_told_with_its_times(
    actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    handle = actions.clips.put("ann", walk)
    result = actions.find_in_video("ann", handle)
    first, line, *_ = result.text.split("\n")
    assert first == f"1 sighting of personal objects in clip {handle} from 0:00.0 to 0:02.8:"
    assert line.startswith("- 0:01.")
    assert '"Biscuit" (category "dog"): centre, box x ' in line
    assert 'Note: "Eats shoes."' in line
    assert "The clip goes on" not in result.text
    (seen,) = result.record["sightings"]
    assert 0.9 <= seen["start"] <= seen["end"] <= 2.1
    assert (seen["name"], result.record["rest"], result.record["complete"]) == (
        "Biscuit",
        None,
        True,
    )
    assert "boxes" not in seen
    assert len(json.dumps(result.record)) < 2000


def test_the_contact_sheet_and_the_frames_come_by_handle(
    actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    result = actions.find_in_video("ann", actions.clips.put("ann", walk))
    assert result.images == (result.record["contact_sheet"],)
    assert result.images[0] in result.text
    with Image.open(io.BytesIO(actions.images.get("ann", result.images[0]))) as sheet:
        assert sheet.width >= 360
    frame = result.record["frames"]["1"]
    assert frame in result.text
    with Image.open(io.BytesIO(actions.images.get("ann", frame))) as picture:
        assert picture.size == SIZE
    learnt = actions.correct_personal("ann", "Biscuit", "is_not", frame)
    assert learnt.record["image"] == frame


def test_a_contact_sheet_goes_when_what_it_names_is_forgotten(
    actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    handle = actions.clips.put("ann", walk)
    sheet = actions.find_in_video("ann", handle).images[0]
    actions.forget_personal_object("ann", "Biscuit")
    with pytest.raises(ActionError, match="no longer kept"):
        actions.find_personal_objects("ann", sheet)
    assert "Nothing is remembered yet" in actions.find_in_video("ann", handle).text


def test_nothing_found_is_a_result(actions: PersonalActions, biscuit: str) -> None:
    handle = actions.clips.put("ann", film("blue"))
    result = actions.find_in_video("ann", handle)
    assert result.text == (f"No personal object was found in clip {handle} from 0:00.0 to 0:00.8.")
    assert (result.record["sightings"], result.images) == ([], ())


def test_what_is_only_possible_comes_after_what_is_named_and_is_to_be_asked_for() -> None:
    found = timeline(
        seen("Mug", {0.4: BOX, 2.0: BOX}, possible=True, probability=0.4),
        seen("Biscuit", {62.5: BOX, 70.0: BOX}, number=2, either="Bella", ongoing=True),
        until=70.0,
        damage=("after 3.0 s: a frame is damaged",),
    )
    text = found_in_clip(found, "clip_1", 0.0, "img_s", {1: "img_m"})
    named, first, possible, second, *rest = text.split("\n")
    assert named == "1 sighting of personal objects in clip clip_1 from 0:00.0 to 1:10.0:"
    assert first.startswith(
        '- 1:02.5-1:10.0, still in sight then, best seen at 1:02.5: "Biscuit" (category "dog") or '
        '"Bella" (category "dog"): upper left, box x 10-50 y 10-50, '
    )
    assert possible.endswith(", too unsure to be named:")
    assert second.startswith('- 0:00.4-0:02.0, best seen at 0:00.4 (frame img_m): may be "Mug"')
    assert second.endswith("ask the user whether it is")
    assert "Some of the clip could not be read: after 3.0 s: a frame is damaged." in rest


def test_of_many_sightings_a_text_tells_some() -> None:
    many = [seen(f"Thing {at}", {0.4: BOX}, number=at) for at in range(MOST_SIGHTINGS + 2)]
    text = found_in_clip(timeline(*many), "clip_1", 0.0, "img_s", {})
    assert text.count("best seen at") == MOST_SIGHTINGS
    assert "... and 2 more" in text


def test_one_call_searches_so_much_and_says_how_to_go_on(
    tmp_path: Path, biscuit: str, walk: bytes
) -> None:
    actions = PersonalActions.open(tmp_path / "memory", fake_profile(), clip_seconds=1)
    handle = actions.clips.put("ann", walk)
    first = actions.find_in_video("ann", handle)
    assert first.record["sightings"] == []
    assert (first.record["rest"], first.record["complete"]) == (1.0, False)
    assert "The clip goes on after 0:01.0" in first.text
    assert first.text.endswith("call find_in_video with start=1.")
    second = actions.find_in_video("ann", handle, first.record["rest"])
    assert [each["name"] for each in second.record["sightings"]] == ["Biscuit"]
    assert second.record["rest"] is None  # less than a second is left
    asked = actions.find_in_video("ann", handle, 0.0, 0.9)
    assert asked.record["rest"] is None  # all that was asked for
    assert "not known" in actions.describe_personal("ann", "When is Biscuit seen?", handle).text


def test_a_clip_is_searched_once_until_the_memory_changes(
    actions: PersonalActions,
    biscuit: str,
    walk: bytes,
    searches: list[tuple[float, float]],
) -> None:
    handle = actions.clips.put("ann", walk)
    actions.find_in_video("ann", handle)
    actions.find_in_video("ann", f"[clip {handle}]")
    actions.describe_personal("ann", "When is Biscuit seen?", handle)
    assert searches == [(0.0, CLIP_SECONDS)]
    actions.update_personal_object("ann", "Biscuit", new_name="Rex")
    assert '"Rex"' in actions.find_in_video("ann", handle).text
    assert len(searches) == 2


def test_latest_is_the_newest_clip_of_the_conversation(
    actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    newest, older = actions.clips.put("ann", walk), "clip_" + "0" * 32
    for said in ("latest", "the latest video", ""):
        result = actions.find_in_video("ann", said, recent_clips=iter([newest, older]))
        assert result.record["clip"] == newest
    with pytest.raises(ActionError, match="expected a clip in this conversation"):
        actions.find_in_video("ann", recent_clips=())


def test_a_photo_is_no_clip_and_a_clip_no_photo(
    actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    clip = actions.clips.put("ann", walk)
    with pytest.raises(ActionError, match=r"found that of a photo; .* with find_personal_objects"):
        actions.find_in_video("ann", biscuit)
    for call in (
        lambda: actions.find_personal_objects("ann", clip),
        lambda: actions.correct_personal("ann", "Biscuit", "is", clip),
    ):
        with pytest.raises(ActionError, match=r"found that of a clip; .* with find_in_video"):
            call()


@pytest.mark.parametrize("clip", ["ANN", "/etc/passwd", "https://example.com/a.mp4", "file:///a"])
def test_paths_addresses_and_foreign_clips_are_refused(
    actions: PersonalActions, biscuit: str, walk: bytes, clip: str
) -> None:
    clip = actions.clips.put("ann", walk) if clip == "ANN" else clip
    with pytest.raises(ActionError, match="expected the handle of a clip"):
        actions.find_in_video("bob", clip)
    if clip.startswith("clip_"):
        with pytest.raises(ActionError, match="expected the handle of a clip"):
            actions.describe_personal("bob", "Who is it?", clip)


def test_a_question_about_a_clip_gets_the_frames_and_the_times(
    tmp_path: Path, actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    asked: list[tuple[Any, str]] = []

    class Answerer:
        def answer(self, image: Any, text: str) -> str:
            asked.append((image, text))
            return "Biscuit comes in after a second."

    own = actions.describe_personal("ann", "When is Biscuit seen?", actions.clips.put("ann", walk))
    assert f"Look at picture {own.images[0]}" in own.text
    assert own.text.endswith("When is Biscuit seen?")
    other = PersonalActions.open(tmp_path / "memory", fake_profile(), answerer=Answerer())
    result = other.describe_personal("ann", "When is Biscuit seen?", other.clips.put("ann", walk))
    assert result.text == result.record["answer"] == "Biscuit comes in after a second."
    ((image, text),) = asked
    assert image.width >= 720
    assert '- "Biscuit": 0:01.' in text


def test_a_clip_that_breaks_off_tells_what_was_seen_and_names_no_file(
    actions: PersonalActions, biscuit: str
) -> None:
    whole = film("red", seconds=2.0)
    handle = actions.clips.put("ann", whole[:600])
    with pytest.raises(ActionError) as refused:
        actions.find_in_video("ann", handle)
    assert "pekit-clips" not in str(refused.value)
    assert str(refused.value).startswith("expected a clip")


def test_who_waits_hears_how_far_it_is_and_may_end_it(
    actions: PersonalActions, biscuit: str, walk: bytes
) -> None:
    told: list[tuple[float, float | None]] = []
    handle = actions.clips.put("ann", walk)
    actions.find_in_video("ann", handle, progress=Waiting(lambda *far: told.append(far)))
    assert [far for far, _ in told] == sorted(far for far, _ in told)
    assert told[-1][0] >= 2.0
    assert told[-1][1] == pytest.approx(3.0, abs=0.2)
    ended = Waiting()
    ended.end()
    with pytest.raises(SearchStopped):
        actions.find_in_video("ann", handle, 0.2, progress=ended)
    assert actions.find_in_video("ann", handle, 0.2).record["sightings"]  # nothing is stuck


def test_one_clip_is_searched_at_a_time_and_photos_do_not_wait(
    actions: PersonalActions, biscuit: str, scene: bytes, walk: bytes
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        begun.set()
        assert go_on.wait(20)

    handle = actions.clips.put("ann", walk)
    first = threading.Thread(
        target=actions.find_in_video, args=("ann", handle), kwargs={"progress": slow}
    )
    first.start()
    assert begun.wait(20)
    turns: list[float] = []
    waiting = Waiting(lambda at, _: turns.append(at))
    second = threading.Thread(
        target=actions.find_in_video, args=("ann", handle, 0.2), kwargs={"progress": waiting}
    )
    second.start()
    photo = actions.images.put("ann", scene)
    assert actions.find_personal_objects("ann", photo).record["matches"]
    while not turns:
        second.join(0.05)
    assert set(turns) == {0.2}  # it hears that it waits
    go_on.set()
    for thread in (first, second):
        thread.join(20)
        assert not thread.is_alive()
    assert turns[-1] > 2.0
