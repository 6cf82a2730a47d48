"""What is drawn at random: references, halves, and what is left to search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import (
    draw_task,
    half_of,
    half_of_each_kind,
    restrict,
    usable,
)
from pekit_agents.evaluation.records import Photo


def test_no_reference_is_searched(colours):
    task = draw_task(colours, 2, seed=1)
    used = {path for paths in task.references.values() for path in paths}
    assert len(used) == 2 * 4
    assert not used & {photo.path for photo in task.photos}
    assert len(used) + len(task.photos) == len(colours.photos) == 17


def test_a_seed_gives_the_same_draw_and_another_seed_another(colours):
    assert draw_task(colours, 2, 1) == draw_task(colours, 2, 1)
    others = [draw_task(colours, 2, seed).references for seed in range(5)]
    assert any(other != others[0] for other in others)


def test_more_references_hold_the_fewer_and_search_the_same_photos(colours):
    one = draw_task(colours, 1, 7, reserve=3)
    three = draw_task(colours, 3, 7, reserve=3)
    assert all(three.references[thing][:1] == one.references[thing] for thing in one.references)
    assert one.photos == three.photos


def test_leaving_a_thing_out_changes_no_other_draw(colours):
    fewer = replace(colours, things=colours.things[1:])
    assert draw_task(fewer, 2, 3).references["red"] == draw_task(colours, 2, 3).references["red"]


def test_unknown_things_are_not_introduced_and_the_same_photos_are_searched(colours):
    all_known = draw_task(colours, 2, 1)
    half = draw_task(colours, 2, 1, known={"red", "blue"}, condition="half known")
    assert set(half.references) == {"red", "blue"}
    assert half.photos == all_known.photos
    assert half.references["red"] == all_known.references["red"]
    assert half.categories["red"] == "red thing"


def test_references_that_a_data_set_sets_aside_are_the_ones_drawn(colours, tmp_path):
    aside = tuple(tmp_path / f"{index}.png" for index in range(3))
    things = (replace(colours.things[0], references=aside), *colours.things[1:])
    task = draw_task(replace(colours, things=things), 2, 1)
    assert set(task.references["blue"]) < set(aside)
    assert sum("blue" in photo.shows for photo in task.photos) == 4


def test_a_reference_shows_the_thing_alone(colours, tmp_path):
    both = Photo(tmp_path / "both.png", frozenset({"red", "blue"}))
    crowded = replace(colours, photos=(both, *colours.photos))
    for seed in range(10):
        task = draw_task(crowded, 3, seed)
        assert both in task.photos


def test_a_thing_with_too_few_photos_is_left_out_and_becomes_unknown(colours):
    fewer = replace(
        colours, photos=tuple(p for p in colours.photos if p.path.stem == "0" or "red" in p.shows)
    )
    with pytest.raises(InvalidInput, match="expected two or more things with photos for 3"):
        usable(fewer, 3)
    some = replace(colours, photos=colours.photos[2:])  # blue has 2 photos left
    assert [thing.name for thing in usable(some, 2).things] == ["cyan", "green", "red"]
    assert sum("blue" in photo.shows for photo in usable(some, 2).photos) == 2


def test_half_is_the_larger_half_and_depends_on_the_purpose(colours):
    odd = replace(colours, things=colours.things[:3])
    assert len(half_of(odd, 0, "known")) == 2
    halves = {half_of(colours, seed, "known") for seed in range(20)}
    assert len(halves) == 6  # every pair of four comes up
    assert any(half_of(colours, s, "a") != half_of(colours, s, "b") for s in range(20))


def test_a_part_of_a_data_set_has_no_photo_of_or_about_another_thing(colours, tmp_path):
    about_red = Photo(tmp_path / "x.png", frozenset(), about=frozenset({"red"}))
    part = restrict(replace(colours, photos=(*colours.photos, about_red)), {"blue", "cyan"})
    assert [thing.name for thing in part.things] == ["blue", "cyan"]
    assert len(part.photos) == 9  # two things' four photos and the background


def test_of_each_kind_a_half_is_drawn_and_single_things_are_in_either(colours):
    names = [thing.name for thing in colours.things]
    categories = dict(zip(names, ("ball", "ball", "cube", "disc"), strict=True))
    things = tuple(replace(t, category=categories[t.name]) for t in colours.things)
    halves = [half_of_each_kind(replace(colours, things=things), seed) for seed in range(20)]
    assert halves[3] == half_of_each_kind(replace(colours, things=things), 3)
    for half in halves:
        assert len(half & set(names[:2])) == 1
        assert len(half & set(names[2:])) == 1  # odd numbers: by turns
    for name in names:
        assert 0 < sum(name in half for half in halves) < 20
