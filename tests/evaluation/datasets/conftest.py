"""Small trees of photos in the layouts of published data sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Plant = Callable[..., Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return a function that writes files: a grey photo, or the text given for a path."""

    def write(*photos: str, texts: dict[str, str] | None = None, size=(40, 30)) -> Path:
        for name in photos:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, (120, 120, 120)).save(path)
        for name, text in (texts or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return write
