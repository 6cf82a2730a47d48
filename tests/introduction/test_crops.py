"""What is kept of a photo, and what can be done with it later."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pekit_agents.embedding.pooling import embed_reference
from pekit_agents.errors import ImageError
from pekit_agents.images.loading import load_image
from pekit_agents.introduction.crops import make_crop, open_crop
from pekit_agents.testing import ColourEncoder, solid_scene
from pekit_agents.types import Box, Crop, Mask, Proposal


def opened(content):
    return Image.open(io.BytesIO(content))


def test_a_crop_is_the_box_with_a_margin_of_a_fifth():
    photo = solid_scene({"red": (60, 40, 110, 80)}, size=(200, 150))
    crop = make_crop(photo, Proposal(Box(60, 40, 110, 80), 1.0))
    picture = opened(crop.picture)
    # 50 x 40 px and a fifth of 50 on each side.
    assert (picture.format, picture.size) == ("JPEG", (70, 60))
    mask = opened(crop.mask)
    assert (mask.format, mask.mode, mask.size) == ("PNG", "L", (64, 64))
    marked = np.asarray(mask) / 255
    assert marked.mean() == pytest.approx(50 * 40 / (70 * 60), abs=0.01)
    assert marked[32, 32] == 1
    assert marked[0, 0] == 0


def test_a_crop_ends_at_the_edge_of_the_photo():
    photo = solid_scene({"red": (0, 0, 100, 50)}, size=(100, 50))
    crop = make_crop(photo, Proposal(Box(0, 0, 100, 50), 1.0))
    assert opened(crop.picture).size == (100, 50)
    assert np.asarray(opened(crop.mask)).min() == 255


def test_a_large_object_is_made_small():
    photo = solid_scene({"red": (0, 0, 2000, 1000)}, size=(2000, 1000))
    crop = make_crop(photo, Proposal(Box(0, 0, 2000, 1000), 1.0))
    assert opened(crop.picture).size == (512, 256)
    assert len(crop.picture) < 50_000


def test_a_mask_is_kept_as_it_lies_in_the_crop():
    photo = solid_scene({"red": (20, 20, 60, 60)}, size=(80, 80))
    left_half = np.zeros((80, 80), np.float32)
    left_half[20:60, 20:40] = 1
    proposal = Proposal(Box(20, 20, 60, 60), 1.0, Mask(left_half, Box(0, 0, 80, 80)))
    marked = np.asarray(opened(make_crop(photo, proposal).mask)) / 255
    # The crop is 56 px wide, 8 of them margin: columns 8 to 28 are the marked half.
    assert np.flatnonzero(marked[32] > 0.5)[[0, -1]].tolist() == [9, 31]


def test_no_metadata_of_the_photo_gets_into_a_crop():
    photo = solid_scene({"red": (20, 20, 60, 60)})
    exif = Image.Exif()
    exif[0x010E] = "taken-at-home-5d1c"
    data = io.BytesIO()
    photo.save(data, "JPEG", exif=exif, comment=b"taken-at-home-5d1c")
    loaded = load_image(data.getvalue())
    loaded.info["comment"] = b"taken-at-home-5d1c"
    crop = make_crop(loaded, Proposal(Box(20, 20, 60, 60), 1.0))
    assert b"taken-at-home-5d1c" not in crop.picture
    assert len(opened(crop.picture).getexif()) == 0


def test_a_crop_gives_the_vector_of_the_object_and_not_of_its_surroundings():
    photo = solid_scene({"blue": (0, 0, 160, 144), "red": (48, 48, 96, 96)}, size=(160, 144))
    crop = make_crop(photo, Proposal(Box(48, 48, 96, 96), 1.0))
    vector = embed_reference(*open_crop(crop), ColourEncoder(), augment=False).vector
    red = np.array([127, -128, -128, 8], np.float32)
    assert vector @ (red / np.linalg.norm(red)) > 0.98
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 300)])
def test_tiny_and_thin_objects_have_crops_that_can_be_read(size):
    photo = solid_scene({"red": (10, 10, 10 + size[0], 10 + size[1])}, size=(400, 400))
    crop = make_crop(photo, Proposal(Box(10, 10, 10 + size[0], 10 + size[1]), 1.0))
    assert embed_reference(*open_crop(crop), ColourEncoder(), augment=True).vector.shape == (4,)


def test_a_damaged_crop_is_an_image_error():
    with pytest.raises(ImageError):
        open_crop(Crop(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
