"""Photos are encoded once; objects may come later."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests

from pekit_agents.errors import (
    EncoderMismatch,
    InvalidInput,
    MemoryStoreError,
    ModelError,
    ObjectNotFound,
)
from pekit_agents.images.loading import load_image
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory.table import maintenance
from pekit_agents.profiles import Profile
from pekit_agents.retrievers.langchain import PhotoLibraryRetriever
from pekit_agents.retrievers.photo_library.library import PhotoLibrary, PhotoNotFound
from pekit_agents.testing import ColourEncoder, fake_profile, graded_profile, solid_scene
from pekit_agents.tools.actions import PersonalActions

Draw = Callable[..., bytes]


class Counting(ColourEncoder):
    """Counts the photos it encodes."""

    count = 0

    def encode(self, images: Any) -> Any:
        self.count += len(images)
        return super().encode(images)


@pytest.fixture
def encoder() -> Counting:
    return Counting()


@pytest.fixture
def library(root: Path, actions: PersonalActions, encoder: Counting) -> PhotoLibrary:
    fake = fake_profile()
    profile = Profile("fake", fake.extractor, fake.proposer, encoder, fake.matching, augment=False)
    return PhotoLibrary.open(root, "ann", profile)


@pytest.fixture
def photos(photo: Draw) -> dict[str, bytes]:
    return {
        "dog": photo("red"),
        "dog-and-mug": photo("red", "blue"),
        "all": photo("red", "blue", "green"),
        "nothing": photo(),
        "stranger": photo("magenta", "blue"),
    }


def ids(found: Any) -> set[str]:
    return {photo.photo_id for photo in found}


def test_photos_with_all_of_the_objects(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    report = library.index(photos.items())
    assert (report.indexed, report.skipped, report.failed) == (5, 0, ())
    assert ids(library.search(["Biscuit"])) == {"dog", "dog-and-mug", "all"}
    assert ids(library.search(["biscuit", "MY RED MUG"])) == {"dog-and-mug", "all"}
    assert ids(library.search(["Biscuit", "my red mug", "Zoë's plate"])) == {"all"}
    assert library.photo_ids() == sorted(photos)


def test_a_found_photo_says_where_the_objects_are(
    library: PhotoLibrary, photos: dict[str, bytes]
) -> None:
    library.index(photos.items())
    (found,) = [p for p in library.search(["my red mug"]) if p.photo_id == "stranger"]
    (match,) = found.matches
    assert match.box.xyxy == (60, 10, 100, 50)
    assert found.size_wh == (160, 120)
    assert found.score == match.score


def test_the_library_sees_what_find_sees(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    library.index(photos.items())
    by_find = {
        photo_id: [(m.object.name, m.box, m.score) for m in library.kit.find(image).matches]
        for photo_id, image in photos.items()
    }
    for name in ("Biscuit", "my red mug", "Zoë's plate"):
        for found in library.search([name]):
            expected = [match for match in by_find[found.photo_id] if match[0] == name]
            assert [(m.object.name, m.box) for m in found.matches] == [
                (n, b) for n, b, _ in expected
            ]
            # A product of other shapes may round differently.
            assert [m.score for m in found.matches] == pytest.approx([s for *_, s in expected])


def test_an_object_that_comes_later_is_found_without_encoding_again(
    library: PhotoLibrary, photos: dict[str, bytes], encoder: Counting
) -> None:
    library.index(photos.items())
    library.kit.remember("Rex", solid_scene({"magenta": (20, 20, 80, 80)}), category="cat")
    before = encoder.count
    assert ids(library.search(["Rex"])) == {"stranger"}
    assert encoder.count == before


def test_a_forgotten_object_is_unknown(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    library.index(photos.items())
    library.kit.forget("Biscuit")
    with pytest.raises(ObjectNotFound):
        library.search(["Biscuit"])
    assert ids(library.search_text("Biscuit")) == set()


def test_known_photos_are_skipped_and_changed_ones_replaced(
    library: PhotoLibrary, photos: dict[str, bytes], encoder: Counting
) -> None:
    library.index(photos.items())
    before = encoder.count
    assert library.index(photos.items()).skipped == 5
    assert encoder.count == before
    report = library.index({**photos, "dog": photos["nothing"]}.items())
    assert (report.indexed, report.skipped) == (1, 4)
    assert ids(library.search(["Biscuit"])) == {"dog-and-mug", "all"}


def test_of_two_photos_with_one_id_the_second_is_left_out_and_told(
    library: PhotoLibrary, photos: dict[str, bytes]
) -> None:
    album = [("IMG_1.jpg", photos["dog"]), ("IMG_1.jpg", photos["all"])]  # of two folders
    seen: list[tuple[str, str]] = []
    report = library.index(album, progress=lambda *state: seen.append(state))
    assert (report.indexed, report.skipped) == (1, 0)
    ((photo_id, why),) = report.failed
    assert (photo_id, "two photos called 'IMG_1.jpg'" in why) == ("IMG_1.jpg", True)
    assert seen == [("IMG_1.jpg", "indexed"), ("IMG_1.jpg", "failed")]
    assert ids(library.search(["Biscuit"])) == {"IMG_1.jpg"}
    assert ids(library.search(["Zoë's plate"])) == set()
    again = library.index(album)
    assert (again.indexed, again.skipped, len(again.failed)) == (0, 1, 1)


def test_one_photo_twice_is_one_photo(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    report = library.index([("a", photos["dog"]), ("a", b"no picture"), ("a", photos["dog"])])
    assert (report.indexed, report.skipped, len(report.failed)) == (1, 1, 1)


@pytest.mark.parametrize("everything", [False, True])
def test_a_photo_that_is_forgotten_while_it_is_indexed_stays_forgotten(
    library: PhotoLibrary, photos: dict[str, bytes], root: Path, everything: bool
) -> None:
    library.index([("of-ruby", photos["dog"]), ("other", photos["dog"])])

    def edited() -> Iterator[tuple[str, bytes]]:
        yield "of-ruby", photos["all"]
        yield "other", photos["all"]
        # By now they are encoded anew and not stored yet.
        if everything:
            library.kit.forget_everything()
        else:
            library.forget_photo("of-ruby")
        yield "new", photos["all"]

    report = library.index(edited())
    gone = ["of-ruby", "other"] if everything else ["of-ruby"]
    assert library.photo_ids() == sorted({"new", "other", "of-ruby"} - set(gone))
    assert report.indexed == 3 - len(gone)
    assert [photo_id for photo_id, _ in report.failed] == gone
    assert {why for _, why in report.failed} == {"it was forgotten while it was indexed"}
    assert b"of-ruby" not in _disk(root)


def test_an_interrupted_run_goes_on_where_it_was(
    library: PhotoLibrary, photo: Draw, encoder: Counting
) -> None:
    many = [(f"{i:02}", photo("red", height=30 + i)) for i in range(40)]

    def failing() -> Iterator[tuple[str, bytes]]:
        yield from many[:35]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.index(failing())
    assert len(library.photo_ids()) == 35
    report = library.index(many)
    assert (report.indexed, report.skipped) == (5, 35)


def test_bad_photos_are_reported_and_left_out(
    library: PhotoLibrary, photos: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "dog.png"
    path.write_bytes(photos["dog"])
    seen: list[tuple[str, str]] = []
    report = library.index(
        [
            ("broken", b"no picture"),
            ("path", path),
            ("missing", tmp_path / "missing.png"),
            ("url", "https://example.com/dog.png"),
            ("drawn", solid_scene({"red": (9, 9, 60, 60)})),
        ],
        progress=lambda *state: seen.append(state),
    )
    assert (report.indexed, [photo_id for photo_id, _ in report.failed]) == (
        2,
        ["broken", "missing", "url"],
    )
    assert all("expected" in reason for _, reason in report.failed)
    assert [state for _, state in seen] == ["failed", "indexed", "failed", "failed", "indexed"]
    assert ids(library.search(["Biscuit"])) == {"path", "drawn"}
    assert library.index([("path", path)]).skipped == 1


def test_whatever_is_in_a_folder_stops_nothing(
    library: PhotoLibrary, photos: dict[str, bytes], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)  # not installed
    folder = tmp_path / "album"
    (folder / "sub.jpg").mkdir(parents=True)
    for name in ("1.png", "9.png"):
        (folder / name).write_bytes(photos["dog"] + name.encode())
    (folder / "2.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (folder / "4.jpg").symlink_to(folder / "nowhere.jpg")
    os.mkfifo(folder / "5.jpg")
    (folder / "6.jpg").touch()
    with (folder / "IMG_3.MOV").open("wb") as file:
        file.truncate(10**12)  # whoever reads it fails
    report = library.index((path.name, path) for path in sorted(folder.iterdir()))
    assert report.indexed == 2
    expected = {
        "2.heic": "pekit-agents[heic]",
        "4.jpg": "found nothing",
        "5.jpg": "a device, pipe or socket",
        "6.jpg": "0 bytes",
        "IMG_3.MOV": "IMG_3.MOV: expected at most",
        "sub.jpg": "a folder",
    }
    told = dict(report.failed)
    assert list(told) == list(expected)
    assert [name for name, why in expected.items() if why not in told[name]] == []
    again = library.index((path.name, path) for path in sorted(folder.iterdir()))
    assert (again.indexed, again.skipped, len(again.failed)) == (0, 2, 6)


def test_a_photo_that_upsets_a_model_is_left_out_and_a_broken_model_is_an_error(
    library: PhotoLibrary, photos: dict[str, bytes], monkeypatch: Any
) -> None:
    propose, dog = library.kit.propose, load_image(photos["dog"])

    def upset(image: Any, **options: Any) -> Any:
        if image.image == dog:
            raise error
        return propose(image, **options)

    monkeypatch.setattr(library.kit, "propose", upset)
    error: Exception = ZeroDivisionError("division by zero")
    report = library.index(photos.items())
    assert report.indexed == 4
    assert report.failed == (
        ("dog", "it cannot be worked on (ZeroDivisionError: division by zero)"),
    )
    error = ModelError("the model cannot be run")
    with pytest.raises(ModelError):
        library.index(photos.items())


def test_an_unknown_mode_is_no_fault_of_photos(library: PhotoLibrary, photos: Any) -> None:
    with pytest.raises(InvalidInput, match="mode"):
        library.index(photos.items(), mode="hard")  # type: ignore[arg-type]


def test_forgetting_a_photo_leaves_no_byte(
    library: PhotoLibrary, photos: dict[str, bytes], root: Path
) -> None:
    library.index([("holiday-in-rome", photos["dog"]), ("other", photos["all"])])
    assert b"holiday-in-rome" in _disk(root)
    library.forget_photo("holiday-in-rome")
    assert b"holiday-in-rome" not in _disk(root)
    assert library.photo_ids() == ["other"]
    assert ids(library.search(["Biscuit"])) == {"other"}
    with pytest.raises(PhotoNotFound):
        library.forget_photo("holiday-in-rome")


def test_forgetting_a_photo_again_finishes_what_failed(
    library: PhotoLibrary, photos: dict[str, bytes], root: Path, monkeypatch: Any
) -> None:
    library.index([("holiday-in-rome", photos["dog"]), ("other", photos["all"])])

    def full(*args: object, **options: object) -> None:
        raise MemoryStoreError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", full)
        with pytest.raises(MemoryStoreError, match="still to do"):
            library.forget_photo("holiday-in-rome")
    assert b"holiday-in-rome" in _disk(root)
    library.forget_photo("holiday-in-rome")
    assert b"holiday-in-rome" not in _disk(root)
    with pytest.raises(PhotoNotFound):
        library.forget_photo("holiday-in-rome")


@pytest.mark.parametrize("photo_id", ["", None, 3, ["a"], b"a", "Zo\udceb.jpg"])
def test_a_photo_without_a_usable_id_costs_no_other(
    library: PhotoLibrary, photo: Draw, photo_id: Any
) -> None:
    seen: list[tuple[str, str]] = []
    many = [("a", photo("red")), (photo_id, photo("red")), ("b", photo("blue"))]
    report = library.index(many, progress=lambda *told: seen.append(told))
    assert library.photo_ids() == ["a", "b"]
    assert (report.indexed, report.skipped) == (2, 0)
    [(shown, why)] = report.failed
    assert shown == (photo_id if isinstance(photo_id, str) else repr(photo_id))
    assert "expected a photo id" in why
    assert seen == [("a", "indexed"), (shown, "failed"), ("b", "indexed")]


@pytest.mark.parametrize(
    "error", [OSError("card removed"), RuntimeError("offline"), KeyboardInterrupt(), "no pair"]
)
def test_photos_that_end_in_an_error_are_stored_up_to_there(
    library: PhotoLibrary, photo: Draw, error: Any
) -> None:
    def failing() -> Iterator[Any]:
        yield "a", photo("red")
        if isinstance(error, str):
            yield error
        else:
            raise error

    with pytest.raises(ValueError if isinstance(error, str) else type(error)):
        library.index(failing())
    assert library.photo_ids() == ["a"]


def test_a_library_that_cannot_be_written_is_tried_once(
    library: PhotoLibrary, photo: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def refuse(write: object) -> None:
        tried.append(write)
        raise MemoryStoreError("the disk is full")

    monkeypatch.setattr(library._transactions, "commit", refuse)
    many = [(f"{i:02}", photo("red", height=30 + i)) for i in range(20)]
    with pytest.raises(MemoryStoreError):
        library.index(many)
    assert len(tried) == 1


@pytest.mark.parametrize("names", [[], "Biscuit"])
def test_a_search_needs_names(library: PhotoLibrary, names: Any) -> None:
    with pytest.raises(InvalidInput, match="names"):
        library.search(names)
    with pytest.raises(InvalidInput, match="expected k as"):
        library.search(["Biscuit"], k=0)


def test_unknown_names_and_empty_libraries(library: PhotoLibrary, root: Path) -> None:
    assert library.search(["Biscuit"]) == []
    assert library.photo_ids() == []
    assert list(root.rglob("photos")) == []  # reading creates nothing
    with pytest.raises(ObjectNotFound):
        library.search(["Rex"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("photos with Biscuit and my red mug", {"dog-and-mug", "all"}),
        ("Biscuit", {"dog", "dog-and-mug", "all"}),
        ("the ceramic thing", {"all"}),
        ("zeppelins", set()),
        ("", set()),
    ],
)
def test_free_text(
    library: PhotoLibrary, photos: dict[str, bytes], query: str, expected: set[str]
) -> None:
    library.index(photos.items())
    assert ids(library.search_text(query)) == expected


def test_users_have_libraries_of_their_own(
    library: PhotoLibrary, photos: dict[str, bytes], root: Path
) -> None:
    library.index(photos.items())
    bobs = PhotoLibrary.open(root, "bob", fake_profile())
    bobs.kit.remember("Biscuit", solid_scene({"red": (9, 9, 60, 60)}), category="dog")
    assert bobs.search(["Biscuit"]) == []
    assert bobs.photo_ids() == []
    with pytest.raises(PhotoNotFound):
        bobs.forget_photo("dog")


def test_another_encoder_is_refused(
    library: PhotoLibrary, photos: dict[str, bytes], tmp_path: Path
) -> None:
    empty = tmp_path / "no-memory"
    PhotoLibrary.open(empty, "ann", fake_profile()).index(photos.items())
    with pytest.raises(EncoderMismatch, match=r"colour@2.*reindex=True.*index the photos again"):
        PhotoLibrary.open(empty, "ann", fake_profile("colour@2"))


def test_after_a_change_of_encoder_the_library_is_indexed_again_on_request(
    photos: dict[str, bytes], tmp_path: Path
) -> None:
    kit = PeKit.open(tmp_path, fake_profile(), "ann", keep_crops=True)
    kit.remember("Biscuit", photos["dog"], category="dog")
    old = PhotoLibrary.open(tmp_path, "ann", fake_profile())
    old.index(photos.items())
    newer = fake_profile("colour@2")
    PeKit.reembed(tmp_path, newer, "ann")
    with pytest.raises(EncoderMismatch):
        old.search(["Biscuit"])
    library = PhotoLibrary.open(tmp_path, "ann", newer, reindex=True)
    assert library.photo_ids() == []
    library.index(photos.items())
    assert ids(library.search(["Biscuit"])) == {"dog", "dog-and-mug", "all"}
    again = PhotoLibrary.open(tmp_path, "ann", newer, reindex=True)  # has this encoder already
    assert len(again.photo_ids()) == len(photos)


def test_a_photo_id_is_never_read_as_a_filter(
    library: PhotoLibrary, photos: dict[str, bytes]
) -> None:
    nasty = "x' OR '1'='1"
    library.index([(nasty, photos["dog"]), ("other", photos["dog"])])
    library.forget_photo(nasty)
    assert library.photo_ids() == ["other"]


class TestStandard(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _library(self, library: PhotoLibrary, photos: dict[str, bytes]) -> None:
        library.index(photos.items())
        self._library_of_ann = library

    @property
    def retriever_constructor(self) -> type[PhotoLibraryRetriever]:
        return PhotoLibraryRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"library": self._library_of_ann}

    @property
    def retriever_query_example(self) -> str:
        return "photos with Biscuit"


def test_documents_of_photos(library: PhotoLibrary, photos: dict[str, bytes]) -> None:
    library.index(photos.items())
    retriever = PhotoLibraryRetriever(library=library, k=1)
    (found,) = retriever.invoke("Biscuit and Zoë's plate")
    assert (found.id, found.metadata["photo_id"]) == ("photo:all", "all")
    assert '"Biscuit" (category "dog"): upper left' in found.page_content
    assert '"Zoë\'s plate"' in found.page_content
    assert asyncio.run(retriever.ainvoke("Biscuit and Zoë's plate")) == [found]


@pytest.fixture
def perhaps(tmp_path: Path, graded: PersonalActions, photo: Draw) -> PhotoLibrary:
    """A library that knows probabilities, with photos that show things or may show them."""
    library = PhotoLibrary.open(tmp_path / "graded", "ann", graded_profile())
    colours = {
        "a-may-be-dog": ["pale red"],
        "b-dog": ["red"],
        "c-dog-twice": ["pale red", "red"],
        "d-dog-may-be-mug": ["red", "pale blue"],
        "e-both": ["red", "blue"],
        "f-plate": ["green"],
    }
    library.index((name, photo(*shown)) for name, shown in colours.items())
    return library


def test_a_photo_that_may_show_an_object_comes_after_those_that_do(perhaps: PhotoLibrary) -> None:
    found = perhaps.search(["Biscuit"])
    assert [photo.photo_id for photo in found[-1:]] == ["a-may-be-dog"]
    assert ids(found[:-1]) == {"b-dog", "c-dog-twice", "d-dog-may-be-mug", "e-both"}
    assert [photo.probability for photo in found] == pytest.approx([1, 1, 1, 1, 0.36], abs=0.03)
    *_, last = found
    assert (last.matches, [match.object.name for match in last.possible]) == ((), ["Biscuit"])
    assert last.score == last.possible[0].score < 0
    (twice,) = [photo for photo in found if photo.photo_id == "c-dog-twice"]
    assert (len(twice.matches), len(twice.possible)) == (1, 1)
    assert twice.score == twice.matches[0].score  # the surer of the two


def test_a_photo_is_as_sure_as_the_least_sure_object(perhaps: PhotoLibrary) -> None:
    sure, unsure = perhaps.search(["Biscuit", "my red mug"])
    assert (sure.photo_id, unsure.photo_id) == ("e-both", "d-dog-may-be-mug")
    assert [sure.probability, unsure.probability] == pytest.approx([1.0, 0.3], abs=0.03)
    assert unsure.probability == unsure.possible[0].probability


def test_a_photo_of_one_of_two_look_alikes_is_found_by_either(
    perhaps: PhotoLibrary, photo: Draw
) -> None:
    perhaps.kit.remember("Bella", photo("red"), category="dog")
    for name in ("Biscuit", "Bella"):
        (found,) = [each for each in perhaps.search([name]) if each.photo_id == "b-dog"]
        assert found.matches[0].ambiguous
        assert found.probability == pytest.approx(0.5, abs=0.01)
    # What is one of the two is not both.
    assert "b-dog" not in ids(perhaps.search(["Biscuit", "Bella"]))


def test_without_probabilities_photos_are_ranked_by_score(library: PhotoLibrary) -> None:
    faded = solid_scene({"pale red": (10, 10, 50, 50)})
    library.index([("a-faded", faded), ("b-red", solid_scene({"red": (10, 10, 50, 50)}))])
    found = library.search(["Biscuit"])
    assert [photo.photo_id for photo in found] == ["b-red", "a-faded"]
    assert [photo.probability for photo in found] == [None, None]


def test_the_document_of_a_photo_says_what_may_be(perhaps: PhotoLibrary) -> None:
    retriever = PhotoLibraryRetriever(library=perhaps, k=9)
    sure, unsure = retriever.invoke("Biscuit and my red mug")
    assert [doc.metadata["certainty"] for doc in (sure, unsure)] == ["certain", "possible"]
    assert unsure.metadata["probability"] == pytest.approx(0.3, abs=0.03)
    assert len(unsure.metadata["object_ids"].split()) == 1
    assert len(unsure.metadata["possible_ids"].split()) == 1
    dog, mug = unsure.page_content.splitlines()
    assert dog.startswith('"Biscuit" (category "dog"): upper left')
    assert mug.startswith('may be "my red mug" (category "mug"), probability 3')
    assert "may be" not in sure.page_content


def _disk(root: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "photos",
    [["a.jpg"], "folder", Path("folder"), b"bytes", None, 3, [("a", "b", "c")], {"ab": "a.jpg"}],
    ids=repr,
)
def test_what_is_no_pairs_is_refused_and_the_remedy_named(
    library: PhotoLibrary, photos: Any
) -> None:
    before = library.photo_ids()
    with pytest.raises(InvalidInput, match=r"expected pairs of a photo's id .*list_photos\(folder"):
        library.index(photos)
    assert library.photo_ids() == before


def test_pairs_may_be_lists_and_come_from_a_generator(library: PhotoLibrary) -> None:
    photo = solid_scene({"red": (20, 20, 90, 90)})
    assert library.index([["one", photo]]).indexed == 1
    assert library.index((name, photo) for name in ("two", "three")).indexed == 2


@pytest.mark.parametrize("k", [None, 0, -1, "3", 2.5, True])
def test_a_number_of_photos_that_is_none_is_refused(library: PhotoLibrary, k: Any) -> None:
    with pytest.raises(InvalidInput, match="expected k as a whole number of at least 1, found"):
        library.search_text("Biscuit", k=k)
    with pytest.raises(InvalidInput, match="expected k"):
        library.search(["Biscuit"], k=k)
