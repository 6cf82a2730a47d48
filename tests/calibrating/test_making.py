"""From a folder of photos to a profile with a calibration: the whole way, on drawn photos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents import ImageError, InvalidInput, PeKit, ProfileError
from pekit_agents.calibrating import making
from pekit_agents.calibrating.assessing import Row
from pekit_agents.calibrating.making import calibrate
from pekit_agents.calibrating.photos import shown_in
from pekit_agents.calibration import Calibration
from pekit_agents.encoder_calibration import read_calibration, write_calibration
from pekit_agents.evaluation.intervals import Estimate
from pekit_agents.matching import MatchSettings
from pekit_agents.profiles import calibrated_profile
from pekit_agents.testing import ColourEncoder, fake_profile, solid_scene
from tests.calibrating.drawn import draw_things


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos")
    draw_things(path)
    return path


@pytest.fixture(scope="module")
def made(folder):
    return calibrate(fake_profile(), folder)


def test_photos_in_a_folder_of_their_own_show_one_thing(tmp_path):
    names = ["a.jpg", "b.PNG", "background/1.jpg", "background/2.jpg", "mug/1.webp", "mug/2.jpeg"]
    for name in (*names, "x/.cache/1.jpg", ".hidden.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "mug" / "notes.txt").touch()
    found = {str(path.relative_to(tmp_path)): name for path, name in shown_in(tmp_path)}
    assert list(found) == names
    assert found["mug/1.webp"] == found["mug/2.jpeg"]
    assert len(set(found.values())) == 5


def test_what_was_measured_fits_the_photos(made):
    measured, report = made
    assert (report.photos, report.things, report.own, report.regions) == (24, 8, 8, 24)
    assert measured.encoder_id == "colour@1"
    assert (measured.max_weight, measured.augment) == (1.0, False)
    assert measured.bank.features.shape == (24, 4)
    assert len(set(measured.bank.things.tolist())) == 8
    found = measured.calibration
    assert found.mean > 0.9  # tints of one colour
    assert 0 < found.scale < 0.3
    assert measured.itself > found.mean
    assert measured.ambiguity == pytest.approx(1.6 * found.scale)


def test_the_report_says_what_was_found_at_which_rate(made):
    _, report = made
    assert [(row.asked, row.refs) for row in report.trials] == [
        (rate, refs) for rate in (0.3, 0.1, 0.02) for refs in (1, 3)
    ]
    for rows in (report.plain, report.whitened, report.once, report.twice):
        assert [(row.asked, row.refs) for row in rows] == [(0.1, 1), (0.1, 3)]
    for row in (*report.trials, *report.once):
        assert row.right.mean > 0.9
        assert row.alarms.mean <= 0.35
        assert 0 < row.alarm_photos <= 24


def test_the_better_features_are_taken(made):
    measured, report = made
    right = [sum(row.right.mean for row in rows) for rows in (report.plain, report.whitened)]
    assert (measured.whitening is not None) == (right[1] > right[0])


def row(alarms: float, right: float) -> Row:
    found = [Estimate(value, None, None, 1, 0, 0) for value in (alarms, right)]
    return Row(0.1, 1, found[0], 20, found[1], 20)


@pytest.mark.parametrize(
    ("once", "twice", "better"),
    [
        ((0.05, 0.8), (0.05, 0.9), True),
        ((0.05, 0.8), (0.06, 0.9), False),  # more false alarms
        ((0.05, 0.8), (0.0, 0.8), False),  # finds no more, and costs time
    ],
)
def test_second_looks_are_taken_where_they_are_better(once, twice, better):
    assert making._is_better([row(*twice)], [row(*once)]) is better


def test_second_looks_are_in_units_of_the_scale(made):
    measured, report = made
    factor = 2.1 if making._is_better(report.twice, report.once) else 0.0
    assert measured.doubt == pytest.approx(factor * measured.calibration.scale)


class Dazzled(ColourEncoder):
    """Colours on top of a huge constant that leaves all cosines near 1, unless it is taken off."""

    def encode(self, images):
        return [grid + np.array([9000, 0, 0, 0], np.float32) for grid in super().encode(images)]


def test_features_in_a_narrow_cone_are_whitened(folder):
    measured, report = calibrate(replace(fake_profile(), encoder=Dazzled("dazzled")), folder)
    assert measured.whitening is not None
    (plain, *_), (whitened, *_) = report.plain, report.whitened
    assert whitened.right.mean > plain.right.mean
    own = calibrated_profile(replace(fake_profile(), encoder=Dazzled("dazzled")), measured)
    assert own.encoder.id == f"dazzled/{measured.whitening.version}"


def test_a_file_of_it_serves_a_memory(made, tmp_path):
    write_calibration(tmp_path / "made.npz", made[0])
    profile = calibrated_profile(fake_profile(), read_calibration(tmp_path / "made.npz"))
    kit = PeKit.open(tmp_path / "memory", profile)
    red, blue = (solid_scene({colour: (20, 20, 80, 80)}) for colour in ("red", "blue"))
    kit.remember("Rex", red, category="dog")
    for strictness in ("recall", "balanced", "precision", 0.05):
        (match,) = kit.find(red, strictness=strictness).matches
        assert match.probability > 0.9
        assert kit.find(blue, strictness=strictness).matches == ()


def test_the_same_photos_give_the_same_numbers(made, folder):
    again, report = calibrate(fake_profile(), folder)
    assert again.calibration == made[0].calibration
    assert (again.margin, again.least) == (made[0].margin, made[0].least)
    assert report == made[1]


class Counting(ColourEncoder):
    """Counts the pictures that it encodes."""

    def __init__(self) -> None:
        super().__init__("counted")
        self.seen: list[bytes] = []

    def encode(self, images):
        self.seen += [bytes(f"{image.size}", "ascii") + image.tobytes() for image in images]
        return super().encode(images)


def test_no_picture_is_encoded_twice_and_with_a_cache_hardly_any_again(folder, tmp_path):
    encoder = Counting()
    profile = replace(fake_profile(), encoder=encoder, augment=True)
    calibrate(profile, folder, cache=tmp_path, tools="fake")
    first = list(encoder.seen)
    assert len(first) > 24 * 6  # each photo and its synthetic views
    # Close-ups of doubtful regions alone come later, and may repeat what was seen long before.
    assert len(first) - len(set(first)) <= 24
    encoder.seen.clear()
    calibrate(profile, folder, cache=tmp_path, tools="fake")
    assert len(encoder.seen) == 24  # the patches that give statistics


_SEARCHES = ("searches", "searches, looking twice")


def test_every_step_is_told(folder):
    told: list[tuple[str, int, int]] = []
    calibrate(fake_profile(), folder, progress=lambda *step: told.append(step))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["photos", "trials, plain", "trials, whitened", *_SEARCHES]
    for stage in stages:
        steps = [(done, total) for name, done, total in told if name == stage]
        assert [done for done, _ in steps] == list(range(1, steps[0][1] + 1))


def test_too_few_photos_are_refused_before_any_is_looked_at(tmp_path):
    (tmp_path / "photo.jpg").write_text("no photo")
    with pytest.raises(InvalidInput, match=r"expected 20 photos or more in .* found 1; a hundred"):
        calibrate(fake_profile(), tmp_path)
    with pytest.raises(InvalidInput, match="found 0"):
        calibrate(fake_profile(), tmp_path / "nowhere")


def test_too_few_things_with_two_photos_are_refused(tmp_path):
    draw_things(tmp_path, things=5, photos=4)
    with pytest.raises(InvalidInput, match=r"expected 6 things or more with two photos .* found 5"):
        calibrate(fake_profile(), tmp_path)


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    draw_things(tmp_path)
    (tmp_path / "red" / "1.png").write_text("no photo")
    with pytest.raises(ImageError, match=r"red/1\.png"):
        calibrate(fake_profile(), tmp_path)


def test_a_calibrated_profile_is_refused(folder):
    known = Calibration(location=0.2, scale=0.1, regions=0.0, mean=0.9, deviation=0.2)
    profile = replace(fake_profile(), matching=MatchSettings(calibration=known))
    with pytest.raises(ProfileError, match="found 'fake', which has one: its statistics"):
        calibrate(profile, folder)


def test_the_limits_are_those_that_are_documented():
    assert (making.LEAST_PHOTOS, making.LEAST_THINGS, making.REFS) == (20, 6, (1, 3))
