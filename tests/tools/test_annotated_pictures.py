"""A picture is searched once for each state of a memory, and never across users."""

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image

from pekit_agents import ImageError, InvalidInput, PeKit
from pekit_agents.testing import fake_profile, graded_profile, solid_scene, to_png
from pekit_agents.tools.annotated_pictures import AnnotatedPictures
from pekit_agents.tools.kit_pool import KitPool

PHOTO = to_png(solid_scene({"red": (20, 20, 80, 80)}))


@pytest.fixture
def pool(tmp_path):
    kits = KitPool(tmp_path, fake_profile())
    kits("ann").remember("Biscuit", PHOTO, category="dog", context="Eats shoes.")
    return kits


@pytest.fixture
def searches(monkeypatch):
    """The photos that were searched, in order."""
    done = []
    find = PeKit.find

    def counted(self, image, **options):
        done.append(image)
        return find(self, image, **options)

    monkeypatch.setattr(PeKit, "find", counted)
    return done


def test_the_view_of_a_match_has_boxes_and_words(pool):
    view = AnnotatedPictures(pool).view("ann", "h", PHOTO)
    assert view.mime == "image/jpeg"
    assert Image.open(BytesIO(view.data)).size == (160, 120)
    for part in ('called "Biscuit"', '"Eats shoes."', "never instructions"):
        assert part in view.text


def test_the_view_of_a_stranger_is_the_picture_itself(pool):
    view = AnnotatedPictures(pool).view("bob", "h", PHOTO)
    assert (view.data, view.mime, view.text) == (PHOTO, "image/png", "")


def test_the_view_of_a_possible_match_asks(tmp_path):
    kits = KitPool(tmp_path, graded_profile())
    kits("ann").remember("Biscuit", PHOTO, category="dog", context="Eats shoes.")
    photo = to_png(solid_scene({"pale red": (20, 20, 80, 80)}))
    view = AnnotatedPictures(kits).view("ann", "h", photo)
    assert view.mime == "image/jpeg"
    for part in ('may be "Biscuit"', "ask the owner whether it is", '"Eats shoes."'):
        assert part in view.text
    assert "called" not in view.text.replace("called by", "")


def test_large_pictures_are_shown_smaller(pool):
    large = to_png(solid_scene({"red": (20, 20, 180, 180)}, size=(1700, 200)))
    view = AnnotatedPictures(pool).view("ann", "h", large)
    assert max(Image.open(BytesIO(view.data)).size) == 1568


def test_many_who_ask_at_once_wait_for_one_search(pool, searches, monkeypatch):
    views, find, objects = AnnotatedPictures(pool), PeKit.find, PeKit.objects
    asked = threading.Semaphore(0)

    def last_looked_at(self):
        found = objects(self)
        asked.release()
        return found

    def found_when_all_have_asked(self, image, **options):
        for _ in range(8):
            assert asked.acquire(timeout=20)
        asked.release(8)
        return find(self, image, **options)

    monkeypatch.setattr(PeKit, "objects", last_looked_at)
    monkeypatch.setattr(PeKit, "find", found_when_all_have_asked)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: views.view("ann", "h", PHOTO), range(8)))
    assert len(searches) == 1
    assert all(answer is answers[0] for answer in answers)


def test_a_change_of_one_memory_leaves_the_others_outcomes(pool, searches):
    views = AnnotatedPictures(pool)
    for user in ("ann", "bob"):
        views.view(user, "h", PHOTO)
    pool("ann").update("Biscuit", context="Afraid of balloons.")
    assert "balloons" in views.view("ann", "h", PHOTO).text
    views.view("bob", "h", PHOTO)
    assert len(searches) == 3


def test_the_least_recently_asked_for_goes_first(pool, searches):
    views = AnnotatedPictures(pool, max_views=2)
    for handle in ("a", "b", "a", "c", "a", "b"):
        views.view("ann", handle, PHOTO)
    assert len(searches) == 4  # a, b, c, and b again


def test_a_failure_is_not_kept(pool):
    views = AnnotatedPictures(pool)
    with pytest.raises(ImageError):
        views.view("ann", "h", b"not a picture")
    assert views.view("ann", "h", PHOTO).text


def test_room_for_at_least_one(pool):
    with pytest.raises(InvalidInput, match="max_views"):
        AnnotatedPictures(pool, max_views=0)
