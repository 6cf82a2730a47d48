"""Corrections: what is rejected in one photo of a look-alike is not named in its others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.corrected import effects
from pekit_agents.evaluation.protocols import corrections
from pekit_agents.evaluation.records import Photo, Thing

SHADES = {"red": (255, 0, 0), "pink": (255, 66, 66), "blue": (0, 0, 255), "sky": (66, 66, 255)}


@pytest.fixture
def look_alikes(bench, tmp_path):
    """A bench with two pairs of look-alikes, four photos each."""
    photos = []
    for name, colour in SHADES.items():
        for index in range(4):
            picture = Image.new("RGB", (120, 120), (128, 128, 128))
            picture.paste(colour, (20, 10 + 5 * index, 90, 90))
            path = tmp_path / "look_alikes" / f"{name}-{index}.png"
            path.parent.mkdir(exist_ok=True)
            picture.save(path)
            photos.append(Photo(path, frozenset({name})))
    things = tuple(Thing(name) for name in SHADES)
    dataset = replace(bench.dataset, root=tmp_path, things=things, photos=tuple(photos))
    return replace(bench, dataset=dataset, seeds=tuple(range(6)))


def test_a_look_alike_that_was_rejected_is_not_named_again(look_alikes):
    run = corrections(look_alikes, refs=2)
    repeated, alarms, recall = effects(run)
    assert (repeated.before.mean, repeated.after.mean) == (1, 0)
    assert alarms.before.mean > 0 == alarms.after.mean
    assert (recall.before.mean, recall.after.mean, recall.change.mean) == (1, 1, 0)


def test_the_photos_that_are_corrected_are_not_those_that_are_counted(look_alikes):
    run = corrections(replace(look_alikes, seeds=(0,)), refs=2, photos=1)
    keys = [(draw.recognizer, draw.condition) for draw in run.draws]
    assert keys == [
        ("pekit", "other photos"),
        ("pekit, corrected", "other photos"),
        ("pekit", "photos to correct"),
        ("pekit, corrected", "photos to correct"),
    ]
    others, _, told, _ = ({trial.photo for trial in draw.trials} for draw in run.draws)
    introduced = {file for files in run.draws[0].references.values() for file in files}
    assert not others & told
    assert not introduced & (others | told)
    assert len(told) == 2  # one of each unknown thing
    assert len(others) == 4 * 2


def test_scores_of_what_was_rejected_are_those_of_nothing(look_alikes):
    run = corrections(look_alikes, refs=2)
    before, after = (
        [
            max(trial.scores.values())
            for draw in run.draws
            if draw.recognizer == who
            for trial in draw.trials
            if not set(trial.shows) & set(draw.known)
        ]
        for who in ("pekit", "pekit, corrected")
    )
    assert max(before) > 0.75 > max(after)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"photos": 0}, "1 photo to correct or more"), ({"strictness": 0.5}, "discriminant")],
)
def test_what_cannot_be_measured_is_refused(look_alikes, options, says):
    with pytest.raises(InvalidInput, match=says):
        corrections(look_alikes, refs=2, **options)
