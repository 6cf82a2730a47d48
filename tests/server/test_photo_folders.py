"""Paths that a model writes: below allowed folders, links and all, and nothing but photos."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.server.mcp.ways_in import is_path
from pekit_agents.server.photo_folders import PhotoFolders, folder_of, folders_of, may_name_paths
from pekit_agents.server.settings import ServerSettings
from tests.server.mcp.conftest import photo

RED = photo("red")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of photos, with what is beside it and what links lead out of it."""
    inside, outside = tmp_path / "photos", tmp_path / "outside"
    (inside / "2026").mkdir(parents=True)
    outside.mkdir()
    for path in (
        inside / "red.png",
        inside / "2026" / "with space.JPG",
        outside / "secret.png",
        tmp_path / "photos-too.png",
    ):
        path.write_bytes(RED)
    (tmp_path / "photos-too").mkdir()
    (tmp_path / "photos-too" / "x.png").write_bytes(RED)
    (inside / "notes.txt").write_bytes(RED)
    (inside / "folder.png").mkdir()
    (inside / "out.png").symlink_to(outside / "secret.png")
    (inside / "out").symlink_to(outside)
    (inside / "in.png").symlink_to(inside / "red.png")
    (inside / "circle.png").symlink_to(inside / "circle.png")
    (inside / "gone.png").symlink_to(inside / "nothing.png")
    (inside / "text.png").symlink_to(inside / "notes.txt")
    os.mkfifo(inside / "pipe.png")
    return inside


@pytest.mark.parametrize(
    "given",
    [
        "{place}/red.png",
        "red.png",
        "./red.png",
        "  'red.png' ",
        "red.png\n",
        "{place}/2026/with space.JPG",
        "file://{place}/2026/with%20space.JPG",
        "file://localhost{place}/red.png",
        "2026/../red.png",
        "in.png",
    ],
)
def test_a_photo_below_the_folder_is_read(place, given):
    read = PhotoFolders([place]).read(given.format(place=place), DEFAULT_LIMITS)
    assert read == RED


@pytest.mark.parametrize(
    "given",
    [
        "/etc/passwd",
        "{place}/../outside/secret.png",
        "../outside/secret.png",
        "{place}/../photos-too.png",
        "{place}-too/x.png",
        "{place}/out.png",
        "{place}/out/secret.png",
        "out/../out/secret.png",
        "file://{place}/%2e%2e/outside/secret.png",
        "file://elsewhere{place}/red.png",
        "file:///etc/passwd",
        "notes.txt",
        "text.png",
        "folder.png",
        "pipe.png",
        "circle.png",
        "gone.png",
        "nothing.png",
        "{place}",
        "/",
        ".",
        "~/.ssh/id_rsa",
        "~nobody-of-this-name/red.png",
        "red.png\0.txt",
        "\ud800.png",
        "x" * 5000 + ".png",
        "https://example.com/red.png",
        "\\\\host\\share\\red.png",
        "/dev/stdin",
        "/proc/self/environ",
        "data:image/png;base64,AAAA",
    ],
)
def test_anything_else_is_as_if_it_were_not_there(place, given):
    assert PhotoFolders([place]).read(given.format(place=place), DEFAULT_LIMITS) is None


def test_the_servers_own_files_are_private_wherever_they_lie(place):
    allowed = PhotoFolders([place], private=[place / "2026"])
    assert allowed.read("2026/with space.JPG", DEFAULT_LIMITS) is None
    assert allowed.read("red.png", DEFAULT_LIMITS) == RED


def test_a_photo_that_is_too_large_is_not_even_read(place):
    with pytest.raises(InvalidInput, match=f"at most 10 bytes, found {len(RED)}"):
        PhotoFolders([place]).read("red.png", replace(DEFAULT_LIMITS, max_bytes=10))


def test_folders_that_are_not_there_allow_nothing(tmp_path):
    allowed = PhotoFolders([tmp_path / "nothing"])
    assert not allowed
    assert allowed.read("red.png", DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    ("given", "local", "may"),
    [
        ({}, False, True),
        ({"user": "bob"}, False, False),
        ({"host": "0.0.0.0"}, False, False),
        ({"host": "localhost"}, False, True),
        ({"photos": ()}, False, False),
        ({"user": "bob", "host": "0.0.0.0"}, True, True),
        ({"photos": ()}, True, False),
    ],
)
def test_only_the_user_of_the_machine_names_paths(place, given, local, may):
    told = {"memory": str(place.parent / "memory"), "photos": (str(place),), "user": "ann"}
    settings = ServerSettings(**{**told, **given})
    assert may_name_paths(settings, "ann", local=local) is may
    read = folders_of(settings, "ann", local=local).read("red.png", DEFAULT_LIMITS)
    assert read == (RED if may else None)


def test_a_root_of_a_client_is_a_folder_beside_those_of_the_server(place):
    settings = ServerSettings(memory=str(place.parent / "memory"))
    assert not folders_of(settings, "ann", local=True)
    assert folders_of(settings, "ann", local=True, roots=[place]).read("red.png", DEFAULT_LIMITS)


def test_a_whole_folder_is_its_photos_each_checked_when_it_is_read(place):
    photos = PhotoFolders([place], private=[place / "2026"]).photos_in(".")
    told = {each.name: each for each in photos}
    assert "2026/with space.JPG" not in told
    assert told["in.png"].checked() == place / "red.png"
    for gone in ("circle.png", "gone.png"):
        with pytest.raises(ImageError, match="found that it is gone"):
            told[gone].checked()
    with pytest.raises(ImageError, match=r"out\.png: .* a link that leads out"):
        told["out.png"].checked()


@pytest.mark.parametrize("given", ["..", "out", "/", "2026", "red.png", "nothing", "a\0b", "~"])
def test_another_folder_is_as_if_it_were_not_there(place, given):
    assert PhotoFolders([place], private=[place / "2026"]).photos_in(given) is None


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("red.png", True),
        ("/photos/red.png", True),
        ("attached image", True),
        ("latest", False),
        ("the latest photo", False),
        ("none", False),
        ("", False),
        ("img_" + "0" * 32, False),
        ("[image img_" + "0" * 32 + "]", False),
        ("img_" + "0" * 32 + " img_" + "1" * 32, False),
    ],
)
def test_handles_and_words_for_a_photo_are_no_paths(given, path):
    assert is_path(given) is path


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("file:///home/ann/My%20photos", Path("/home/ann/My photos")),
        ("file://localhost/home/ann", Path("/home/ann")),
        ("file://elsewhere/home/ann", None),
        ("https://example.com/home", None),
        ("/home/ann", None),
    ],
)
def test_roots_are_folders_of_this_machine(uri, folder):
    assert folder_of(uri) == folder
