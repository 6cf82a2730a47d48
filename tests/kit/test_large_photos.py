"""Photos that are larger than what is worked on: every box is in pixels of the photo as sent."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pekit_agents import ImageError, InvalidInput, PeKit, Reference
from pekit_agents.boxes import resized_proposal
from pekit_agents.images import limits
from pekit_agents.images.limits import ImageLimits
from pekit_agents.images.loading import load_image
from pekit_agents.introduction.crops import crop_of, make_crop
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene

SIZE, BOX = (1000, 600), (600, 80, 880, 320)  # red, in the upper right


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Work on no more than 40,000 pixels: the photo is reduced by 4."""
    monkeypatch.setattr(limits, "WORKING_PIXELS", 40_000)


@pytest.fixture
def kit(tmp_path):
    kit = PeKit.open(tmp_path, profile=fake_profile(), keep_crops=True)
    kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="cup")
    return kit


def photo() -> Image.Image:
    picture = Image.new("RGB", SIZE, (128, 128, 128))
    picture.paste((255, 0, 0), BOX)
    return picture


def encoded(kind, **options) -> bytes:
    file = BytesIO()
    photo().save(file, kind, **options)
    return file.getvalue()


def turned() -> bytes:
    """Return the photo as a phone held upright stores it, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    photo().transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def sources():
    return {
        "JPEG": encoded("JPEG", quality=95),
        "PNG": encoded("PNG"),
        "turned": turned(),
        "picture": photo(),
        "array": np.asarray(photo()),
    }


def is_near(box, expected=BOX, by=10):
    return all(abs(a - b) <= by for a, b in zip(box.xyxy, expected, strict=True))


@pytest.mark.parametrize("form", sources())
def test_what_is_found_is_in_pixels_of_the_photo_as_it_was_sent(kit, form):
    finding = kit.find(sources()[form])
    (match,) = finding.matches
    assert finding.size_wh == SIZE
    assert finding.image.width * finding.image.height <= 40_000
    assert is_near(match.box)
    assert any(is_near(proposal.box) for proposal in finding.proposals)
    told = finding.to_dict()
    assert told["size_wh"] == list(SIZE)
    assert told["matches"][0]["box_xyxy"] == pytest.approx(list(match.box.xyxy), abs=0.1)


def test_a_photo_of_50_megapixels_is_found_in_its_own_pixels(tmp_path, monkeypatch):
    monkeypatch.undo()
    kit = PeKit.open(tmp_path, profile=fake_profile())
    kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="cup")
    large = Image.new("RGB", (8192, 6144), (128, 128, 128))
    large.paste((255, 0, 0), (5000, 1000, 6500, 2500))
    file = BytesIO()
    large.save(file, "JPEG")
    (match,) = kit.find(file.getvalue()).matches
    assert is_near(match.box, (5000, 1000, 6500, 2500), by=40)


def test_boxes_are_drawn_and_crops_are_cut_where_the_thing_is(kit):
    finding = kit.find(encoded("JPEG", quality=95))
    plain, drawn = np.asarray(finding.image), np.asarray(finding.annotated)
    rows, columns = np.nonzero((plain != drawn).any(axis=2))
    around = [columns.min() * 4, rows.max() * 4, columns.max() * 4]
    assert around == pytest.approx([BOX[0], BOX[3], BOX[2]], abs=60)
    with Image.open(BytesIO(finding.matches[0].crop.picture)) as crop:
        assert crop.convert("RGB").getpixel((crop.width // 2, crop.height // 2))[0] > 240
        assert np.asarray(crop.convert("RGB"))[..., 1].mean() < 90  # mostly the red thing

    prompt = kit.prompt(finding, "What is it?")
    assert prompt.image.size == finding.image.size
    assert (np.asarray(prompt.image) != plain).any()
    assert [match.box for match in prompt.matches] == [match.box for match in finding.matches]

    for number in range(1, len(finding.proposals) + 1):
        proposal = resized_proposal(
            finding.proposals[number - 1], finding.size_wh, finding.image.size
        )
        assert crop_of(finding, number) == make_crop(finding.image, proposal)
    assert crop_of(finding, finding.matches[0].region) == finding.matches[0].crop


def test_a_second_opinion_is_asked_of_the_thing(kit):
    finding = kit.find(encoded("JPEG", quality=95))
    shown = []
    doubted = replace(finding, matches=(), possible=finding.matches)
    kit.second_opinion(doubted, lambda image, text: shown.append(image) or "yes")
    right = np.asarray(shown[0])[60:, 560:].astype(int)
    assert (right[..., 0] - right[..., 1] > 100).mean() > 0.3


@pytest.mark.parametrize("pointed", ["box", "mask", "nothing"])
def test_a_reference_is_pointed_out_in_pixels_of_the_photo_as_it_was_sent(kit, pointed):
    mask = np.zeros(SIZE[::-1], bool)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    given = {"box": {"box": BOX}, "mask": {"mask": mask}, "nothing": {}}[pointed]
    view = kit.extract_view(Reference(encoded("JPEG", quality=95), **given), category="cup")
    assert is_near(view.proposal.box)
    assert view.vector @ kit.find(photo()).vectors.T == pytest.approx(1, abs=0.02)


def test_what_does_not_fit_the_photo_as_it_was_sent_is_refused(kit):
    with pytest.raises(InvalidInput, match="1000x600 image"):
        kit.extract_view(Reference(photo(), box=(2000, 10, 2100, 90)), category="cup")
    with pytest.raises(InvalidInput, match=r"mask of shape \(600, 1000\).*found \(150, 250\)"):
        kit.extract_view(Reference(photo(), mask=np.ones((150, 250), bool)), category="cup")


@pytest.mark.parametrize("form", sources())
def test_a_library_tells_the_size_and_the_boxes_of_the_photo_as_it_was_sent(tmp_path, form):
    library = PhotoLibrary.open(tmp_path, profile=fake_profile())
    library.kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="cup")
    library.index([("1", sources()[form])])
    assert library.index([("1", sources()[form])]).skipped == 1
    (found,) = library.search(["Cup"])
    assert found.size_wh == SIZE
    assert is_near(found.matches[0].box)


LOW = ImageLimits(max_pixels=9_000, min_side=1)


def test_the_limits_of_a_kit_hold_for_every_photo_that_is_given_to_it(tmp_path):
    kit = PeKit.open(tmp_path, profile=fake_profile(), limits=LOW)
    fits, large = (
        solid_scene({"red": (5, 5, 60, 60)}, size=(90, 90)),
        solid_scene({"red": (5, 5, 60, 60)}),
    )
    with pytest.raises(ImageError, match=r"at most 0.009 megapixels.*PeKit.open takes limits="):
        kit.remember("Cup", large, category="cup")
    kit.remember("Cup", fits, category="cup")
    for use in (
        kit.find,
        kit.propose,
        kit.prompt,
        lambda image: kit.add_views("Cup", image),
        lambda image: kit.not_mine("Cup", image),
        lambda image: kit.extract_view(image, category="cup"),
    ):
        with pytest.raises(ImageError, match="at most"):
            use(large)
    assert kit.find(fits).matches


def test_a_picture_that_its_caller_has_let_in_is_not_refused_again(tmp_path):
    kit = PeKit.open(tmp_path, profile=fake_profile(), limits=LOW)
    picture = load_image(solid_scene({"red": (5, 5, 60, 60)}))
    kit.remember("Cup", picture, category="cup")
    assert kit.find(picture).matches
