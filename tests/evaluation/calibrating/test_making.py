"""From a folder of photos to a calibration: what is measured, refused and reused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents import PeKit
from pekit_agents.calibration import read_calibration, write_calibration
from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.evaluation.calibrating.making import calibrate, gather
from pekit_agents.evaluation.datasets import load_dataset
from pekit_agents.evaluation.features.features import Features
from pekit_agents.profiles import calibrated_profile
from pekit_agents.testing import ColourEncoder, fake_profile, graded_profile, solid_scene
from tests.evaluation.calibrating.drawn import draw_things

pytestmark = pytest.mark.slow  # it fits twice, by cross-validation


class Watched(ColourEncoder):
    """Remembers how large the pictures are that it encodes."""

    def __init__(self) -> None:
        super().__init__("colour@1")
        self.sizes: set[tuple[int, int]] = set()

    def encode(self, images):
        self.sizes |= {image.size for image in images}
        return super().encode(images)


@pytest.fixture(scope="module")
def background(tmp_path_factory):
    folder = tmp_path_factory.mktemp("background")
    paths = []
    for number, colour in enumerate(("white", "black", "cyan")):
        paths.append(folder / f"{number}.png")
        solid_scene({colour: (20, 20, 80, 80)}).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def made(dataset, background, cache, told):
    return calibrate(
        fake_profile(),
        [dataset],
        background=background,
        cache=cache,
        tools="fake",
        progress=lambda *step: told.append(step),
    )


def test_what_was_fitted_is_of_the_profiles_vectors(made):
    fitted, report = made
    assert (fitted.encoder_id, fitted.augment) == ("colour@1", False)
    assert (report.photos, report.things, report.tried, report.background) == (27, 9, 9, 3)
    found = fitted.discriminant
    assert found.axes.shape == (4, 4)
    assert found.conditions.shape == found.spreads.shape == (5, 4)  # seen badly, and anything else
    assert (found.between > 0).all()
    assert found.slope > 0


def test_things_of_one_category_are_of_one_kind(made, dataset):
    _, report = made
    kinds = [f"{dataset.name}: {colour}" for colour in ("blue", "green", "red")]
    assert [(row.refs, row.kind) for row in report.rows] == [
        (refs, kind) for refs in (1, 3) for kind in ("", *kinds)
    ]
    for row in report.rows:  # shades that any encoder of colours tells apart
        assert row.own_named.mean > 0.9
        assert row.others_named.mean < 0.1
    assert report.deviation < 0.1


def test_every_step_is_told(made, told):
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["photos", "background", "cross-validation"]
    for stage, total in (("photos", 27), ("background", 3)):
        assert [step[1:] for step in told if step[0] == stage] == [
            (done, total) for done in range(1, total + 1)
        ]
    assert told[-1][1] == told[-1][2]


def test_a_discriminant_that_a_profile_has_is_not_used_and_a_cache_saves_work(
    made, dataset, background, cache
):
    encoder = Watched()
    profile = replace(graded_profile(), encoder=encoder)
    again, report = calibrate(profile, [dataset], background=background, cache=cache, tools="fake")
    assert report == made[1]
    for name in ("slope", "offset", "between", "conditions", "priors"):
        before, after = (getattr(each.discriminant, name) for each in (made[0], again))
        np.testing.assert_array_equal(after, before)
    assert (800, 600) in encoder.sizes  # photos made worse
    assert (160, 120) not in encoder.sizes  # the photos as they are


def test_a_file_of_it_serves_a_memory(made, tmp_path):
    write_calibration(tmp_path / "made.npz", made[0])
    profile = calibrated_profile(fake_profile(), read_calibration(tmp_path / "made.npz"))
    kit = PeKit.open(tmp_path / "memory", profile)
    red, blue = (solid_scene({colour: (20, 20, 80, 80)}) for colour in ("red", "blue"))
    kit.remember("Rex", red, category="dog")
    for strictness in ("recall", "balanced", "precision", 0.05):
        (match,) = kit.find(red, strictness=strictness).matches
        assert match.probability > 0.5
        assert kit.find(blue, strictness=strictness).matches == ()


def test_data_sets_are_put_together_and_their_kinds_kept_apart(tmp_path):
    for name, each in (("few", 1), ("more", 2)):
        draw_things(tmp_path / name, kinds=2, each=each, photos=2)
    features = Features(fake_profile(), tmp_path / "cache", tools="fake")
    material = gather([load_dataset(tmp_path / name) for name in ("few", "more")], features)
    assert sorted(material.names.values()) == sorted(
        f"{name}: {colour}" for name in ("few", "more") for colour in ("green", "red")
    )
    of_kind = [list(material.kinds.values()).count(number) for number in material.names]
    assert sorted(of_kind) == [1, 1, 2, 2]
    assert [each.thing for each in material.seen] == [thing for thing in range(6) for _ in "12"]
    assert material.normalized_background(ColourEncoder()).shape == (0, 4)


def test_too_few_things_with_two_photos_are_refused_before_any_is_looked_at(tmp_path):
    draw_things(tmp_path, kinds=5, each=1, photos=2)
    dataset = load_dataset(tmp_path)
    (tmp_path / "red 0" / "0.png").write_text("no photo")
    features = Features(fake_profile(), tmp_path / "cache", tools="fake")
    with pytest.raises(InvalidInput, match=r"expected 6 things or more with two photos .* found 5"):
        gather([dataset], features)


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    draw_things(tmp_path)
    dataset = load_dataset(tmp_path)
    (tmp_path / "green 0" / "0.png").write_text("no photo")
    with pytest.raises(ImageError, match=r"green 0/0\.png"):
        calibrate(fake_profile(), [dataset])
