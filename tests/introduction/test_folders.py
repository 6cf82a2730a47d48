"""A folder of photos becomes a memory, whatever is in the folder."""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pekit_agents import profiles
from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.images.loading import ImageLimits
from pekit_agents.introduction import folders
from pekit_agents.introduction.folders import extract_job, find_jobs, ingest, run_here
from pekit_agents.introduction.processes import run_in_processes
from pekit_agents.kit.kit import PeKit
from pekit_agents.testing import ColourExtractor, fake_profile, solid_scene
from pekit_agents.types import Details

NAMES = ("Box", "Cup", "Hat")

of_any_bytes = pytest.mark.skipif(
    sys.platform != "linux", reason="needs a disk that takes any bytes as a name"
)


def run(memory, folder, **changes):
    jobs = find_jobs(folder, category="thing")
    return ingest(memory, jobs, fake_profile(), **{"run": run_here, **changes})


def test_each_folder_becomes_an_object_with_its_photos_as_views(memory, folder):
    report = run(memory, folder)
    assert [(obj.name, obj.category, obj.n_views) for obj in memory.objects()] == [
        (name, "thing", 2) for name in NAMES
    ]
    assert (len(report.stored), report.already, report.skipped, report.failed) == (3, 0, [], [])


def test_a_second_run_stores_only_what_is_new(memory, folder):
    run(memory, folder)
    before = memory.snapshot().version
    assert run(memory, folder).already == 3
    assert memory.snapshot().version == before
    (folder / "Hat").rename(folder / "Cap")
    report = run(memory, folder)
    assert [obj.name for obj in report.stored] == ["Cap"]
    assert report.already == 2


def test_an_interrupted_run_goes_on_where_it_stopped(memory, folder):
    def interrupted(jobs, workers):
        yield next(run_here(jobs, workers))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(memory, folder, run=interrupted)
    assert len(memory.objects()) == 1
    assert run(memory, folder).already == 1
    assert len(memory.objects()) == 3


def test_a_bad_photo_is_reported_and_the_others_are_kept(memory, folder):
    (folder / "Cup" / "bad.jpg").write_bytes(b"no photo")
    solid_scene({}).save(folder / "Hat" / "empty.png")
    (folder / "Hat" / "notes.txt").write_text("not a photo either")
    report = run(memory, folder)
    assert sorted(path.name for path, _ in report.skipped) == ["bad.jpg", "empty.png"]
    assert all(why for _, why in report.skipped)
    assert [obj.n_views for obj in memory.objects()] == [2, 2, 2]


def test_an_object_without_a_view_and_a_name_that_is_taken_fail_alone(memory, folder):
    for photo in (folder / "Box").iterdir():
        photo.write_bytes(b"no photo")
    run(memory, folder / ".." / "photos")
    (folder / "cup").mkdir()
    (folder / "Cup" / "0.png").rename(folder / "cup" / "0.png")
    report = run(memory, folder)
    assert sorted(name for name, _ in report.failed) == ["Box", "cup"]
    assert len(memory.objects()) == 2


def test_an_object_takes_no_more_views_than_it_can_hold(memory, folder, monkeypatch):
    monkeypatch.setattr("pekit_agents.introduction.folders.MAX_VIEWS", 1)
    report = run(memory, folder)
    assert [obj.n_views for obj in memory.objects()] == [1, 1, 1]
    assert {path.name for path, _ in report.skipped} == {"1.png"}


def test_photos_are_known_by_their_suffix_whatever_its_case_and_stray_files_are_passed_over(folder):
    (folder / "Cup" / "0.png").rename(folder / "Cup" / "0.PNG")
    (folder / "notes.txt").write_text("Mug: lost.")
    jobs = find_jobs(folder, category="thing")
    assert [job.name for job in jobs] == ["Box", "Cup", "Hat"]
    assert [len(job.photos) for job in jobs] == [2, 2, 2]


def test_a_worker_without_the_files_is_given_their_content(folder):
    (job, *_) = find_jobs(folder, category="thing")
    contents = {path: path.read_bytes() for path in job.photos}
    expected = extract_job(job, fake_profile()).vectors
    for path in job.photos:
        path.unlink()
    np.testing.assert_array_equal(extract_job(job, fake_profile(), contents).vectors, expected)


