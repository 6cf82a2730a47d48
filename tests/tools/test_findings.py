"""A picture is searched once for each state of a memory, and never across users."""

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest

from pekit_agents import ImageError, PeKit
from pekit_agents.memory.search.ram import RamCache
from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools import findings as findings_module
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.findings import Findings
from pekit_agents.tools.image_store import MemoryImageStore, UnknownImage
from pekit_agents.tools.kit_pool import KitPool

PHOTO = to_png(solid_scene({"red": (20, 20, 80, 80)}))
SCENE = to_png(solid_scene({"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110)}))


@pytest.fixture
def pool(tmp_path):
    kits = KitPool(tmp_path, fake_profile())
    kits("ann").remember("Biscuit", PHOTO, category="dog", context="Eats shoes.")
    return kits


@pytest.fixture
def images():
    return MemoryImageStore()


@pytest.fixture
def findings(pool, images):
    return Findings(pool, images)


@pytest.fixture
def searches(monkeypatch):
    """The searches that were made, in order, by their options."""
    done = []
    find = PeKit.find

    def counted(self, image, **options):
        done.append(options)
        return find(self, image, **options)

    monkeypatch.setattr(PeKit, "find", counted)
    return done


def test_a_finding_is_that_of_the_kit(pool, images, findings):
    finding, plain = findings.find("ann", images.put("ann", SCENE)), pool("ann").find(SCENE)
    assert finding.to_dict() == plain.to_dict()
    assert finding.image.tobytes() == plain.image.tobytes()
    assert (finding.vectors == plain.vectors).all()
    assert finding.annotated.tobytes() == plain.annotated.tobytes()


def test_what_the_model_is_shown_and_what_the_verbs_use_is_one_search(images, findings, searches):
    handle = images.put("ann", SCENE)
    assert "Biscuit" in findings.view("ann", handle).text
    for second_opinion in (True, False):
        assert len(findings.find("ann", handle, second_opinion=second_opinion).matches) == 1
    assert len(searches) == 1


def test_pictures_are_searched_as_hard_as_is_said(tmp_path, searches):
    actions = PersonalActions.open(tmp_path, fake_profile(), mode="scene")
    actions.remember_object("ann", "Biscuit", "dog", images=[actions.images.put("ann", PHOTO)])
    handle = actions.images.put("ann", SCENE)
    actions.find_personal_objects("ann", handle)
    assert "Biscuit" in actions.findings.view("ann", handle).text
    assert searches == [{"mode": "scene"}]


def test_many_who_ask_at_once_wait_for_one_search(images, findings, searches, monkeypatch):
    handle, find, objects = images.put("ann", PHOTO), PeKit.find, PeKit.objects
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
        answers = list(threads.map(lambda _: findings.view("ann", handle), range(8)))
    assert len(searches) == 1
    assert all(answer is answers[0] for answer in answers)


def test_a_change_of_one_memory_leaves_the_others_findings(pool, images, findings, searches):
    handles = {user: images.put(user, PHOTO) for user in ("ann", "bob")}
    for user, handle in handles.items():
        findings.view(user, handle)
    pool("ann").update("Biscuit", context="Afraid of balloons.")
    assert "balloons" in findings.view("ann", handles["ann"]).text
    findings.view("bob", handles["bob"])
    assert len(searches) == 3


def test_a_handle_of_one_user_answers_no_other(pool, images, findings):
    handle = images.put("ann", PHOTO)
    assert findings.find("ann", handle).matches
    for ask in (findings.find, findings.view):
        with pytest.raises(UnknownImage):
            ask("bob", handle)
    assert images.put("bob", PHOTO) == handle
    assert findings.find("bob", handle).everything == ()
    assert findings.view("bob", handle).text == ""


def test_a_picture_that_is_let_go_is_not_answered(images, findings):
    handle = images.put("ann", PHOTO)
    findings.find("ann", handle)
    images.delete("ann", handle)
    with pytest.raises(UnknownImage):
        findings.find("ann", handle)


def test_after_forgetting_nothing_is_kept(tmp_path):
    actions = PersonalActions.open(tmp_path, fake_profile())
    handle = actions.images.put("ann", PHOTO)
    actions.remember_object("ann", "Biscuit", "dog", images=[handle])
    assert "Biscuit" in actions.findings.view("ann", handle).text
    actions.forget_personal_object("ann", "Biscuit")
    assert actions.findings._kept == {}
    assert actions.findings.view("ann", handle).text == ""


def test_a_memory_that_was_forgotten_and_begun_anew_is_searched_anew(pool, images, findings):
    handle, versions = images.put("ann", PHOTO), [pool("ann").version()]
    assert 'called "Biscuit"' in findings.view("ann", handle).text
    pool("ann").forget_everything()
    pool("ann").remember("Rex", PHOTO, category="dog")
    versions.append(pool("ann").version())
    assert versions[0] != versions[1]
    assert 'called "Rex"' in findings.view("ann", handle).text


def test_the_least_recently_asked_for_goes_first(pool, images, searches):
    a, b, c = (images.put("ann", to_png(solid_scene({c: (9, 9, 50, 50)}))) for c in
               ("red", "green", "blue"))  # fmt: skip
    alone = RamCache(2**20)
    Findings(pool, images, ram=alone).find("ann", a)
    for room, expected in ((alone.nbytes * 5 // 2, 4), (1, 6)):  # two findings, none
        searches.clear()
        findings = Findings(pool, images, ram=RamCache(room))
        for handle in (a, b, a, c, a, b):
            findings.find("ann", handle)
        assert len(searches) == expected  # a, b, c, and b again; where there is no room, all
        assert len(findings._kept) == (2 if room > 1 else 0)


def test_no_bytes_of_pictures_without_anything_personal_are_kept(pool, images):
    found, shown = RamCache(2**30), RamCache(2**30)
    findings = Findings(pool, images, ram=found, view_ram=shown)
    empty = to_png(solid_scene({"blue": (9, 9, 50, 50)}))
    for number in range(20):
        large = empty + bytes(500_000) + bytes([number])  # as decoders take it: an end is an end
        handle = images.put("ann", large)
        for show in (findings.view, findings.plain, findings.view):
            assert show("ann", handle).data == large
    # Counted, so that they go one day: two views and the finding of each, and the object's record.
    assert shown.nbytes == 20 * (2000 + 1000)
    assert 20 * 2000 <= found.nbytes < 20 * 20_000
    findings.clear("ann")
    assert (found.nbytes, shown.nbytes) == (0, 20 * 1000)


def test_pictures_as_models_were_shown_them_have_a_bound_of_their_own(pool, images, searches):
    ram = RamCache(0)
    findings = Findings(pool, images, view_ram=ram)
    handle = images.put("ann", PHOTO)
    assert findings.view("ann", handle).data == findings.view("ann", handle).data
    assert ram.nbytes == 0
    assert len(searches) == 1


def test_what_is_converted_is_converted_once(pool, images, monkeypatch):
    buffer = BytesIO()
    solid_scene({"blue": (9, 9, 50, 50)}).save(buffer, "TIFF")
    handle, findings = images.put("ann", buffer.getvalue()), Findings(pool, images)
    first = findings.view("ann", handle), findings.plain("ann", handle)
    monkeypatch.setattr(findings_module, "load_photo", None)
    monkeypatch.setattr(findings_module, "plain_view", None)
    assert (findings.view("ann", handle), findings.plain("ann", handle)) == first
    assert {view.mime for view in first} == {"image/jpeg"}


def test_photos_are_not_kept(pool, images):
    large = to_png(solid_scene({"red": (20, 20, 180, 180)}, size=(1700, 900)))
    findings = Findings(pool, images)
    finding = findings.find("ann", images.put("ann", large))
    assert finding.image.size == (1700, 900)
    (kept,) = findings._kept.values()
    assert kept.found.image.size == (1, 1)


def test_a_failure_is_not_kept(images, findings):
    handle = images.put("ann", b"not a picture")
    for ask in (findings.find, findings.view):
        with pytest.raises(ImageError):
            ask("ann", handle)
    assert findings.view("ann", images.put("ann", PHOTO)).text
