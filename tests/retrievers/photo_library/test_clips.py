"""A library takes clips: what is in them, from when to when, and whether at the same time."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
import pytest

from pekit_agents.errors import InvalidInput, SchemaMismatch
from pekit_agents.memory.place.place import user_place
from pekit_agents.retrievers import documents
from pekit_agents.retrievers.photo_library import FoundClip, PhotoLibrary
from pekit_agents.retrievers.photo_library.asking import Asked
from pekit_agents.retrievers.photo_library.clips import looks_in
from pekit_agents.retrievers.photo_library.showing import showing
from pekit_agents.retrievers.photo_library.table import Looks, Photo
from pekit_agents.testing import graded_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.types import Box, Match
from pekit_agents.video.clips import Clip
from pekit_agents.video.frames import Frame
from tests.retrievers.photo_library.conftest import Counting
from tests.video.conftest import film  # noqa: F401  # a fixture
from tests.video.filmed_scenes import film_scenes

LEFT, RIGHT = (10, 10, 60, 60), (90, 50, 150, 110)
Film = Callable[..., Path]


@pytest.fixture
def clip(film: Film) -> Film:  # noqa: F811
    return partial(film_scenes, film)


@pytest.fixture
def comings(clip: Film) -> Path:
    """Biscuit is there for two seconds, the mug joins him for one, and comes back alone later."""
    dog, both = {"red": LEFT}, {"red": LEFT, "blue": RIGHT}
    return clip("comings.mp4", dog, both, {}, {}, {"blue": RIGHT})


def spans(found: FoundClip) -> dict[str, list[tuple[float, float]]]:
    return {
        each.match.object.name: [(round(a, 1), round(b, 1)) for a, b in each.spans]
        for each in found.times
    }


def only(found: Any) -> FoundClip:
    (clip,) = found
    assert isinstance(clip, FoundClip)
    return clip


def test_a_clip_tells_from_when_to_when_each_object_is_in_it_and_where_best(
    library: PhotoLibrary, comings: Path
) -> None:
    assert library.index([("comings", comings)]).indexed == 1
    dog = only(library.search(["Biscuit"]))
    assert spans(dog) == {"Biscuit": [(0.0, 2.0)]}
    assert dog.together == dog.times[0].spans
    mug = only(library.search(["my red mug"]))
    assert spans(mug) == {"my red mug": [(1.0, 2.0), (4.0, 4.8)]}
    (seen,) = mug.times
    assert any(start <= seen.time <= end for start, end in seen.spans)
    assert seen.match.box == Box(*map(float, RIGHT))
    assert (mug.kind, mug.size_wh, mug.matches) == ("clip", (160, 120), (seen.match,))


def test_both_are_in_the_clip_and_it_says_when_at_the_same_time(
    library: PhotoLibrary, comings: Path, clip: Film
) -> None:
    apart = clip("apart.mp4", {"red": LEFT}, {"blue": RIGHT})
    library.index([("comings", comings), ("apart", apart), ("dog", clip("d.mp4", {"red": LEFT}))])
    found = {each.photo_id: each for each in library.search_text("clips of Biscuit and my red mug")}
    assert set(found) == {"comings", "apart"}
    together = {name: [tuple(map(float, s)) for s in each.together] for name, each in found.items()}  # type: ignore[attr-defined]
    assert together == {"comings": [(pytest.approx(1.0), pytest.approx(2.0))], "apart": []}


def test_photos_and_clips_come_in_one_list_that_is_ready_for_json(
    library: PhotoLibrary, comings: Path, photos: dict[str, bytes]
) -> None:
    library.index([("comings", comings), *photos.items()])
    found = library.search(["Biscuit"])
    assert {each.photo_id: each.kind for each in found} == {
        "comings": "clip", "dog": "photo", "dog-and-mug": "photo", "all": "photo"
    }  # fmt: skip
    told = {each["photo_id"]: each for each in json.loads(json.dumps([f.to_dict() for f in found]))}
    assert told["comings"]["times"][0]["name"] == "Biscuit"
    assert told["comings"]["times"][0]["spans"] == [[0.0, 2.0]]
    assert told["dog"]["matches"][0]["name"] == "Biscuit"
    assert "times" not in told["dog"]


@pytest.mark.parametrize("framework", ["langchain", "llama_index"])
def test_a_document_of_a_clip_has_its_times(
    library: PhotoLibrary, comings: Path, framework: str, caplog: Any
) -> None:
    library.index([("comings.mp4", comings)])
    pytest.importorskip(
        {"langchain": "langchain_core", "llama_index": "llama_index.core"}[framework]
    )
    retrievers = importlib.import_module(f"pekit_agents.retrievers.{framework}")
    question = "clips with Biscuit and my red mug by the sea"
    if framework == "langchain":
        (document,) = retrievers.PhotoLibraryRetriever(library=library).invoke(question)
        name, text = document.id, document.page_content
    else:
        retriever = retrievers.PhotoLibraryRetriever(library, path=lambda _: comings)
        document = retriever.retrieve(question)[0].node
        name, text = document.node_id, document.text
        assert type(document).__name__ == "TextNode"
        assert caplog.records == []  # nobody tried to read it as a picture
    assert name == "clip:comings.mp4"
    about = json.loads(json.dumps(document.metadata))
    ids = {obj.object_id: obj.name for obj in library.kit.objects()}
    spans = dict(zip(about["object_ids"].split(), about["times"].split(), strict=True))
    assert {ids[each]: times for each, times in spans.items()} == {
        "Biscuit": "0.0-2.0", "my red mug": "1.0-2.0,4.0-4.8"
    }  # fmt: skip
    assert (about["kind"], about["together"], about["certainty"]) == ("clip", "1.0-2.0", "certain")
    assert len(about["best_times"].split()) == 2
    assert all(isinstance(value, str | int | float) for value in about.values())
    assert "In the clip from 0:01.0 to 0:02.0, from 0:04.0 to 0:04.8; this is at " in text
    assert "All that was asked for is in sight at once from 0:01.0 to 0:02.0." in text
    assert 'Not looked for in the clip, since nothing is called so: "sea".' in text


def test_a_document_says_that_two_are_never_in_sight_at_once(
    library: PhotoLibrary, clip: Film
) -> None:
    library.index([("apart", clip("apart.mp4", {"red": LEFT}, {"blue": RIGHT}))])
    both, one = (
        documents.of_photos(library.search(names))[0].text
        for names in (["Biscuit", "my red mug"], ["Biscuit"])
    )
    assert "All that was asked for is in sight at once at no time." in both
    assert "at once" not in one


def test_rest_answers_a_clip_with_its_times(library: PhotoLibrary, comings: Path) -> None:
    findings = pytest.importorskip("pekit_agents.server.rest.findings", reason="needs a server")
    library.index([("comings", comings)])
    hit = findings.PhotoHit.of(only(library.search(["Biscuit", "my red mug"]))).model_dump()
    assert (hit["kind"], hit["together"]) == ("clip", [(1.0, 2.0)])
    times = {each["name"]: each["spans"] for each in hit["times"]}
    assert times == {"Biscuit": [(0.0, 2.0)], "my red mug": [(1.0, 2.0), (4.0, 4.8)]}


def test_the_best_frame_is_the_one_that_shows_it_largest(library: PhotoLibrary, clip: Film) -> None:
    far, near = (60, 40, 80, 60), (40, 20, 110, 90)
    library.index([("walk", clip("walk.mp4", {"red": far}, {"red": near}, {"red": far}))])
    (dog,) = only(library.search(["Biscuit"])).times
    assert dog.match.box == Box(*map(float, near))
    assert 1 <= dog.time < 2
    assert dog.spans == ((0.0, pytest.approx(2.8)),)


def test_what_only_may_be_it_is_told_apart_from_what_is_named(
    graded: PersonalActions, tmp_path: Path, clip: Film
) -> None:
    library = PhotoLibrary.open(tmp_path / "graded", "ann", graded_profile())
    assert graded.open_kit("ann").objects()
    seconds: list[Any] = [{"red": LEFT}, {}, {}, {"pale red": LEFT}]
    library.index([("walk", clip("walk.mp4", *seconds))])
    found = only(library.search(["Biscuit"]))
    named, possible = found.times
    assert (named.match.possible, named.spans) == (False, ((0.0, 1.0),))
    assert (possible.match.possible, possible.spans) == (True, ((3.0, pytest.approx(3.8)),))
    assert (found.matches, found.possible) == ((named.match,), (possible.match,))
    assert found.together == (*named.spans, *possible.spans)


def test_what_is_named_once_stays_so_while_it_may_be_it_and_is_missed_for_a_second(
    thing: Callable[..., Any],
) -> None:
    biscuit = thing("Biscuit")
    kinds = {0: "possible", 1: "named", 3: "possible", 5: "possible"}
    starts = [0.0, 0.6, 1.2, 1.8, 2.4, 5.0, 5.6]
    times = [(start, start, end) for start, end in pairwise(starts)]
    looks = Looks(np.array(times), np.array([(n, n) for n in range(6)], np.int32))
    vectors = np.eye(6, dtype=np.float32)
    photo = Photo("walk", "hash", (9, 9), [Box(0, 0, 1, 1)] * 6, vectors, looks)

    def match(pictures: Any) -> Any:
        for boxes, (vector,) in pictures:
            kind = kinds.get(int(vector.argmax()), "")
            found = Match(biscuit, boxes[0], 1.0, possible=kind == "possible")
            yield [found] * (kind == "named"), [found] * (kind == "possible")

    asked = Asked([{biscuit.object_id}])
    (clip,) = showing([photo], asked, lambda vectors: np.ones(len(vectors), bool), match)
    assert [(each.match.possible, each.spans) for each in clip.times] == [  # type: ignore[attr-defined]
        (False, ((0.0, 2.4),)),
        (True, ((5.0, 5.6),)),
    ]


def test_what_is_not_to_be_shown_counts_at_any_time(
    library: PhotoLibrary, comings: Path, clip: Film
) -> None:
    apart = clip("apart.mp4", {"red": LEFT}, {"blue": RIGHT})
    library.index([("comings", comings), ("apart", apart)])
    assert library.search_text("Biscuit without my red mug") == []
    assert len(library.search_text("Biscuit without Zoë's plate")) == 2
    assert library.search_text("only Biscuit") == []


def test_an_object_that_is_remembered_later_is_found_in_a_clip(
    library: PhotoLibrary, clip: Film
) -> None:
    library.index([("walk", clip("walk.mp4", {}, {"magenta": LEFT}))])
    library.kit.remember("Rex", solid_scene({"magenta": LEFT}), category="dog")
    assert spans(only(library.search(["Rex"]))) == {"Rex": [(1.0, 1.8)]}


def test_a_clip_is_read_once_and_anew_when_it_changes(
    library: PhotoLibrary, clip: Film, encoder: Counting
) -> None:
    path = clip("walk.mp4", {"red": LEFT})
    told: list[tuple[str, str]] = []
    library.index([("walk", path)], progress=lambda *state: told.append(state))
    before = encoder.count
    assert library.index([("walk", path)]).skipped == 1
    assert encoder.count == before
    clip("walk.mp4", {"blue": LEFT})
    assert library.index([("walk", path)], progress=lambda *s: told.append(s)).indexed == 1
    assert library.search(["Biscuit"]) == []
    assert spans(only(library.search(["my red mug"]))) == {"my red mug": [(0.0, 0.8)]}
    assert told == [("walk", "indexed"), ("walk", "indexed")]
    assert library.index([("walk", Clip(path, end=0.5))]).indexed == 1


def test_a_photo_takes_the_place_of_a_clip_and_the_reverse(
    library: PhotoLibrary, clip: Film, photo: Callable[..., bytes]
) -> None:
    path = clip("walk.mp4", {"red": LEFT})
    for source, kind in ((path, "clip"), (photo("red"), "photo"), (path, "clip")):
        library.index([("one", source)])
        assert [each.kind for each in library.search(["Biscuit"])] == [kind]


def test_a_broken_clip_is_reported_and_the_others_are_indexed(
    library: PhotoLibrary, clip: Film, tmp_path: Path, photos: dict[str, bytes]
) -> None:
    whole = clip("whole.mp4", {"red": LEFT})
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole.read_bytes()[:200])
    states: list[str] = []
    report = library.index(
        [
            ("broken", broken),
            ("camera", Clip("rtsp://camera.local/1")),
            ("late", Clip(whole, start=99)),
            ("whole", whole),
            ("dog", photos["dog"]),
            ("bytes", Clip(whole.read_bytes())),
        ],
        progress=lambda _, state: states.append(state),
    )
    assert [name for name, _ in report.failed] == ["broken", "camera", "late"]
    reasons = dict(report.failed)
    assert "broken.mp4" in reasons["broken"]
    assert "record what a camera shows" in reasons["camera"]
    assert "found none between the given times" in reasons["late"]
    assert states == ["failed"] * 3 + ["indexed"] * 3
    assert len(library.search(["Biscuit"])) == 3


def test_bytes_are_a_photo_unless_they_are_said_to_be_a_clip(
    library: PhotoLibrary, clip: Film
) -> None:
    data = clip("walk.mp4", {"red": LEFT}).read_bytes()
    assert [name for name, _ in library.index([("walk", data)]).failed] == ["walk"]


def test_without_the_extra_clips_are_left_out_with_the_line_that_installs_it(
    library: PhotoLibrary, clip: Film, photos: dict[str, bytes], monkeypatch: Any
) -> None:
    path = clip("walk.mp4", {"red": LEFT})
    for name in [*sys.modules]:
        if name.startswith("pekit_agents.video.") and name.split(".")[-1] in _READERS:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "av", None)  # not installed
    report = library.index([("walk", path), ("dog", photos["dog"])])
    assert report.indexed == 1
    ((name, reason),) = report.failed
    assert name == "walk"
    assert reason.count("\n") == 0
    assert "pekit-agents[video]" in reason


_READERS = {"pyav", "decoding", "reading", "sources", "live", "colours"}


def test_what_is_gone_is_dropped_and_an_empty_folder_drops_nothing(
    library: PhotoLibrary, comings: Path, photos: dict[str, bytes]
) -> None:
    library.index([("comings", comings), *photos.items()])
    assert library.forget_all_but(["all", "dog", "not indexed yet"]) == [
        "comings", "dog-and-mug", "nothing", "stranger"
    ]  # fmt: skip
    assert library.photo_ids() == ["all", "dog"]
    assert library.forget_all_but(["all", "dog"]) == []
    for nothing in ([], "dog"):
        with pytest.raises(InvalidInput, match="one or more photos"):
            library.forget_all_but(nothing)
    assert library.photo_ids() == ["all", "dog"]


def test_no_byte_of_a_forgotten_clip_is_left(
    library: PhotoLibrary, comings: Path, root: Path
) -> None:
    library.index([("the secret walk", comings)])

    def files_with() -> list[Path]:
        return [p for p in root.rglob("*") if p.is_file() and b"secret walk" in p.read_bytes()]

    assert files_with()
    library.forget_photo("the secret walk")
    assert files_with() == []


@pytest.mark.parametrize("write", ["a photo", "a clip", "nothing"])
def test_a_library_from_before_clips_is_read_and_written_on(
    library: PhotoLibrary, root: Path, photos: dict[str, bytes], comings: Path, write: str
) -> None:
    library.index(photos.items())
    _make_older(root, "photos-1")
    older = PhotoLibrary.open(root, "ann", library.kit.profile)
    shown = {"dog", "dog-and-mug", "all"}
    assert {each.photo_id for each in older.search(["Biscuit"])} == shown
    assert older.index(photos.items()).skipped == 5
    if write == "a photo":
        older.index([("another", to_png(solid_scene({"red": LEFT, "green": RIGHT})))])
        shown |= {"another"}
    elif write == "a clip":
        older.index([("another", comings)])
        shown |= {"another"}
    again = PhotoLibrary.open(root, "ann", library.kit.profile)
    assert {each.photo_id for each in again.search(["Biscuit"])} == shown
    again.forget_photo("dog")
    assert {each.photo_id for each in again.search(["Biscuit"])} == shown - {"dog"}


def test_a_library_of_a_later_layout_is_refused_and_stays(
    library: PhotoLibrary, root: Path, photos: dict[str, bytes]
) -> None:
    library.index(photos.items())
    _make_older(root, "photos-0")
    with pytest.raises(SchemaMismatch, match="has layout photos-0"):
        PhotoLibrary.open(root, "ann", library.kit.profile)
    assert len(_table(root)) == 5


def _table(root: Path) -> pa.Table:
    place = str(user_place(root, "ann").child("photos"))
    return lancedb.connect(place).open_table("objects").to_arrow()


def _make_older(root: Path, layout: str) -> None:
    """Write the table as it was before there were clips."""
    rows = _table(root)
    kept = [
        "photo_id", "content", "width", "height", "boxes_xyxy", "vectors", "rev"
    ]  # fmt: skip
    metadata = {**rows.schema.metadata, b"pekit.schema": layout.encode()}
    del metadata[b"pekit.before"]
    fields = [rows.schema.field(name) for name in kept]
    old = pa.Table.from_arrays(
        [rows[name] for name in kept], schema=pa.schema(fields, metadata=metadata)
    )
    assert set(rows.schema.names) - set(kept) == {"look_times", "looks"}
    place = str(user_place(root, "ann").child("photos"))
    lancedb.connect(place).create_table("objects", data=old, schema=old.schema, mode="overwrite")


def _frames(count: int) -> list[Frame]:
    """Return frames in each of which something has moved; of three one is searched."""
    places = [(10 + 30 * (number % 4), 10, 40 + 30 * (number % 4), 40) for number in range(count)]
    return [
        Frame(0.2 * number, solid_scene({"red": place}), (320, 240))
        for number, place in enumerate(places)
    ]


def test_what_looks_the_same_one_frame_after_the_other_is_stored_once() -> None:
    directions = iter([(1.0, 0.0), (0.9, np.sqrt(0.19)), (0.0, 1.0), (1.0, 0.0)])

    def propose(_: Any) -> Any:
        return [Box(1, 2, 3, 4)], np.array([next(directions)], np.float32)

    boxes, vectors, looks = looks_in(_frames(12), propose)
    assert boxes == [Box(2, 4, 6, 8)] * 4  # in pixels of the clip
    assert looks.seen.tolist() == [[0, 0], [1, 0], [2, 1], [3, 2]]
    mean = np.array([1.9, np.sqrt(0.19)])
    np.testing.assert_allclose(vectors[0], mean / np.linalg.norm(mean), rtol=1e-6)
    np.testing.assert_allclose(vectors[1:], [(0, 1), (1, 0)])


def test_two_regions_of_one_frame_are_never_one() -> None:
    def propose(_: Any) -> Any:
        return [Box(0, 0, 1, 1), Box(2, 2, 3, 3)], np.array([(1, 0), (1, 0)], np.float32)

    _, vectors, looks = looks_in(_frames(6), propose)
    assert len(vectors) == 2
    assert looks.seen.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("searched", "kept", "calls"),
    [(4, [0, 1, 2, 3], 4), (5, [0, 2, 4], 5), (9, [0, 4, 8], 7), (23, [0, 8, 16], 9)],
)
def test_of_a_long_clip_fewer_frames_are_searched_and_no_more_are_kept(
    searched: int, kept: list[int], calls: int
) -> None:
    asked = 0

    def propose(_: Any) -> Any:
        nonlocal asked
        asked += 1
        return [Box(0, 0, 1, 1)], np.array([(1, 0)], np.float32)

    _, _, looks = looks_in(_frames(3 * searched), propose, most=4)
    assert asked == calls
    assert np.round(looks.times[:, 1] / 0.6).tolist() == kept  # a stretch has 0.6 seconds
    assert looks.times[1:, 1].tolist() == looks.times[:-1, 2].tolist()
    assert looks.times[-1, 2] == pytest.approx(0.2 * (3 * searched - 1))


def test_a_clip_without_any_region_is_kept_and_found_nowhere(
    library: PhotoLibrary, clip: Film
) -> None:
    assert library.index([("empty", clip("empty.mp4", {}))]).indexed == 1
    assert library.search(["Biscuit"]) == []
    assert library.index([("empty", clip("empty.mp4", {}))]).skipped == 1
