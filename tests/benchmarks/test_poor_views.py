"""Whether a poor reference draws other things: counted on photos that were made for it."""

from __future__ import annotations

from PIL import Image

from benchmarks.recognition.poor_views import measure
from pekit_agents.testing import fake_profile, solid_scene


def grey_of(photo: Image.Image) -> Image.Image:
    """Every thing looks yellow in such photos: one poor reference is like all others."""
    poor = Image.new("RGB", photo.size, (128, 128, 128))
    poor.paste((255, 255, 0), (20, 20, 90, 90))
    return poor


def test_what_a_poor_reference_draws_is_counted(tmp_path):
    for name, colour in (("Cup", "red"), ("Bike", "blue"), ("Bowl", "green")):
        (tmp_path / name).mkdir()
        for number in range(4):
            scene = solid_scene({colour: (20, 20, 90, 90)})
            scene.save(tmp_path / name / f"{number}.png")
    ((way, row),) = measure(tmp_path, fake_profile(), ways={"all alike": grey_of})
    assert way == "all alike"
    # Two photos of each of two others; with the poor reference each of them is named.
    assert row.others == ([0, 12], [12, 12])
    assert row.others_sharp == ([0, 6], [0, 6])
    assert row.own == ([0, 6], [6, 6])
    assert row.told == [0, 3]  # without a discriminant a plain patch is not told


def test_a_reference_without_an_object_draws_nothing(tmp_path):
    for name, colour in (("Cup", "red"), ("Bike", "blue")):
        (tmp_path / name).mkdir()
        for number in range(4):
            solid_scene({colour: (20, 20, 90, 90)}).save(tmp_path / name / f"{number}.png")
    ways = {"empty": lambda photo: Image.new("RGB", photo.size, (128, 128, 128))}
    ((_, row),) = measure(tmp_path, fake_profile(), ways=ways)
    assert (row.told, row.own[0], row.own[1]) == ([0, 0], [0, 4], [0, 0])
