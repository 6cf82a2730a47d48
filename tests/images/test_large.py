"""The door for pictures: what is larger than what is worked on is reduced while it is read."""

from __future__ import annotations

import os
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import ImageError
from pekit_agents.images import limits, loading
from pekit_agents.images.limits import WORKING_PIXELS, ImageLimits, reduction
from pekit_agents.images.loading import load_image, load_photo
from tests.images.drawing import encode

GREY, RED = (128, 128, 128), (255, 0, 0)


@pytest.fixture
def decoded(monkeypatch):
    """Record the size of each picture that is decoded."""
    sizes = []
    whole = loading.upright_rgb

    def spied(picture, *rest):
        sizes.append(picture.size)
        return whole(picture, *rest)

    monkeypatch.setattr(loading, "upright_rgb", spied)
    return sizes


@pytest.fixture
def small_steps(monkeypatch):
    """Work on no more than 20,000 pixels, so that small pictures are large."""
    monkeypatch.setattr(limits, "WORKING_PIXELS", 20_000)


@pytest.mark.parametrize(
    ("size", "worked_on"),
    [
        ((8064, 6048), (8064, 6048)),  # 48 megapixels: as ever
        ((8160, 6144), (4080, 3072)),
        ((8192, 6144), (4096, 3072)),
        ((9248, 6936), (4624, 3468)),
        ((12000, 9000), (6000, 4500)),
        ((16384, 3712), (8192, 1856)),  # a panorama
        ((16320, 12240), (8160, 6120)),  # the largest sensor of phones
    ],
)
def test_photos_of_phones_pass_and_are_reduced_while_they_are_decoded(decoded, size, worked_on):
    photo = load_photo(encode(Image.new("L", size, 77), "JPEG"))
    assert (photo.size_wh, photo.image.size, photo.image.mode) == (size, worked_on, "RGB")
    assert decoded == [worked_on]
    assert photo.image.getpixel((9, 9)) == (77, 77, 77)


