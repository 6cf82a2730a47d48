"""Features come from the cache where they can, and are those of the product where they are made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pekit_agents.embedding.local_features import PatchDescriber
from pekit_agents.errors import ImageError
from pekit_agents.evaluation.features.features import Features
from pekit_agents.evaluation.features.regions import CachedRegions
from pekit_agents.testing import ColourEncoder, ColourProposer, fake_profile, solid_scene
from pekit_agents.types import Box


class CountingProposer(ColourProposer):
    """Counts its photos, and reads the categories if told so."""

    def __init__(self, *, reads=False):
        self.calls = 0
        self._reads = reads

    def propose(self, image, categories, mode):
        self.calls += 1
        if self._reads:
            list(categories)
        return super().propose(image, categories, mode)


def features(folder, proposer=None, **options):
    profile = fake_profile()
    profile = replace(profile, proposer=proposer or profile.proposer)
    return Features(profile, folder / "cache", tools="fake", **options)


def test_regions_have_boxes_and_pooled_features(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    regions = features(tmp_path).regions(photo, ())
    assert regions.boxes == (Box(0, 0, 80, 120),)
    # The feature of a patch is its colour less 128, and 8.
    assert regions.pooled.tolist() == [[127, -128, -128, 8]]
    assert regions.plain.tolist() == regions.pooled.tolist()
    assert regions.seconds > 0


def test_a_second_session_reads_what_the_first_made(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    first = features(tmp_path).regions(photo, ())
    proposer = CountingProposer()
    second = features(tmp_path, proposer).regions(photo, ())
    assert proposer.calls == 0
    assert second.seconds is None
    assert second.boxes == first.boxes
    assert np.array_equal(second.pooled, first.pooled)


def test_a_photo_with_other_content_is_made_anew(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    features(tmp_path).regions(photo, ())
    save(photo, {"blue": (0, 0, 80, 120)})
    assert features(tmp_path).regions(photo, ()).pooled[0].tolist() == [-128, -128, 127, 8]


def test_a_photo_of_another_name_with_the_same_content_is_not(tmp_path, save):
    proposer = CountingProposer()
    made = features(tmp_path, proposer)
    made.regions(save(tmp_path / "a.png", {"red": (0, 0, 80, 120)}), ())
    made.regions(save(tmp_path / "b.png", {"red": (0, 0, 80, 120)}), ())
    assert proposer.calls == 1


def test_a_proposer_that_reads_no_categories_is_asked_once_whatever_is_remembered(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    blind, reader = CountingProposer(), CountingProposer(reads=True)
    for words in (("cat",), ("cat", "dog")):
        features(tmp_path / "blind", blind).regions(photo, words)
        features(tmp_path / "reader", reader).regions(photo, words)
        features(tmp_path / "reader", reader).regions(photo, words)
    assert (blind.calls, reader.calls) == (1, 2)


def test_modes_do_not_share_regions(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 100), "blue": (100, 0, 150, 50)})
    assert len(features(tmp_path, mode="scene").regions(photo, ()).boxes) == 2
    assert len(features(tmp_path, mode="fast").regions(photo, ()).boxes) == 1


def test_a_damaged_entry_is_made_anew(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    features(tmp_path).regions(photo, ())
    for path in (tmp_path / "cache").rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert features(tmp_path).regions(photo, ()).boxes == (Box(0, 0, 80, 120),)


def test_a_reference_has_the_vector_that_the_kit_would_store(tmp_path, save):
    from pekit_agents import PeKit
    from pekit_agents.embedding.pooling import mean_direction

    photo = save(tmp_path / "a.png", {"red": (10, 10, 90, 100)})
    profile = replace(fake_profile(), augment=True)
    made = Features(profile, tmp_path / "cache", tools="fake").introduced(photo, "thing")
    stored = PeKit.open(tmp_path / "memory", profile=profile).extract_view(photo, category="thing")
    assert made.looks.shape == (4, 4)
    assert np.array_equal(mean_direction(made.looks, profile.encoder), stored.vector)


def test_a_reference_without_an_object_is_none_and_noted(tmp_path, save):
    made = features(tmp_path)
    photo = save(tmp_path / "grey.png", {})
    assert made.introduced(photo, "thing") is None
    assert features(tmp_path).introduced(photo, "thing") is None  # also from the cache
    assert made.unseen == {photo}


def test_the_whole_photo_is_the_mean_of_its_patches(tmp_path, save):
    # Half red (+127, -128, -128), half grey (0, 0, 0): the mean is half of red.
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    whole = features(tmp_path).whole(photo)
    assert whole.mean == pytest.approx([63.5, -64, -64, 8])
    assert np.array_equal(whole.token, whole.mean)  # the fake encoder has no class token


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    with pytest.raises(ImageError, match=r"broken\.jpg"):
        features(tmp_path).regions(broken, ())
    with pytest.raises(ImageError, match=r"missing\.jpg"):
        features(tmp_path).whole(tmp_path / "missing.jpg")


def test_the_class_token_of_the_embedded_model_is_kept(tmp_path, embedded_model):
    from pekit_agents import load_profile

    photo = tmp_path / "a.png"
    solid_scene({"red": (0, 0, 80, 120)}).save(photo)
    whole = Features(load_profile("embedded"), tmp_path / "cache", tools="x").whole(photo)
    assert whole.token.shape == whole.mean.shape == (768,)
    assert not np.allclose(whole.token, whole.mean)


class GuidedProposer(ColourProposer):
    """Proposes the largest patch, and all of them where the guide likes what it sees."""

    def __init__(self):
        self.calls = 0

    def propose_guided(self, image, categories, mode, guide):
        self.calls += 1
        regions = super().propose(image, categories, "scene")
        if len(regions) == 1:
            return regions  # a simple photo: nobody is asked
        liked = guide(np.zeros((1, 4), np.float32))[0] > 0
        return regions if liked else regions[:1]


def looks(folder, photo, proposer, likeness):
    seen = CachedRegions(photo, features(folder, proposer), ColourEncoder())
    boxes = seen.propose([], lambda vectors: np.full(len(vectors), likeness, np.float32))
    return seen, boxes, seen.embed()


def test_what_the_guide_has_a_say_in_is_made_anew(tmp_path, save):
    photo, proposer = (
        save(tmp_path / "a.png", {"red": (0, 0, 80, 120), "blue": (90, 0, 130, 60)}),
        GuidedProposer(),
    )
    for likeness, count in ((1.0, 2), (-1.0, 1)):
        seen, boxes, vectors = looks(tmp_path, photo, proposer, likeness)
        assert len(boxes) == len(vectors) == count
        assert seen.seconds > 0
    assert proposer.calls == 2


def test_what_it_has_no_say_in_comes_from_the_cache(tmp_path, save):
    photo, proposer = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)}), GuidedProposer()
    _, boxes, vectors = looks(tmp_path, photo, proposer, 1.0)
    second, same_boxes, same_vectors = looks(tmp_path, photo, proposer, -1.0)
    assert (proposer.calls, second.seconds) == (1, None)
    assert (boxes, vectors.tolist()) == (same_boxes, same_vectors.tolist())


@pytest.mark.parametrize("guided", [False, True])
def test_details_are_those_of_the_product(tmp_path, save, guided):
    from pekit_agents.images.loading import load_image
    from pekit_agents.retrieval.regions import PhotoRegions

    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120), "blue": (90, 0, 130, 60)})
    encoder = ColourEncoder()
    tools = replace(fake_profile(), proposer=GuidedProposer(), describer=PatchDescriber(encoder))
    known = Features(tools, tmp_path / "cache", tools="fake")
    guide = (lambda vectors: np.ones(len(vectors), np.float32)) if guided else None
    theirs = PhotoRegions(load_image(photo), tools, "scene")
    theirs.propose([], guide)
    for _ in range(2):  # made now, and from the cache
        ours = CachedRegions(photo, known, encoder)
        ours.propose([], guide)
        for region in (0, 1):
            one, other = ours.details(region), theirs.details(region)
            for name in ("codes", "colours", "weights"):
                assert getattr(one, name).tolist() == getattr(other, name).tolist()
    assert ours.details(0).colours.tolist() != ours.details(1).colours.tolist()


def test_a_profile_that_describes_nothing_has_no_details(tmp_path, save):
    photo = save(tmp_path / "a.png", {"red": (0, 0, 80, 120)})
    seen = CachedRegions(photo, features(tmp_path), ColourEncoder())
    seen.propose([], None)
    assert seen.details(0) is None
    assert features(tmp_path).introduced(photo, "thing").patches is None
