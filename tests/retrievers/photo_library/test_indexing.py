"""Photos are encoded once and kept; what cannot be kept is said and costs no other."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.errors import (
    EncoderMismatch,
    InvalidInput,
    MemoryStoreError,
    ModelError,
)
from pekit_agents.images.loading import load_image
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory.table import maintenance
from pekit_agents.retrievers.photo_library.library import PhotoLibrary, PhotoNotFound
from pekit_agents.testing import fake_profile, solid_scene
from tests.retrievers.photo_library.conftest import Counting

Draw = Callable[..., bytes]


def ids(found: Any) -> set[str]:
    return {photo.photo_id for photo in found}


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