@pytest.mark.parametrize(
    ("size", "factor"),
    [((5000, 10_000), 1), ((5001, 10_000), 2), ((20_000, 10_000), 2), ((20_001, 10_000), 3)],
)
def test_the_sides_are_divided_by_the_smallest_whole_number_that_does(size, factor):
    assert reduction(size) == factor
    assert -(-size[0] // factor) * -(-size[1] // factor) <= WORKING_PIXELS


def scene(size=(401, 300)):
    """Return grey with a red block that covers the upper left quarter."""
    picture = Image.new("RGB", size, GREY)
    picture.paste(RED, (0, 0, size[0] // 2, size[1] // 2))
    return picture


def forms():
    """Return the scene as every kind of source, each with what it is decoded to."""
    picture, whole = scene(), (401, 300)
    alpha = picture.convert("RGBA")
    return {
        "JPEG": (encode(picture, "JPEG"), (101, 75)),  # at a quarter, where a third would do
        "progressive": (encode(picture, "JPEG", progressive=True), (101, 75)),
        "MPO": (encode(picture, "MPO", save_all=True, append_images=[picture]), (101, 75)),
        "CMYK": (encode(picture.convert("CMYK"), "JPEG"), (101, 75)),
        "PNG": (encode(picture, "PNG"), whole),
        "alpha": (encode(alpha, "PNG"), whole),
        "palette": (encode(picture.quantize(8), "PNG"), whole),
        "WEBP": (encode(picture, "WEBP"), whole),
        "GIF": (encode(picture, "GIF"), whole),
        "TIFF": (encode(picture, "TIFF"), whole),
        "picture": (picture, whole),
        "picture with alpha": (alpha, whole),
        "array": (np.asarray(picture), None),
        "floats": (np.asarray(picture, np.float32) / 255, None),
        "lazy": (Image.open(BytesIO(encode(picture, "JPEG"))), whole),
    }


@pytest.mark.parametrize("form", forms())
def test_whatever_it_comes_as_it_is_reduced_and_tells_its_size(small_steps, decoded, form):
    source, seen = forms()[form]
    photo = load_photo(source)
    assert decoded == ([] if seen is None else [seen])
    assert photo.size_wh == (401, 300)
    width, height = photo.image.size
    assert width * height <= 20_000
    assert (width, height) == ((101, 75) if seen == (101, 75) else (134, 100))
    for place, colour in (((0.25, 0.25), RED), ((0.75, 0.25), GREY), ((0.25, 0.75), GREY)):
        found = photo.image.getpixel((int(place[0] * width), int(place[1] * height)))
        assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 25


def test_a_callers_lazy_picture_keeps_its_size(small_steps):
    lazy = Image.open(BytesIO(encode(scene(), "JPEG")))
    load_photo(lazy)
    assert lazy.size == (401, 300)


def test_deep_pictures_are_reduced_in_their_own_scale(small_steps):
    deep = np.full((300, 400), 257 * 77, np.uint16)
    for source in (
        deep,
        encode(Image.fromarray(deep), "PNG"),
        encode(Image.fromarray(deep), "TIFF"),
    ):
        assert load_image(source).getcolors() == [(134 * 100, (77, 77, 77))]


def test_white_paper_is_mixed_in_where_a_picture_is_half_transparent(small_steps):
    picture = Image.new("RGBA", (400, 300), (255, 0, 0, 51))
    assert load_image(picture).getcolors() == [(134 * 100, (255, 204, 204))]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize(
    ("flag", "corner"), [(1, (5, 5)), (3, (-6, -6)), (6, (-6, 5)), (8, (5, -6))]
)
def test_a_turned_photo_tells_the_size_that_it_has_upright(small_steps, kind, flag, corner):
    exif = Image.Exif()
    exif[0x0112] = flag
    photo = load_photo(encode(scene(), kind, exif=exif))
    assert photo.size_wh == ((401, 300) if flag < 5 else (300, 401))
    width, height = photo.image.size
    assert (width > height) == (flag < 5)
    found = photo.image.getpixel((corner[0] % width, corner[1] % height))
    assert found[0] > 200 > 60 > found[1]


def test_one_large_picture_is_decoded_at_a_time(small_steps, monkeypatch):
    held = []
    whole = loading.upright_rgb
    monkeypatch.setattr(
        loading,
        "upright_rgb",
        lambda *given: (held.append(loading._large.locked()), whole(*given))[1],
    )
    load_image(encode(scene(), "PNG"))
    load_image(encode(scene((100, 100)), "PNG"))
    assert held == [True, False]
    assert not loading._large.locked()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_does_not_wait_for_what_its_parent_decodes():
    with loading._large:
        child = os.fork()
        if not child:
            os._exit(loading._large.locked())
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    "given",
    [
        {"max_pixels": 300 * 300},
        {"max_side": 350},
        {"max_bytes": 100},
        {"min_side": 350},
    ],
)
def test_what_was_let_in_once_is_not_asked_again(given):
    strict = ImageLimits(**given)
    data = encode(scene(), "PNG")
    with pytest.raises(ImageError):
        load_image(data, limits=strict)
    let_in = load_image(data)
    again = load_image(let_in, limits=strict)
    assert again.tobytes() == let_in.tobytes()
    assert again is not let_in
    if "max_bytes" not in given:
        with pytest.raises(ImageError):  # another picture
            load_image(let_in.copy(), limits=strict)


def test_a_loaded_photo_comes_back_as_it_is(small_steps):
    photo = load_photo(encode(scene(), "JPEG"))
    assert load_photo(photo, limits=ImageLimits(max_pixels=1, min_side=1)) is photo
    assert load_image(photo) is photo.image


@pytest.mark.parametrize("weight", [{"max_bytes": 50}, {"max_pixels": 50, "min_side": 1}])
def test_what_was_read_from_a_file_goes_by_its_name(weight):
    data = encode(scene(), "PNG")
    for read in (load_image, load_photo):
        with pytest.raises(ImageError, match=r"^IMG_1.png: expected at most"):
            read(data, limits=ImageLimits(**weight), name="IMG_1.png")


@pytest.mark.parametrize(
    ("remedies", "said"),
    [
        ({}, "save a smaller copy."),
        (
            {"max_pixels": "raise --max-megapixels"},
            "save a smaller copy, or raise --max-megapixels.",
        ),
        (None, r"or raise ImageLimits.max_pixels and max_side \(PeKit.open takes limits=\)."),
    ],
)
def test_an_error_names_the_remedy_that_its_reader_has(remedies, said):
    given = {} if remedies is None else {"remedies": remedies}
    with pytest.raises(ImageError, match=rf"{said}$"):
        load_image(scene(), limits=ImageLimits(max_pixels=1000, **given))
