"""Folders as people keep them: ``list_photos`` says what is a photo, and what is left out.

A photo is known by its suffix, and the suffixes are those of the formats that the door reads. What
is no picture at all (a text, an archive) is passed over; what its owner may take for a photo and
is not read (a movie, a raw file) is listed with the reason.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pekit_agents.images.loading import raster_formats

__all__ = ["Album", "is_hidden", "list_photos", "photo_suffixes"]

# A phone's HEIC, and Canon's and Sony's name for it; pi-heif reads them and Pillow lists none.
_HEIF = frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})
# What cameras, phones, screen recorders and messengers name a movie.
_MOVIES = """
    3g2 3gp avi flv hevc insv lrv m2ts m4v mkv mov mp4 mpeg mpg mts ogv qt vob webm wmv
"""
# What cameras, editors and scanners write that nothing here decodes.
_OTHER_PICTURES = """
    3fr ai arw cr2 cr3 crw dcm dng eps erf exr gpr hdr icns ico iiq insp j2c j2k jp2 jpc jpf jpx jxl
    jxr kdc mrw nef nrw orf pdf pef psb psd raf raw rw2 rwl srw svg svgz tga x3f xcf
"""
# What archives, network disks and Windows put beside photos: thumbnails, waste, resource forks.
_OF_SYSTEMS = frozenset(
    {"@eadir", "@recycle", "__macosx", "#recycle", "$recycle.bin", "lost+found"}
)


@dataclass(frozen=True, slots=True)
class Album:
    """What is in a folder and in the folders in it.

    Attributes:
        photos: Everything with the suffix of a photo, by path; none was opened.
        left_out: What is not read although it may be meant as a photo, and why.
    """

    photos: tuple[Path, ...]
    left_out: tuple[tuple[Path, str], ...]


@functools.cache
def photo_suffixes() -> frozenset[str]:
    """Return the suffixes of every format that ``load_image`` reads, in lower case with the dot."""
    # A two-lens JPEG has a suffix of its own and comes in as a JPEG.
    read = {*raster_formats(), "MPO"}
    named = {suffix for suffix, kind in Image.registered_extensions().items() if kind in read}
    return frozenset(named) | _HEIF


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is none that a person put there: ``._1.jpg``, ``@eaDir``."""
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def list_photos(folder: str | os.PathLike[str], *, deep: bool = True) -> Album:
    """Return the photos in a folder, with those in the folders in it.

    Hidden files and folders are passed over. A link to a file is a photo like another; a link to a
    folder is left out, so that no photo comes in twice and no loop is walked.

    Args:
        folder: Where to look.
        deep: Whether to look into the folders in it.
    """
    photos, left_out = list[Path](), list[tuple[Path, str]]()
    for path, why in _entries(Path(folder), deep=deep):
        suffix = path.suffix.lower()
        if why:
            left_out.append((path, why))
        elif suffix in photo_suffixes():
            photos.append(path)
        elif suffix[1:] in _MOVIES.split():
            left_out.append((path, "a movie, which is not read"))
        elif suffix[1:] in _OTHER_PICTURES.split():
            left_out.append((path, f"{suffix} files are not read; save it as JPEG or PNG"))
    return Album(tuple(sorted(photos)), tuple(sorted(left_out)))


def _entries(folder: Path, *, deep: bool) -> Iterator[tuple[Path, str]]:
    """Yield the files in a folder, and what is no file and why it is left out."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as found:
                entries = [entry for entry in found if not is_hidden(entry.name)]
        except OSError as exc:
            yield place, f"the folder cannot be looked into ({exc.strerror})"
            continue
        for entry in entries:
            path = Path(entry.path)
            if not _is_folder(entry):
                yield path, ""
            elif not deep:
                continue
            elif entry.is_symlink():
                yield path, "a link to a folder, which is not followed"
            else:
                waiting.append(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: whoever opens it is told so
        return False
