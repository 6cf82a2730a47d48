"""``require_new_file``: a file that a command is to write is refused before any work is done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pekit_agents.cli.output import shown
from pekit_agents.errors import InvalidInput

__all__ = ["require_new_file"]


def require_new_file(path: Path, option: str, *, force: bool, suffixes: Sequence[str] = ()) -> None:
    """Refuse a file that cannot or should not be written.

    Args:
        path: Where it is to be.
        option: What named it, without the dashes.
        force: Whether a file that is there is replaced.
        suffixes: How its name may end, in small letters; empty for anything.

    Raises:
        InvalidInput: It ends otherwise, has no folder that can be written in, or is there already.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        names = " or ".join(suffixes)
        raise InvalidInput(f"expected --{option} with a file {names}, found {shown(path)}")
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InvalidInput(
            f"expected a folder to write {path.name} in, found none that can be written at "
            f"{path.parent}"
        )
    if path.is_dir() or (path.exists() and not force):
        raise InvalidInput(
            f"{shown(path)} is there already; give another --{option} or add --force"
        )
