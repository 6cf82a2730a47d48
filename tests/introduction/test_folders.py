"""Which folders are objects, what they are called, and which of their files are photos."""

from __future__ import annotations

import os
import sys
import unicodedata
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.introduction import folders
from pekit_agents.introduction.folders import find_jobs, ingest, run_here
from pekit_agents.kit.kit import PeKit
from pekit_agents.testing import fake_profile, solid_scene
from tests.introduction.photo_folders import NAMES, draw, left_out, run

of_any_bytes = pytest.mark.skipif(
    sys.platform != "linux", reason="needs a disk that takes any bytes as a name"
)


def test_photos_are_known_by_their_suffix_whatever_its_case_and_stray_files_are_passed_over(folder):
    (folder / "Cup" / "0.png").rename(folder / "Cup" / "0.PNG")
    (folder / "notes.txt").write_text("Mug: lost.")
    jobs = find_jobs(folder, category="thing")
    assert [job.name for job in jobs] == ["Box", "Cup", "Hat"]
    assert [len(job.photos) for job in jobs] == [2, 2, 2]


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
        "1.mov": "a movie, which is not read with a folder: remember or add it by itself",
    }


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
