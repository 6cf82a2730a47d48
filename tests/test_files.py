"""Files that are written whole or not at all."""

from __future__ import annotations

import stat
from contextlib import nullcontext

import pytest

from pekit_agents.files import atomic_path, atomic_write


@pytest.mark.parametrize(("shared", "mode"), [(True, 0o644), (False, 0o600)])
def test_a_file_takes_its_place_when_all_is_written(tmp_path, shared, mode):
    path = tmp_path / "made.npz"
    path.write_bytes(b"before")
    with atomic_write(path, shared=shared) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [path]


def write_half_of_it(path):
    with atomic_write(path, shared=True) as file:
        file.write(b"aft")
        raise RuntimeError("half way")


def test_what_was_there_stays_when_the_writing_fails(tmp_path):
    path = tmp_path / "made.npz"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError, match="half way"):
        write_half_of_it(path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_half_of_it(tmp_path / "no" / "a")


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_that_may_not_be_replaced_stays(tmp_path, durable):
    path = tmp_path / "made.npz"
    for content in (b"first", b"second"):
        with (
            nullcontext() if content == b"first" else pytest.raises(FileExistsError),
            atomic_write(path, shared=False, overwrite=False, durable=durable) as file,
        ):
            file.write(content)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fails", [False, True])
def test_a_file_that_is_written_by_its_name_takes_its_place_too(tmp_path, fails):
    path = tmp_path / "made.mp4"
    path.write_bytes(b"before")
    with (
        pytest.raises(RuntimeError) if fails else nullcontext(),
        atomic_path(path, shared=False) as part,
    ):
        assert part.parent == tmp_path
        part.write_bytes(b"after")
        if fails:
            raise RuntimeError("half way")
    assert path.read_bytes() == (b"before" if fails else b"after")
    assert fails or stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileExistsError), atomic_path(path, shared=False, overwrite=False) as part:
        part.write_bytes(b"other")
    assert list(tmp_path.iterdir()) == [path]
