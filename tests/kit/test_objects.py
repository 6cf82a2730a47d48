"""Changing, merging, moving, forgetting and embedding anew, through the public class."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image

from pekit_agents import (
    AmbiguousName,
    EncoderMismatch,
    InvalidInput,
    ObjectChanged,
    ObjectExists,
    ObjectNotFound,
    PeKit,
    PeKitError,
    Profile,
)
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.memory import Memory
from pekit_agents.settings import MatchSettings
from pekit_agents.testing import (
    ColourEncoder,
    ColourExtractor,
    ColourProposer,
    fake_profile,
    solid_scene,
)

RED, GREEN, BLUE = (solid_scene({c: (20, 20, 90, 90)}) for c in ("red", "green", "blue"))


@pytest.fixture
def kit(tmp_path):
    return PeKit.open(tmp_path / "memory", profile=fake_profile())


@pytest.fixture
def keeping(tmp_path):
    return PeKit.open(tmp_path / "memory", profile=fake_profile(), keep_crops=True)


class WiderEncoder(ColourEncoder):
    """Another encoder: the colours again, twice."""

    def __init__(self):
        super().__init__("wider@1")
        self.dim = 8

    def encode(self, images):
        return [np.concatenate([grid, grid], axis=2) for grid in super().encode(images)]


def wider_profile():
    parts = (ColourExtractor(), ColourProposer(), WiderEncoder(), MatchSettings(threshold=0.75))
    return Profile("wider", *parts, augment=False)


def names(finding):
    return sorted(match.object.name for match in finding.matches)


# Names --------------------------------------------------------------------------------------


def together(*tasks):
    """Run tasks at once; return what they raised."""
    errors, barrier = [], threading.Barrier(len(tasks))

    def run(task):
        barrier.wait()
        try:
            task()
        except PeKitError as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("round_", range(4))
def test_of_writers_that_take_one_name_at_once_one_succeeds(tmp_path, round_):
    kits = [PeKit.open(tmp_path, profile=fake_profile()) for _ in range(4)]
    kits[3].remember("Other", BLUE, category="mug")
    errors = together(
        *(lambda kit=kit: kit.remember("Cup", RED, category="mug") for kit in kits[:3]),
        lambda: kits[3].update("Other", name="CUP"),
    )
    assert [type(error) for error in errors] == [ObjectExists] * 3
    assert sum(obj.name.casefold() == "cup" for obj in kits[0].objects()) == 1


def test_a_name_that_is_somebodys_id_is_taken(kit):
    kit.remember("Cup", RED, category="mug", object_id="Ruby")
    with pytest.raises(ObjectExists):
        kit.remember("Ruby", BLUE, category="bike")


# Updating -----------------------------------------------------------------------------------


def test_of_two_editors_the_second_does_not_undo_the_first(kit):
    seen = kit.remember("Cup", RED, category="mug", context="old")
    kit.update("Cup", context="of the first", expected=seen)
    with pytest.raises(ObjectChanged, match='context is "of the first", expected "old"'):
        kit.update("Cup", context="of the second", expected=seen)
    assert kit.get("Cup").context == "of the first"


def test_more_photos_are_no_change_that_an_editor_minds(kit):
    seen = kit.remember("Cup", RED, category="mug")
    kit.add_views("Cup", RED)
    assert kit.update(seen.object_id, name="Tea cup", expected=seen).n_views == 2


# Views --------------------------------------------------------------------------------------


def test_a_bad_photo_can_be_taken_back(kit):
    kit.remember("Cup", [RED, BLUE], category="mug")
    assert names(kit.find(BLUE)) == ["Cup"]
    _, bad = kit.views("cup")
    assert bad.crop is None
    assert kit.remove_view("Cup", bad.view_id).n_views == 1
    assert names(kit.find(BLUE)) == []
    assert names(kit.find(RED)) == ["Cup"]
    with pytest.raises(InvalidInput, match="forget the object"):
        kit.remove_view("Cup", kit.views("Cup")[0].view_id)
    with pytest.raises(ObjectNotFound):
        kit.remove_view("Cup", bad.view_id)


def test_the_view_that_is_most_like_a_region_is_told(kit):
    kit.remember("Cup", [RED, BLUE], category="mug")
    first, second = kit.views("Cup")
    for photo, view in ((RED, first), (BLUE, second)):
        (match,) = kit.find(photo).matches
        assert kit.most_alike_view("Cup", match.vector) == (view, pytest.approx(1.0, abs=1e-5))
    with pytest.raises(ObjectNotFound):
        kit.most_alike_view("Mug", match.vector)


def test_two_processes_cannot_add_more_views_than_an_object_may_hold(kit, tmp_path):
    kit.remember("Cup", [RED] * (MAX_VIEWS - 3), category="mug")
    other = PeKit.open(tmp_path / "memory", profile=fake_profile())
    errors = together(*(lambda k=k: k.add_views("Cup", [RED, RED]) for k in (kit, other)))
    assert [type(error) for error in errors] == [InvalidInput]
    assert kit.get("Cup").n_views == MAX_VIEWS - 1


def test_a_view_as_json_has_no_pictures(keeping):
    keeping.remember("Cup", RED, category="mug")
    (view,) = keeping.views("Cup")
    assert view.to_dict() == {
        "view_id": view.view_id,
        "added_at": view.added_at.isoformat(),
        "has_crop": True,
    }


# Merging ------------------------------------------------------------------------------------


def test_two_that_are_one_thing_become_one(kit):
    kit.remember("Cup", RED, category="mug", context="Chipped.")
    kit.remember("Mug", BLUE, category="cup")
    merged = kit.merge("Cup", "Mug")
    assert (merged.name, merged.context, merged.n_views) == ("Cup", "Chipped.", 2)
    assert names(kit.find(BLUE)) == ["Cup"]
    with pytest.raises(ObjectNotFound):
        kit.get("Mug")


def test_a_merge_that_would_be_too_much_changes_nothing(kit):
    kit.remember("Cup", [RED] * MAX_VIEWS, category="mug")
    kit.remember("Mug", BLUE, category="mug")
    with pytest.raises(InvalidInput, match="would hold 65 views, expected at most 64"):
        kit.merge("Cup", "Mug")
    with pytest.raises(InvalidInput, match="twice"):
        kit.merge("Cup", "cup")
    assert [obj.n_views for obj in kit.objects()] == [MAX_VIEWS, 1]


# Crops --------------------------------------------------------------------------------------


def test_nothing_but_vectors_and_texts_is_stored_unless_it_is_asked_for(kit, tmp_path):
    kit.remember("Cup", RED, category="mug")
    files = [path for path in (tmp_path / "memory").rglob("*") if path.is_file()]
    assert not any(b"\xff\xd8\xff" in path.read_bytes() for path in files)
    assert kit.views("Cup")[0].crop is None


def test_crops_are_kept_with_what_is_added_later_too(keeping):
    keeping.remember("Cup", RED, category="mug")
    keeping.add_views("Cup", BLUE)
    pictures = [Image.open(io.BytesIO(view.crop.picture)) for view in keeping.views("Cup")]
    red, blue = (np.asarray(p)[p.height // 2, p.width // 2].tolist() for p in pictures)
    assert red[0] > 240 > 20 > red[2]
    assert blue[2] > 240 > 20 > blue[0]


# Moving -------------------------------------------------------------------------------------


def test_a_memory_moves_to_another_user_in_one_file(keeping, tmp_path):
    keeping.remember("Cup", RED, category="mug")
    manifest = keeping.export(tmp_path / "ann.pekit")
    assert (manifest["objects"], manifest["views"], manifest["crops"]) == (1, 1, 1)
    bob = PeKit.open(tmp_path / "memory", profile=fake_profile(), user_id="bob")
    assert bob.import_memory(tmp_path / "ann.pekit") == keeping.objects()
    assert names(bob.find(RED)) == ["Cup"]
    assert bob.views("Cup") == keeping.views("Cup")
    with pytest.raises(ObjectExists):
        bob.import_memory(tmp_path / "ann.pekit")
    assert [o.name for o in bob.import_memory(tmp_path / "ann.pekit", on_conflict="rename")] == [
        "Cup (2)"
    ]


# Forgetting everything ----------------------------------------------------------------------


def test_everything_is_forgotten_and_the_kit_goes_on(kit, tmp_path):
    kit.remember("Cup", RED, category="mug")
    assert kit.forget_everything()
    assert kit.objects() == []
    assert kit.find(RED).matches == ()
    assert list((tmp_path / "memory").iterdir()) == []
    assert not kit.forget_everything()
    kit.remember("Cup", RED, category="mug")
    assert names(kit.find(RED)) == ["Cup"]


# Embedding anew -----------------------------------------------------------------------------


def test_a_memory_with_crops_is_carried_over_to_another_encoder(keeping, tmp_path):
    keeping.remember("Cup", [RED, RED], category="mug", context="Chipped.")
    keeping.remember("Bike", GREEN, category="bike")
    with pytest.raises(EncoderMismatch):
        PeKit.open(tmp_path / "memory", profile=wider_profile())
    told = []
    kit = PeKit.reembed(
        tmp_path / "memory", wider_profile(), progress=lambda *step: told.append(step)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [(o.name, o.n_views) for o in kit.objects()] == [("Cup", 2), ("Bike", 1)]
    assert kit.get("Cup").context == "Chipped."
    assert names(kit.find(RED)) == ["Cup"]
    assert names(kit.find(GREEN)) == ["Bike"]
    assert names(kit.find(BLUE)) == []
    with pytest.raises(EncoderMismatch):
        keeping.find(RED)
    again = PeKit.reembed(tmp_path / "memory", wider_profile())
    assert again.objects() == kit.objects()


def test_objects_without_crops_are_named_and_nothing_is_changed(kit, keeping, tmp_path):
    keeping.remember("Cup", RED, category="mug")
    kit.remember("Bike", GREEN, category="bike")
    kit.add_views("Cup", RED)
    with pytest.raises(InvalidInput, match=r'none for views of "Cup", "Bike"'):
        PeKit.reembed(tmp_path / "memory", wider_profile())
    assert names(kit.find(GREEN)) == ["Bike"]


def test_what_is_added_while_it_runs_is_carried_over_too(keeping, tmp_path):
    keeping.remember("Cup", [RED, RED], category="mug")

    def add(done, total):
        if (done, total) == (1, 2):
            keeping.remember("Bike", GREEN, category="bike")
            keeping.update("Cup", name="Mug")

    kit = PeKit.reembed(tmp_path / "memory", wider_profile(), progress=add)
    assert sorted(obj.name for obj in kit.objects()) == ["Bike", "Mug"]
    assert names(kit.find(GREEN)) == ["Bike"]


def test_an_empty_memory_is_simply_opened(tmp_path):
    assert PeKit.reembed(tmp_path / "nothing", wider_profile()).objects() == []
    assert not (tmp_path / "nothing").exists()


def test_a_crash_before_the_swap_leaves_the_old_memory(keeping, tmp_path, monkeypatch):
    keeping.remember("Cup", RED, category="mug")

    def crash(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "replace_all", crash)
        with pytest.raises(KeyboardInterrupt):
            PeKit.reembed(tmp_path / "memory", wider_profile())
    assert names(keeping.find(RED)) == ["Cup"]


def test_a_swap_whose_cleaning_was_interrupted_is_cleaned_by_the_next_write(
    keeping, tmp_path, monkeypatch
):
    keeping.remember("Cup", RED, category="mug")
    (old,) = (record.vectors.tobytes() for record in keeping._memory.records())

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "purge", crash)
        with pytest.raises(KeyboardInterrupt):
            PeKit.reembed(tmp_path / "memory", wider_profile())
    kit = PeKit.open(tmp_path / "memory", profile=wider_profile())
    kit.remember("Bike", GREEN, category="bike")
    files = [path for path in (tmp_path / "memory").rglob("*.lance") if path.is_file()]
    assert not any(old in path.read_bytes() for path in files)


def test_a_shared_name_is_told_with_the_ids(tmp_path, kit):
    """As two writers may leave it on a disk without file locks."""
    kit.remember("Cup", RED, category="mug", object_id="one")
    (obj,) = kit.objects()
    kit._memory.insert(
        type(obj)("two", "cup", "mug", "", 0, obj.created_at), np.eye(1, 4, dtype=np.float32)
    )
    with pytest.raises(AmbiguousName, match="one, two"):
        kit.forget("Cup")
    kit.update("two", name="Mug")
    assert kit.get("Cup").object_id == "one"
