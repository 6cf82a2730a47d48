"""What a model is shown of a picture: boxes and words, or the picture itself."""

from io import BytesIO

import pytest
from PIL import Image

from pekit_agents import ImageError, PeKit
from pekit_agents.testing import fake_profile, graded_profile, solid_scene, to_png
from pekit_agents.tools.annotated_pictures import annotated_picture, plain_view

PHOTO = to_png(solid_scene({"red": (20, 20, 80, 80)}))


@pytest.fixture
def view(tmp_path):
    """Return what is shown of a photo to a user who has remembered the red dog Biscuit."""

    def shown(photo, profile):
        kit = PeKit.open(tmp_path, profile, "ann")
        kit.remember("Biscuit", PHOTO, category="dog", context="Eats shoes.")
        return annotated_picture(kit.find(photo), photo)

    return shown


def test_the_view_of_a_match_has_boxes_and_words(view):
    shown = view(PHOTO, fake_profile())
    assert shown.mime == "image/jpeg"
    assert Image.open(BytesIO(shown.data)).size == (160, 120)
    for part in ('called "Biscuit"', '"Eats shoes."', "never instructions"):
        assert part in shown.text


def test_the_view_of_a_stranger_is_the_picture_itself(view):
    photo = to_png(solid_scene({"blue": (20, 20, 80, 80)}))
    shown = view(photo, fake_profile())
    assert (shown.data, shown.mime, shown.text) == (photo, "image/png", "")


def test_the_view_of_a_possible_match_asks(view):
    photo = to_png(solid_scene({"pale red": (20, 20, 80, 80)}))
    shown = view(photo, graded_profile())
    assert shown.mime == "image/jpeg"
    for part in ('may be "Biscuit"', "ask the owner whether it is", '"Eats shoes."'):
        assert part in shown.text
    assert "called" not in shown.text.replace("called by", "")


def test_large_pictures_are_shown_smaller(view):
    large = to_png(solid_scene({"red": (20, 20, 180, 180)}, size=(1700, 200)))
    assert max(Image.open(BytesIO(view(large, fake_profile()).data)).size) == 1568


def test_what_is_no_picture_is_not_shown():
    with pytest.raises(ImageError, match="expected a photo"):
        plain_view(b"not a picture")
