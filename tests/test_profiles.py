"""Profiles by name and by TOML file; what a file says wrong is said back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pekit_agents.errors import ProfileError
from pekit_agents.models.hf.detection import DetectionSettings
from pekit_agents.models.spec import ModelSpec
from pekit_agents.profiles import (
    PROFILES,
    RECIPES,
    Profile,
    Recipe,
    embedded_profile,
    grounded_sam_profile,
    load_profile,
    recipe_of,
    refitted_profile,
)
from pekit_agents.settings import MatchSettings
from pekit_agents.testing import fake_profile


@pytest.fixture
def recipe(tmp_path):
    """Return a function that reads the recipe in a TOML text."""

    def read(text: str) -> Recipe:
        path = tmp_path / "mine.toml"
        path.write_text(text, "utf-8")
        return recipe_of(str(path))

    return read


def test_the_named_profiles():
    assert list(PROFILES) == ["embedded", "grounded-sam", "grounding-dino", "paper"]


def test_the_paper_preset_is_equations_1_to_4():
    paper = RECIPES["paper"]
    assert paper.matching.threshold == 0.75
    assert paper.calibration is None  # the cosine to the most similar view
    assert paper.matching.framing == 0
    assert paper.prompt == "categories"  # section 3.5
    assert paper.extraction.close_up == paper.proposal_settings.close_up == 0  # whole photo
    assert paper.augment is False
    assert paper.segmenter == ModelSpec("facebook/sam-vit-base")
    assert RECIPES["grounding-dino"].segmenter is None  # the ablation: box as mask


def test_importing_profiles_loads_no_torch():
    code = "import sys, pekit_agents.profiles as p; assert 'torch' not in sys.modules, p"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_empty_file_is_grounded_sam_by_the_files_name(recipe):
    found = recipe("")
    assert found.name == "mine"
    assert found.models == RECIPES["grounded-sam"].models


def test_a_file_changes_what_it_names(recipe):
    found = recipe(
        """
        base = "paper"
        name = "small"
        device = "cpu"
        dtype = "float32"
        augment = true
        prompt = "object"
        [detector]
        id = "IDEA-Research/grounding-dino-tiny"
        revision = "abc"
        image_size = 480
        [encoder]
        device = "cuda"
        [extraction]
        threshold = 0.4
        [proposals]
        limit = 7
        [matching]
        threshold = 0.6
        """
    )
    assert found.detector == ModelSpec(
        "IDEA-Research/grounding-dino-tiny", "abc", "cpu", "float32", 480
    )
    assert found.segmenter == ModelSpec("facebook/sam-vit-base", device="cpu", dtype="float32")
    assert found.encoder == ModelSpec("facebook/dinov2-large", device="cuda", dtype="float32")
    assert found.extraction == DetectionSettings(threshold=0.4)
    assert found.proposal_settings == DetectionSettings(threshold=0.05, min_area=0.005, limit=7)
    assert found.matching == MatchSettings(threshold=0.6)
    assert (found.name, found.augment, found.prompt) == ("small", True, "object")


def test_a_folder_beside_the_file_is_meant_before_a_hub_id(recipe, tmp_path):
    (tmp_path / "models" / "mine").mkdir(parents=True)
    found = recipe('[encoder]\nid = "models/mine"\n[detector]\nid = "models/other"')
    assert found.encoder.id == str(tmp_path / "models" / "mine")
    assert found.detector.id == "models/other"


def test_a_calibration_lies_relative_to_the_file(recipe, tmp_path):
    assert recipe("").calibration is None
    assert recipe('calibration = "made/mine.npz"').calibration == tmp_path / "made" / "mine.npz"
    assert recipe('calibration = "/mine.npz"').calibration == Path("/mine.npz")


def test_a_segmenter_can_be_added_to_the_ablation(recipe):
    assert recipe('base = "grounding-dino"').segmenter is None
    found = recipe('base = "grounding-dino"\n[segmenter]\nid = "facebook/sam-vit-huge"')
    assert found.segmenter == ModelSpec("facebook/sam-vit-huge")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("treshold = 1", "expected base, name.* in the profile, found 'treshold'"),
        (
            "[matching]\ntreshold = 1",
            r"in \[matching\], found 'treshold'; did you mean 'threshold'",
        ),
        ("[detector]\nmodel = 'x'", r"in \[detector\], found 'model'"),
        ("detector = 'x'", r"expected a table \[detector\], found 'x'"),
        ("base = 'embedded'", "expected base to be one of .*'grounded-sam'.*found 'embedded'"),
        ("base = ['paper']", "expected base"),
        ("[matching]\nthreshold = 7", r"expected threshold in \[-1, 1\], found 7"),
        ("[matching]\nthreshold = 'high'", r"threshold in \[matching\] to be a number"),
        ("[extraction]\nthreshold = 'low'", r"threshold in \[extraction\] to be a number"),
        ("[proposals]\nlimit = 0", "expected limit to be a whole number over 0, found 0"),
        ("device = 1", "expected device and revision to be text, found 1"),
        ("name = 1", "expected name to be text, found 1"),
        ("dtype = ['x']", "expected dtype to be one of"),
        ("[encoder]\nimage_size = 0", "expected image_size to be a whole number over 0"),
        ("[encoder]\nid = ''", "expected a model id or a folder, found ''"),
        ("dtype = 'int8'", "expected dtype to be one of"),
        ("augment = 1", "expected augment to be true or false, found 1"),
        ("prompt = 'dog'", 'expected prompt to be "categories" or "object"'),
        ("base = 'grounding-dino'\n[segmenter]\nimage_size = 64", "expected a model id"),
        ("calibration = 1", "expected calibration to be a file, found 1"),
        ("base =", "is not TOML"),
    ],
)
def test_a_file_that_is_wrong_says_where(recipe, text, message):
    with pytest.raises(ProfileError, match=message) as info:
        recipe(text)
    assert "mine.toml" in str(info.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(
        ProfileError, match=r"expected the \.toml file of a profile, found none at .*none\.toml"
    ):
        load_profile(str(tmp_path / "none.toml"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ProfileError, match=r"'grounded-sam'.* or the path of a \.toml file.*'x'"):
        load_profile("x")


def test_the_builder_refuses_what_is_no_field():
    with pytest.raises(ProfileError, match="treshold"):
        grounded_sam_profile(treshold=0.5)


def test_a_part_without_the_methods_is_refused():
    fake = fake_profile()
    with pytest.raises(ProfileError, match="the encoder of profile 'x' to have the methods of"):
        Profile("x", extractor=fake.extractor, proposer=fake.proposer, encoder=object())


@pytest.mark.usefixtures("embedded_model")
def test_statistics_of_other_photos_give_other_vectors_under_another_id(photos):
    shipped, done = load_profile("embedded"), []
    sources = [photos / "coffee.png", photos / "chelsea.png"]
    profile = refitted_profile(sources, version="mine", progress=lambda *step: done.append(step))
    assert done == [(1, 2), (2, 2)]
    assert profile.encoder.id == shipped.encoder.id.rpartition("/")[0] + "/mine"
    assert profile.matching == shipped.matching
    assert shipped.discriminant is not None
    assert profile.discriminant is None  # that was fitted to other vectors
    features = np.ones((1, 768), np.float32)
    ours, theirs = profile.encoder.normalize(features), shipped.encoder.normalize(features)
    assert not np.allclose(ours, theirs, atol=0.01)


@pytest.mark.usefixtures("embedded_model")
def test_other_statistics_cost_no_pass_that_was_made_before(photos, monkeypatch):
    from pekit_agents.models.embedded.model import FocusModel

    base, runs = embedded_profile(cache_size=64), []
    run = FocusModel._run
    monkeypatch.setattr(FocusModel, "_run", lambda *args: runs.append(args) or run(*args))
    sources = [photos / "coffee.png", photos / "chelsea.png"]
    once = refitted_profile(sources, version="once", base=base)
    made = len(runs)
    again = refitted_profile(sources, version="again", base=base)
    assert made > 0
    assert len(runs) == made
    features = np.ones((1, 768), np.float32)
    np.testing.assert_array_equal(
        once.encoder.normalize(features), again.encoder.normalize(features)
    )


def test_statistics_are_for_the_embedded_model():
    with pytest.raises(ProfileError, match="expected an embedded profile as base, found 'fake'"):
        refitted_profile([], version="mine", base=fake_profile())