def test_folders_without_objects_are_refused(tmp_path, folder):
    with pytest.raises(InvalidInput, match="found none: "):
        find_jobs(tmp_path / "nowhere", category="x")
    (tmp_path / "empty" / "Cup").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="found none with photos"):
        find_jobs(tmp_path / "empty", category="x")
    with pytest.raises(InvalidInput, match=r"found none for \['Mug'\]"):
        find_jobs(folder, category="x", metadata={"Mug": {}})
    with pytest.raises(InvalidInput, match="at least 1 worker"):
        ingest(None, [], "embedded", workers=0)


def draw(path, colour="red", left=20, suffix=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    solid_scene({colour: (left, 20, left + 60, 90)}).save(path, suffix)


def left_out(report):
    return {path.name: why for path, why in report.skipped}


@pytest.mark.parametrize("keep_crops", [False, True])
def test_an_ingested_object_is_what_remember_stores(tmp_path, folder, keep_crops):
    profile = replace(fake_profile(), describer=Describing())
    one, many = (
        PeKit.open(tmp_path / name, profile=profile, keep_crops=keep_crops)
        for name in ("one", "many")
    )
    (folder / "Box" / "2.png").write_bytes((folder / "Box" / "1.png").read_bytes() + b"\0")
    advised = []
    for name in NAMES:
        photos = sorted((folder / name).iterdir())
        advised.append(one.remember(name, photos, category="thing").advice)
    report = many.ingest(find_jobs(folder, category="thing"))
    for left, right in zip(one.objects(), many.objects(), strict=True):
        assert (left.name, left.category, left.n_views) == (right.name, "thing", right.n_views)
        of_one, of_many = (
            kit._memory.get(obj.object_id) for kit, obj in ((one, left), (many, right))
        )
        np.testing.assert_array_equal(of_one.vectors, of_many.vectors)
        views = zip(of_one.views, of_many.views, strict=True)
        for expected, stored in views:
            assert expected.details is not None
            assert expected.crop == stored.crop
            np.testing.assert_array_equal(expected.details.codes, stored.details.codes)
    assert (one.views("Cup")[0].crop is not None) is keep_crops
    told = [[(each.photo, each.kind) for each in obj.advice] for obj in report.stored]
    assert told == [[(each.photo, each.kind) for each in advice] for advice in advised]
    assert "2.png adds nothing to 1.png" in report.stored[0].advice[1].text


def test_what_another_process_stored_at_the_same_moment_is_not_replaced(
    tmp_path, folder, monkeypatch
):
    here, there = (PeKit.open(tmp_path / "memory", profile=fake_profile()) for _ in range(2))
    insert = here._memory.insert

    def late(obj, *args, **options):
        if obj.name == "Cup":
            there.ingest(find_jobs(folder, category="thing"))
            there.add_views("Cup", solid_scene({"yellow": (20, 20, 80, 90)}))
            there.update("Cup", context="Chipped.")
        return insert(obj, *args, **options)

    monkeypatch.setattr(here._memory, "insert", late)
    report = here.ingest(find_jobs(folder, category="thing"))
    cup = there.get("Cup")
    assert (cup.n_views, cup.context) == (3, "Chipped.")
    assert [obj.name for obj in report.stored] == ["Box"]
    assert (report.already, report.failed) == (2, [])


def test_crops_are_kept_for_a_memory_alone_where_that_is_said(memory, folder):
    run(memory, folder, keep_crops=True)
    assert all(view.crop for obj in memory.objects() for view in memory.get(obj.object_id).views)


def test_every_suffix_that_is_read_and_folders_in_folders_are_taken(memory, tmp_path):
    cup = tmp_path / "photos" / "Cup"
    kinds = {"1.jpg": "JPEG", "2.jfif": "JPEG", "3.avif": "AVIF", "4.JPG": "JPEG"}
    kinds |= {"5.jpe": "JPEG", "6.mpo": "MPO", "8.ppm": "PPM", "2023/9.jpg": "JPEG"}
    for number, (name, kind) in enumerate(kinds.items()):
        draw(cup / name, left=20 + number, suffix=kind)
    draw(cup / ".thumbnails" / "1.jpg")
    draw(cup / "._1.jpg", suffix="JPEG")
    (tmp_path / "photos" / "@eaDir").mkdir()
    draw(tmp_path / "photos" / "@eaDir" / "SYNO.jpg")
    (job,) = find_jobs(tmp_path / "photos", category="cup")
    assert sorted(str(photo.relative_to(cup)) for photo in job.photos) == sorted(kinds)
    report = run(memory, tmp_path / "photos")
    assert [obj.n_views for obj in report.stored] == [8]
    assert report.skipped == []


def test_what_is_no_photo_is_named_with_the_reason_and_stops_nothing(
    memory, folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "pi_heif", None)  # not installed
    cup = folder / "Cup"
    (cup / "1.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with (cup / "IMG_1.MOV").open("wb") as file:
        file.truncate(10**12)
    with (cup / "huge.jpg").open("wb") as file:
        file.truncate(10**12)  # whoever reads it fails
    (cup / "empty.jpg").touch()
    (cup / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (cup / "circle.jpg").symlink_to(cup / "circle.jpg")
    (cup / "folder.jpg").mkdir()
    os.mkfifo(cup / "pipe.jpg")
    (cup / "raw.dng").touch()
    draw(folder / "loose.png")
    (folder / "film.mp4").touch()
    report = run(memory, folder)
    assert [obj.n_views for obj in memory.objects()] == [2, 2, 2]
    assert report.failed == []
    told = left_out(report)
    expected = {
        "1.heic": "pekit-agents[heic]",
        "IMG_1.MOV": "a movie",
        "huge.jpg": "1000000.0 MB",
        "empty.jpg": "0 bytes",
        "gone.jpg": "found nothing",
        "circle.jpg": "cannot be read",
        "pipe.jpg": "a device, pipe or socket",
        "raw.dng": "save it as JPEG",
        "loose.png": "in no object's folder",
        "film.mp4": "a movie",
    }
    assert set(told) == set(expected)
    assert [name for name, why in expected.items() if why not in told[name]] == []


def test_limits_hold_for_what_is_new_and_for_what_is_looked_at_again(memory, folder):
    (folder / "Cup" / "0.png").write_bytes((folder / "Cup" / "0.png").read_bytes() + bytes(5000))
    jobs, profile = find_jobs(folder, category="thing"), fake_profile()
    small, narrow = ImageLimits(max_bytes=4000), ImageLimits(max_side=100)
    assert len(ingest(memory, jobs, profile, run=run_here, limits=narrow).failed) == 3
    for _ in range(2):
        report = ingest(memory, jobs, profile, run=run_here, limits=small)
        assert list(left_out(report)) == ["0.png"]
    assert ingest(memory, jobs, profile, run=run_here).views == 1


def test_a_photo_that_goes_away_and_a_model_that_one_photo_upsets_stop_nothing(memory, folder):
    jobs = find_jobs(folder, category="thing")
    (folder / "Cup" / "0.png").unlink()
    profile = replace(fake_profile(), extractor=Upset())
    (folder / "Hat" / "0.png").write_bytes((folder / "Box" / "0.png").read_bytes())
    report = ingest(memory, jobs, profile, run=run_here)
    assert sorted((obj.name, obj.n_views) for obj in report.stored) == [("Cup", 1), ("Hat", 1)]
    assert report.failed == [("Box", "none of its photos gave a view")]
    told = {f"{path.parent.name}/{path.name}": why for path, why in report.skipped}
    assert "found nothing" in told.pop("Cup/0.png")
    upset = "it cannot be worked on (ZeroDivisionError: blue)"
    assert told == dict.fromkeys(("Box/0.png", "Box/1.png", "Hat/0.png"), upset)


def test_an_object_with_unusable_texts_fails_alone(memory, folder):
    draw(folder / ("x" * 81) / "1.png")
    draw(folder / "\u2800" / "1.png")
    metadata = {"Hat": {"name": "Hat", "context": "x" * 2001}, "Cup": {"category": "mug"}}
    jobs = find_jobs(folder, category="thing", metadata=metadata)
    report = ingest(memory, jobs, fake_profile(), run=run_here)
    assert sorted((obj.name, obj.category) for obj in memory.objects()) == [
        ("Box", "thing"),
        ("Cup", "mug"),
    ]
    assert sorted(why.partition(":")[0] for _, why in report.failed) == ["context", "name", "name"]


def test_a_folder_without_photos_is_named(memory, folder):
    (folder / "Later").mkdir()
    (folder / "Film").mkdir()
    (folder / "Film" / "1.mov").touch()
    told = left_out(run(memory, folder))
    assert told == {
        "Later": "there is no photo in it",
        "Film": "there is no photo in it",
        "1.mov": "a movie, which is not read",
    }


def test_photos_that_are_new_become_views_and_others_are_not_extracted_again(memory, folder):
    run(memory, folder)
    draw(folder / "Cup" / "2024" / "new.png", "red", 70)
    (folder / "Hat" / "bad.jpg").write_bytes(b"no photo")
    extractor = Counting()
    report = ingest(
        memory,
        find_jobs(folder, category="other"),
        replace(fake_profile(), extractor=extractor),
        run=run_here,
    )
    assert extractor.categories == ["thing"]  # as the object is, and not as this run says
    assert [(obj.name, obj.n_views) for obj in report.added] == [("Cup", 3)]
    assert (report.views, report.already, report.stored) == (1, 2, [])
    assert list(left_out(report)) == ["bad.jpg"]
    assert run(memory, folder).already == 3


def test_a_photo_that_was_stored_in_another_way_is_not_stored_twice(tmp_path, folder):
    """By an earlier version, whose ids of views say nothing of the photo, and without details."""
    extractor = Counting()
    profile = replace(fake_profile(), extractor=extractor, describer=Describing())
    old = PeKit.open(tmp_path / "memory", profile=fake_profile())
    jobs = find_jobs(folder, category="thing")
    for job in jobs:
        old.remember(job.name, list(job.photos), category="thing", object_id=job.object_id)
    before = old.views("Cup")
    draw(folder / "Cup" / "2.png", "yellow")
    kit = PeKit.open(tmp_path / "memory", profile=profile, keep_crops=True)
    report = kit.ingest(find_jobs(folder, category="thing"))
    assert [(obj.name, obj.n_views) for obj in report.added] == [("Cup", 3)]
    assert report.already == 2
    stored = kit.views("Cup")
    assert [view.added_at for view in stored[:2]] == [view.added_at for view in before]
    assert all(view.details is not None and view.crop is not None for view in stored)
    extractor.categories.clear()
    assert kit.ingest(find_jobs(folder, category="thing")).already == 3
    assert extractor.categories == []


def test_what_its_owner_rejected_is_not_taken_in_again(tmp_path, folder):
    draw(folder / "Cup" / "2.png", "yellow")
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    kit.ingest(find_jobs(folder, category="thing"))
    cup = kit.get("Cup")
    yellow = kit.extract_view(folder / "Cup" / "2.png", category="thing").vector
    kit._memory.add_negatives(cup.object_id, yellow[None])
    assert kit.get("Cup").n_views == 2
    report = kit.ingest(find_jobs(folder, category="thing"))
    assert kit.get("Cup").n_views == 2
    assert kit.get("Cup").n_negatives == 1
    assert left_out(report) == {"2.png": "it was said not to be Cup"}


def test_what_is_removed_or_forgotten_during_a_run_does_not_come_back(tmp_path, folder):
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    kit.ingest(find_jobs(folder, category="thing"))
    draw(folder / "Box" / "new.png", "blue", 70)
    draw(folder / "Hat" / "new.png", "green", 70)

    def meanwhile(jobs, workers):
        for number, (job, profile) in enumerate(jobs):
            result = extract_job(job, profile)
            if number == 0:  # Box is under way, Hat and Cup are ahead
                kit.forget("Box")
                kit.remove_view("Hat", kit.views("Hat")[0].view_id)
                kit.forget("Cup")
            yield result

    report = kit.ingest(find_jobs(folder, category="thing"), run=meanwhile)
    assert [(obj.name, obj.n_views) for obj in kit.objects()] == [("Hat", 2)]
    assert [name for name, _ in report.failed] == ["Box"]
    assert [obj.name for obj in report.added] == ["Hat"]


def test_what_somebody_else_stores_meanwhile_is_added_to(tmp_path, folder):
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())

    def meanwhile(jobs, workers):
        for job, profile in jobs:
            if job.name == "Cup":
                draw(tmp_path / "mine.png", "yellow")
                kit.remember(
                    "Cup", [tmp_path / "mine.png"], category="mug", object_id=job.object_id
                )
            yield extract_job(job, profile)

    kit.ingest(find_jobs(folder, category="thing"), run=meanwhile)
    assert (kit.get("Cup").category, kit.get("Cup").n_views) == ("mug", 3)


def test_one_file_twice_is_one_view(memory, folder):
    (folder / "Cup" / "copy.png").write_bytes((folder / "Cup" / "1.png").read_bytes())
    report = run(memory, folder)
    assert {obj.n_views for obj in memory.objects()} == {2}
    assert [path.name for path, _ in report.skipped] == ["copy.png"]
    assert "the same file as" in report.skipped[0][1]


def test_advice_tells_photos_of_one_name_apart(memory, folder):
    draw(folder / "Cup" / "2024" / "0.png", "red", 21)
    (cup,) = [obj for obj in run(memory, folder).stored if obj.name == "Cup"]
    (said, *_) = [each.text for each in cup.advice if each.photo == 3]
    cups = folder / "Cup"
    assert said.startswith(f"{cups / '2024' / '0.png'} adds nothing to {cups}/")


def test_a_full_object_takes_no_more(memory, folder, monkeypatch):
    run(memory, folder)
    monkeypatch.setattr("pekit_agents.introduction.folders.MAX_VIEWS", 2)
    draw(folder / "Cup" / "2.png", "red", 70)
    report = run(memory, folder)
    assert report.already == 3
    assert left_out(report) == {"2.png": "an object holds at most 2 views"}


ZOE = unicodedata.normalize("NFC", "Zoë")
ZOE_OF_A_MAC = unicodedata.normalize("NFD", "Zoë")


@pytest.mark.parametrize("first", [ZOE, ZOE_OF_A_MAC])
def test_a_name_is_one_name_however_its_accents_are_written(memory, tmp_path, first):
    (other,) = {ZOE, ZOE_OF_A_MAC} - {first}
    draw(tmp_path / "one" / first / "1.png")
    draw(tmp_path / "two" / other / "1.png")
    draw(tmp_path / "two" / other / "2.png", "red", 70)
    metadata = {other: {"category": "cat"}}
    (job,) = find_jobs(tmp_path / "one", category="x", metadata=metadata)
    assert (job.name, job.category) == (ZOE, "cat")
    assert job.object_id == "034272858f3d53b183e31b2657a97370"  # as 0.1.0 made it of NFC
    assert len(ingest(memory, [job], fake_profile(), run=run_here).stored) == 1
    report = run(memory, tmp_path / "two")
    assert [(obj.name, obj.n_views) for obj in report.added] == [(ZOE, 2)]
    assert report.failed == []


def test_both_spellings_of_a_name_in_one_folder_are_one_object(memory, tmp_path):
    draw(tmp_path / "photos" / ZOE / "1.png")
    draw(tmp_path / "photos" / ZOE_OF_A_MAC / "2.png", "red", 70)
    report = run(memory, tmp_path / "photos")
    assert [(obj.name, obj.n_views) for obj in report.stored] == [(ZOE, 2)]


def test_an_object_of_an_earlier_version_with_the_id_of_a_macs_name_is_found(tmp_path):
    draw(tmp_path / "photos" / ZOE_OF_A_MAC / "1.png")
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    (job,) = find_jobs(tmp_path / "photos", category="x")
    kit.remember(ZOE, list(job.photos), category="x", object_id=job.earlier_id)
    report = kit.ingest([job])
    assert (report.already, report.failed) == (1, [])


def test_names_that_differ_in_case_are_said_to_be_one(memory, folder):
    draw(folder / "cup" / "1.png")
    (folder / "cup" / "1.png").touch()
    report = run(memory, folder)
    assert [name for name, _ in report.failed] == ["cup"]
    assert "'Cup'" in report.failed[0][1]
    assert "differ in case" in report.failed[0][1]
    assert run(memory, folder).failed == report.failed


@pytest.mark.parametrize("name", ["Cup", "CUP"])
def test_a_folder_with_the_name_of_a_remembered_object_adds_to_it(tmp_path, name):
    for number in (1, 2):
        draw(tmp_path / "photos" / "Cup" / f"{number}.png", "red", 20 + 30 * number)
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    kit.remember(name, str(tmp_path / "photos" / "Cup" / "1.png"), category="mug")
    report = kit.ingest(find_jobs(tmp_path / "photos", category="x"))
    assert [(obj.name, obj.category, obj.n_views) for obj in report.added] == [(name, "mug", 2)]
    assert (report.stored, report.failed, report.views) == ([], [], 1)
    assert kit.ingest(find_jobs(tmp_path / "photos", category="x")).already == 1
    assert [obj.n_views for obj in kit.objects()] == [2]


@pytest.mark.parametrize(("first", "then"), [("Cup", "cup"), ("Cup", "Mug")])
def test_a_folder_that_is_renamed_as_its_object_was_goes_on(tmp_path, first, then):
    photos = tmp_path / "photos"
    draw(photos / first / "1.png")
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    kit.ingest(find_jobs(photos, category="x"))
    kit.update(first, name=then)
    (photos / first).rename(photos / then)
    draw(photos / then / "2.png", "red", 70)
    assert [obj.n_views for obj in kit.ingest(find_jobs(photos, category="x")).added] == [2]
    assert [(obj.name, obj.n_views) for obj in kit.objects()] == [(then, 2)]


def test_a_folder_with_the_name_that_another_folders_object_was_given_is_not_mixed_with_it(
    tmp_path,
):
    photos = tmp_path / "photos"
    draw(photos / "Vase" / "1.png")
    kit = PeKit.open(tmp_path / "memory", profile=fake_profile())
    kit.ingest(find_jobs(photos, category="x"))
    kit.update("Vase", name="Mug")
    draw(photos / "Mug" / "1.png", "blue")
    report = kit.ingest(find_jobs(photos, category="x"))
    assert ([name for name, _ in report.failed], report.already) == (["Mug"], 1)
    assert [(obj.name, obj.n_views) for obj in kit.objects()] == [("Mug", 1)]


def test_the_folder_of_one_object_is_told_from_one_of_folders(folder):
    with pytest.raises(InvalidInput, match=r"photos in it directly: .* give the folder that it is"):
        find_jobs(folder / "Cup", category="x")


def test_a_folder_may_be_given_as_text(folder):
    assert find_jobs(str(folder), category="x") == find_jobs(folder, category="x")


def test_metadata_are_found_whatever_their_case(folder):
    jobs = find_jobs(folder, category="x", metadata={"cUP": {"category": "mug"}})
    assert {job.name: job.category for job in jobs} == {"Box": "x", "Cup": "mug", "Hat": "x"}


def test_links_to_folders_of_objects_are_no_objects(memory, folder, tmp_path):
    draw(tmp_path / "elsewhere" / "1.png", "yellow")
    (folder / "Vase").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(folder / "Cup")
    (folder / "up").symlink_to(tmp_path)
    report = run(memory, folder)
    assert [obj.name for obj in memory.objects()] == ["Box", "Cup", "Hat", "Vase"]
    assert set(left_out(report)) == {"again", "up"}


@of_any_bytes
def test_a_name_that_is_no_unicode_is_a_name(memory, folder):
    draw(Path(os.fsdecode(os.fsencode(folder) + b"/Caf\xe9/1.png")))
    assert sorted(obj.name for obj in run(memory, folder).stored) == ["Box", "Café", "Cup", "Hat"]


def test_models_are_not_sent_to_processes(folder, tmp_path, monkeypatch):
    jobs = find_jobs(folder, category="thing")
    profile = replace(fake_profile(), extractor=Locked())
    with pytest.raises(InvalidInput, match="sent to processes"):
        list(run_in_processes([(jobs[0], profile)], 1))
    seen = []

    def spy(jobs, workers):
        seen.extend(profile for _, profile in jobs)
        return iter(())

    own = fake_profile()
    PeKit.open(tmp_path / "memory", profile=own).ingest(jobs, run=spy)
    monkeypatch.setitem(profiles.PROFILES, own.name, fake_profile)
    shared = profiles.load_profile(own.name)
    PeKit.open(tmp_path / "memory", profile=shared).ingest(jobs, run=spy)
    assert seen == [own] * 3 + [own.name] * 3


def test_a_memory_that_cannot_be_written_stops_the_run(memory, folder, monkeypatch):
    def full(*args, **options):
        raise MemoryStoreError("the disk is full")

    monkeypatch.setattr(memory, "insert", full)
    with pytest.raises(MemoryStoreError, match="full"):
        run(memory, folder)


class Describing:
    """Says of a region how large it is."""

    def describe(self, photo, region):
        codes = np.full((1, 4), round(region.box.width) % 100, np.int8)
        return Details(codes, np.zeros((1, 2), np.int8), np.ones(1, np.int8))


class Upset(ColourExtractor):
    """Cannot stand blue."""

    def extract(self, image, category):
        if (0, 0, 255) in {colour for _, colour in image.getcolors(2**24)}:
            raise ZeroDivisionError("blue")
        return super().extract(image, category)


class Locked(ColourExtractor):
    """Cannot be copied, like a session of a runtime."""

    def __init__(self):
        self.lock = threading.Lock()


class Counting(ColourExtractor):
    """Notes what it was asked for."""

    def __init__(self):
        self.categories = []

    def extract(self, image, category):
        self.categories.append(category)
        return super().extract(image, category)


def test_folders_of_network_disks_and_photo_programs_are_no_objects(folder):
    for name in ("#snapshot", "@tmp", "Fotos.photoslibrary", "FOUND.000"):
        (folder / name / "a").mkdir(parents=True)
        (folder / name / "a" / "1.png").write_bytes((folder / "Cup" / "0.png").read_bytes())
    *jobs, beside = find_jobs(folder, category="thing")
    assert [job.name for job in jobs] == list(NAMES)
    said = {path.name for path, _ in beside.left_out}
    assert said == {"#snapshot", "@tmp", "Fotos.photoslibrary"}


def photo_in(folder, name, colour, file="0.png"):
    """Write a photo into a folder whose name is given in bytes."""
    place = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    place.mkdir(exist_ok=True)
    solid_scene({colour: (20, 20, 90, 90)}).save(place / file)


@of_any_bytes
def test_a_folder_of_another_time_has_its_name(memory, folder):
    photo_in(folder, b"Zo\xeb", "yellow")
    jobs = find_jobs(folder, category="thing", metadata={"Zoë": {"category": "cat"}})
    ingest(memory, jobs, fake_profile(), run=run_here)
    [zoe] = [obj for obj in memory.objects() if obj.name not in NAMES]
    assert (zoe.name, zoe.category, zoe.n_views) == ("Zoë", "cat", 1)
    photo_in(folder, "Zoë".encode(), "magenta", "1.png")
    assert len(run(memory, folder).added) == 1
    assert {obj.name: obj.n_views for obj in memory.objects()}["Zoë"] == 2


@of_any_bytes
def test_what_an_earlier_version_made_of_such_a_folder_is_the_object(memory, folder):
    photo_in(folder, b"Zo\xeb", "yellow")
    *_, job = find_jobs(folder, category="thing")
    earlier = uuid.uuid5(folders._NAMESPACE, r"Zo\udceb").hex  # of the name as the system gives it
    ingest(memory, [replace(job, name="Zo", object_id=earlier)], fake_profile(), run=run_here)
    report = run(memory, folder)
    assert ([obj.name for obj in report.stored], report.already) == (list(NAMES), 1)


@of_any_bytes
def test_a_name_in_no_known_letters_fails_alone(memory, folder):
    photo_in(folder, b"Zo\x81\xeb", "yellow")
    report = run(memory, folder)
    assert report.failed == [(r"Zo\udc81\udceb", "its name is no text in Unicode; rename it")]
    assert len(memory.objects()) == 3
