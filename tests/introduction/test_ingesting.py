"""What is stored of a folder of photos, at once and later, and what stops nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from pekit_agents import profiles
from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.images.loading import ImageLimits
from pekit_agents.introduction.folders import extract_job, find_jobs, ingest, run_here
from pekit_agents.introduction.processes import run_in_processes
from pekit_agents.kit.kit import PeKit
from pekit_agents.testing import ColourExtractor, fake_profile, solid_scene
from pekit_agents.types import Details
from tests.introduction.photo_folders import NAMES, draw, left_out, run


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


def test_a_worker_without_the_files_is_given_their_content(folder):
    (job, *_) = find_jobs(folder, category="thing")
    contents = {path: path.read_bytes() for path in job.photos}
    expected = extract_job(job, fake_profile()).vectors
    for path in job.photos:
        path.unlink()
    np.testing.assert_array_equal(extract_job(job, fake_profile(), contents).vectors, expected)


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


def test_crops_are_kept_for_a_memory_alone_where_that_is_said(memory, folder):
    run(memory, folder, keep_crops=True)
    assert all(view.crop for obj in memory.objects() for view in memory.get(obj.object_id).views)


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
