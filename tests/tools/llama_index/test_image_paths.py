"""Pictures as files: a store says where, by handle, for its own user."""

from __future__ import annotations

from pathlib import Path

import pytest

from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import MemoryImageStore, UnknownImage
from pekit_agents.tools.llama_index.image_paths import ImagePaths, path_of


def test_a_folder_gives_paths_and_ram_gives_none(tmp_path: Path, red: bytes) -> None:
    folder, ram = DirectoryImageStore(tmp_path), MemoryImageStore()
    assert isinstance(folder, ImagePaths)
    assert not isinstance(ram, ImagePaths)
    path = path_of(folder, "ann", folder.put("ann", red))
    assert path is not None
    assert path.read_bytes() == red
    assert path.is_relative_to(tmp_path)
    assert path_of(ram, "ann", ram.put("ann", red)) is None


def test_only_ones_own_whole_pictures_have_a_path(tmp_path: Path, red: bytes) -> None:
    images = DirectoryImageStore(tmp_path)
    handle = images.put("ann", red)
    path = images.path("ann", handle)
    for user, asked in (("bob", handle), ("ann", "/etc/passwd"), ("ann", f"../{handle}")):
        with pytest.raises(UnknownImage):
            images.path(user, asked)
    path.write_bytes(b"damaged")
    with pytest.raises(UnknownImage):
        images.path("ann", handle)
    images.put("ann", red)
    images.delete("ann", handle)
    with pytest.raises(UnknownImage):
        images.path("ann", handle)
