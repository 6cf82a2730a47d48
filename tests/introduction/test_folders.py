"""A folder of photos becomes a memory, whatever is in the folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.introduction.folders import (
    extract_job,
    find_jobs,
    ingest,
    read_metadata,
    run_in_processes,
)
from pekit_agents.memory import Memory
from pekit_agents.testing import fake_profile, solid_scene

COLOURS = {"Cup": "red", "Hat": "green", "Box": "blue"}


@pytest.fixture
def folder(tmp_path):
    """Two photos of each of three objects."""
    for name, colour in COLOURS.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(2):
            left = 20 + 30 * i
            scene = solid_scene({colour: (left, 20, left + 60, 90)})
            scene.save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


@pytest.fixture
def memory(tmp_path):
    encoder = fake_profile().encoder
    return Memory.open(tmp_path / "memory", user_id="ann", encoder_id=encoder.id, dim=encoder.dim)


def in_turn(jobs, workers):
    for job, profile in jobs:
        yield extract_job(job, profile)


def run(memory, folder, **changes):
    jobs = find_jobs(folder, category="thing")
    return ingest(memory, jobs, fake_profile(), **{"run": in_turn, **changes})


def test_each_folder_becomes_an_object_with_its_photos_as_views(memory, folder):
    report = run(memory, folder)
    assert [(obj.name, obj.category, obj.n_views) for obj in memory.objects()] == [
        (name, "thing", 2) for name in sorted(COLOURS)
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
        yield next(in_turn(jobs, workers))
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


METADATA = [
    {"name": "Cup", "category": "mug", "context": "Grandma's, chipped."},
    {"name": "Hat", "category": None, "context": None},
]


def as_csv(path):
    path.write_text(  # as spreadsheets write it
        'name,category,context\nCup,mug,"Grandma\'s, chipped."\nHat,,\n', encoding="utf-8-sig"
    )


def as_json(path):
    path.write_text(json.dumps(METADATA), encoding="utf-8")


@pytest.mark.parametrize(("name", "write"), [("a.csv", as_csv), ("a.json", as_json)])
def test_metadata_give_category_and_context(tmp_path, folder, name, write):
    write(tmp_path / name)
    jobs = find_jobs(folder, category="thing", metadata=read_metadata(tmp_path / name))
    assert [(job.name, job.category, job.context) for job in jobs] == [
        ("Box", "thing", ""),
        ("Cup", "mug", "Grandma's, chipped."),
        ("Hat", "thing", ""),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "title\nCup\n"),
        ("a.csv", "name,colour\nCup,red\n"),
        ("a.json", "[1]"),
        ("a.json", "{"),
        ("none.csv", None),
    ],
)
def test_metadata_of_another_form_are_refused(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput, match="expected"):
        read_metadata(tmp_path / name)


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


@pytest.mark.slow
def test_processes_do_the_same(memory, folder, tmp_path):
    seen = []
    report = run(memory, folder, run=run_in_processes, workers=2, progress=seen.append)
    assert len(report.stored) == len(seen) == 3
    plain = Memory.open(
        tmp_path / "plain", user_id="ann", encoder_id=memory.encoder_id, dim=memory.dim
    )
    run(plain, folder)
    for obj in plain.objects():
        np.testing.assert_array_equal(
            memory.get(obj.object_id).vectors, plain.get(obj.object_id).vectors
        )


@pytest.mark.slow
def test_ray_does_the_same(memory, folder):
    pytest.importorskip("ray", reason="needs the extra ray")
    from pekit_agents.introduction.ray_cluster import run_on_ray

    (folder / "Cup" / "bad.jpg").write_bytes(b"no photo")
    report = run(memory, folder, run=run_on_ray, workers=2)
    assert sorted(obj.n_views for obj in report.stored) == [2, 2, 2]
    assert [path.name for path, _ in report.skipped] == ["bad.jpg"]
    assert run(memory, folder, run=run_on_ray, workers=2).already == 3
