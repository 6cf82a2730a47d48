"""A folder holds photos of every format that is read, and much else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents.images.albums import Album, is_hidden, list_photos, photo_suffixes
from pekit_agents.images.loading import load_image
from pekit_agents.testing import solid_scene


def names(folder: Path) -> list[str]:
    return [str(photo.relative_to(folder)) for photo in list_photos(folder).photos]


def left_out(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): why for path, why in list_photos(folder).left_out}


@pytest.mark.parametrize(
    "suffix",
    [
        *(".jpg", ".JPG", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".avif"),
        *(".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".pbm", ".pnm"),
    ],
)
def test_whatever_suffix_of_a_picture_is_listed_and_read(tmp_path: Path, suffix: str) -> None:
    photo = tmp_path / f"1{suffix}"
    kind = Image.registered_extensions()[suffix.lower()]
    mode = {".pgm": "L", ".pbm": "1"}.get(suffix, "RGB")
    solid_scene({"red": (20, 20, 90, 90)}).convert(mode).save(photo, kind)
    assert names(tmp_path) == [photo.name]
    assert load_image(photo).size == (160, 120)


def test_a_phones_and_a_cameras_names_of_heic_are_photos() -> None:
    assert {".heic", ".heif", ".hif"} <= photo_suffixes()
    assert all(suffix == suffix.lower() for suffix in photo_suffixes())
    assert not {".mov", ".pdf", ".svg", ".txt", ""} & photo_suffixes()


def test_photos_come_from_folders_in_folders_and_hidden_ones_are_passed_over(
    tmp_path: Path,
) -> None:
    for name in (
        *("1.jpg", "2023/May/2.jpg", "trip.jpg/3.jpg"),
        *(".4.jpg", "._5.jpg", ".thumbnails/6.jpg", "@eaDir/7.jpg", "__MACOSX/2023/._8.jpg"),
        *("$RECYCLE.BIN/9.jpg", "notes.txt", "Thumbs.db"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == ["1.jpg", "2023/May/2.jpg", "trip.jpg/3.jpg"]
    assert left_out(tmp_path) == {}
    assert [str(photo.name) for photo in list_photos(tmp_path, deep=False).photos] == ["1.jpg"]


@pytest.mark.parametrize("name", ["IMG_1.MOV", "a.mp4", "b.3gp", "c.M4V"])
def test_a_movie_is_named_and_not_read(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(10**12)  # whoever reads it fails
    assert names(tmp_path) == []
    assert left_out(tmp_path) == {name: "a movie, which is not read"}


@pytest.mark.parametrize("name", ["a.DNG", "b.cr2", "c.jxl", "d.pdf", "e.psd"])
def test_a_picture_that_nothing_here_decodes_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "save it as JPEG" in left_out(tmp_path)[name]


def test_links_are_walked_in_no_circle(tmp_path: Path) -> None:
    (tmp_path / "Cup" / "2023").mkdir(parents=True)
    (tmp_path / "Hat").mkdir()
    for name in ("Cup/1.jpg", "Cup/2023/2.jpg", "Hat/3.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "Cup" / "2023" / "up").symlink_to(tmp_path / "Cup")
    (tmp_path / "Cup" / "others").symlink_to(tmp_path)
    (tmp_path / "Cup" / "4.jpg").symlink_to(tmp_path / "Hat" / "3.jpg")
    (tmp_path / "Cup" / "circle.jpg").symlink_to(tmp_path / "Cup" / "circle.jpg")
    cup = tmp_path / "Cup"
    assert names(cup) == ["1.jpg", "2023/2.jpg", "4.jpg", "circle.jpg"]
    assert set(left_out(cup)) == {"2023/up", "others"}


def test_what_is_no_file_is_listed_for_the_door_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s.jpg"))
    assert names(tmp_path) == ["gone.jpg", "pipe.jpg", "s.jpg"]


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path: Path) -> None:
    assert list_photos(tmp_path / "gone").left_out == (
        (tmp_path / "gone", "the folder cannot be looked into (No such file or directory)"),
    )


def test_only_names_of_systems_are_hidden() -> None:
    assert [is_hidden(name) for name in (".x", "@eaDir", "__MACOSX", "lost+found")] == [True] * 4
    assert [is_hidden(name) for name in ("x", "_", "@home", "Cup.d")] == [False] * 4
    assert is_hidden("FOUND.000")
    assert not is_hidden("found.it")


@pytest.mark.parametrize(
    "name",
    [
        *("System Volume Information", "Network Trash Folder", "Temporary Items", "RECYCLER"),
        *("FOUND.000", "found.012", "$Recycle.Bin", "#recycle", "@Recycle"),
    ],
)
def test_what_systems_leave_on_disks_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "1.jpg").touch()
    assert list_photos(tmp_path) == Album((), ())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *((name, "network disks") for name in ("#snapshot", "@Recently-Snapshot", "@tmp")),
        *((name, "network disks") for name in ("@sharebin", "~snapshot", "@home")),
        *((f"A.{kind}", "export") for kind in ("photoslibrary", "aplibrary", "lrlibrary")),
    ],
)
def test_folders_that_may_be_a_persons_are_named_and_not_read(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "1.jpg").touch()
    assert names(tmp_path) == []
    assert said in left_out(tmp_path)[name]


def test_signs_in_names_of_photos_and_before_numbers_are_a_persons(tmp_path: Path) -> None:
    photos = [
        "#1 mug/#cup.jpg",
        "#1 mug/@ann.jpg",
        "#1 mug/~1.jpg",
        "Library/1.jpg",
        "a library/1.jpg",
    ]
    for name in photos:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == photos


def test_what_is_in_icloud_is_named(tmp_path: Path) -> None:
    for name in (".IMG_2.HEIC.icloud", ".a.mov.icloud", ".notes.txt.icloud", ".icloud", "x.icloud"):
        (tmp_path / name).write_bytes(b"bplist00")
    (tmp_path / ".b.jpg.icloud" / "c").mkdir(parents=True)
    (tmp_path / ".b.jpg.icloud" / "1.jpg").touch()
    said = "not downloaded from iCloud; download it first"
    assert left_out(tmp_path) == {".IMG_2.HEIC.icloud": said, ".a.mov.icloud": said}
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("name", ["IMG_3", "a.jpg_large", "b.JPG~", "c.JPEG ", "d.jpg.part"])
def test_a_photo_by_another_name_is_named(tmp_path: Path, name: str, kind: str) -> None:
    solid_scene({"red": (20, 20, 90, 90)}).save(tmp_path / name, kind)
    assert names(tmp_path) == []
    assert "begins like a photo" in left_out(tmp_path)[name]


def test_a_heic_by_another_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes((Path(__file__).parent / "turned.heic").read_bytes())
    assert "begins like a photo" in left_out(tmp_path)["x"]


def test_other_files_are_passed_over_whatever_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("BM is no picture")
    (tmp_path / "b").touch()
    (tmp_path / "c").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d").symlink_to(tmp_path / "d")
    (tmp_path / "e.mkw").write_bytes(b"\0\0\0\x14ftypqt  ")
    os.mkfifo(tmp_path / "f")  # whoever opens it waits
    with (tmp_path / "g").open("wb") as file:
        file.truncate(10**12)  # whoever reads it fails
    (tmp_path / "h").touch(mode=0)
    assert list_photos(tmp_path) == Album((), ())
