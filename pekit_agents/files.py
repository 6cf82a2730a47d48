"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_path", "atomic_write", "private_folder"]


@contextmanager
def atomic_write(
    path: Path, *, shared: bool, overwrite: bool = True, durable: bool = False
) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of ``path`` once all is written to it.

    Args:
        path: In a folder that is there. What it held stays if the writing fails.
        shared: Whether other users of the machine may read it.
        overwrite: Whether a file that is there may be replaced.
        durable: Whether it is on the disk when this returns, so that a power cut does not undo it.

    Raises:
        FileExistsError: There is a file that may not be replaced.
        OSError: It cannot be written.
    """
    with _part(path, shared, overwrite) as (handle, _), os.fdopen(handle, "wb") as file:
        yield file
        if durable:
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def atomic_path(path: Path, *, shared: bool, overwrite: bool = True) -> Iterator[Path]:
    """Yield the name of a file that takes the place of ``path`` once it is written and closed.

    It is for what writes to names alone; :func:`atomic_write` is for all else.

    Args:
        path: In a folder that is there. What it held stays if the writing fails.
        shared: Whether other users of the machine may read it.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        FileExistsError: There is a file that may not be replaced.
        OSError: It cannot be written.
    """
    with _part(path, shared, overwrite) as (handle, part):
        os.close(handle)
        yield part


@contextmanager
def _part(path: Path, shared: bool, overwrite: bool) -> Iterator[tuple[int, Path]]:
    """Yield an open file, which is to be closed, and its name; it is put in place at the end."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        yield handle, part
        if shared:
            part.chmod(0o644)  # mkstemp's files are their owner's alone
        if overwrite:
            part.replace(path)
        else:
            path.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)


def private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may look into, and those missing on the way to it.

    ``mkdir(parents=True)`` would leave the mode of the others to the umask. What is there stays as
    it is.

    Raises:
        OSError: It cannot be made.
    """
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
