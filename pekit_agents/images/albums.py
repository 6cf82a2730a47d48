"""Folders as people keep them: ``list_photos`` says what is a photo, and what is left out.

A photo is known by its suffix, and the suffixes are those of the formats that the door reads. What
is no picture at all (a text, an archive) is passed over; what its owner may take for a photo and
is not read (a movie, a raw file, a photo by another name) is listed with the reason.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pekit_agents.images.loading import raster_formats

__all__ = [
    "MOVIE",
    "Album",
    "album_name",
    "is_hidden",
    "list_photos",
    "photo_suffixes",
    "why_no_album",
]

# A phone's HEIC, and Canon's and Sony's name for it; pi-heif reads them and Pillow lists none.
_HEIF = frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})
#: Why a movie among photos is left out.
MOVIE = "a movie, which is not read"
# What cameras, phones, screen recorders and messengers name a movie.
_MOVIES = """
    3g2 3gp avi flv hevc insv lrv m2ts m4v mkv mov mp4 mpeg mpg mts ogv qt vob webm wmv
"""
# What cameras, editors and scanners write that nothing here decodes.
_OTHER_PICTURES = """
    3fr ai arw cr2 cr3 crw dcm dng eps erf exr gpr hdr icns ico iiq insp j2c j2k jp2 jpc jpf jpx jxl
    jxr kdc mrw nef nrw orf pdf pef psb psd raf raw rw2 rwl srw svg svgz tga x3f xcf
"""
# What archives, network disks, Macs and Windows put beside photos: thumbnails, waste, metadata.
_OF_SYSTEMS = frozenset(
    {
        *("@eadir", "@recycle", "__macosx", "#recycle", "$recycle.bin", "recycler", "lost+found"),
        *("system volume information", "network trash folder", "temporary items"),
    }
)
_OF_CHECKS = re.compile(r"found\.\d{3}")  # what Windows saves from a damaged disk
# NAS systems begin names of their own so: @tmp, @Recently-Snapshot, #snapshot, ~snapshot.
_OF_NAS = re.compile(r"[@#~][a-z]")
_PLACEHOLDER = re.compile(r"\.(.+)\.icloud")  # of a file that a Mac has moved to iCloud
# How the pictures begin that phones and browsers save; two letters of a BMP also begin texts.
_PICTURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8|RIFF.{4}WEBP|II\*\0|MM\0\*"
    rb"|.{4}ftyp(?:hei[cxms]|mif1|avi[fs])",
    re.DOTALL,
)
_LIBRARY = re.compile(r".*\.\w*library")  # Photos', iPhoto's, Aperture's, Lightroom's


@dataclass(frozen=True, slots=True)
class Album:
    """What is in a folder and in the folders in it.

    Attributes:
        photos: Everything with the suffix of a photo, by path; none was opened. Of files with an
            unknown suffix the first bytes were read.
        left_out: What is not read although it may be meant as a photo, and why.
    """

    photos: tuple[Path, ...]
    left_out: tuple[tuple[Path, str], ...]

    @property
    def clips(self) -> tuple[Path, ...]:
        """What is left out as a movie: a photo library takes these, too."""
        return tuple(path for path, why in self.left_out if why == MOVIE)


@functools.cache
def photo_suffixes() -> frozenset[str]:
    """Return the suffixes of every format that ``load_image`` reads, in lower case with the dot."""
    # A two-lens JPEG has a suffix of its own and comes in as a JPEG.
    read = {*raster_formats(), "MPO"}
    named = {suffix for suffix, kind in Image.registered_extensions().items() if kind in read}
    return frozenset(named) | _HEIF


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is none that a person put there: ``._1.jpg``, ``@eaDir``."""
    lower = name.lower()
    return name.startswith(".") or lower in _OF_SYSTEMS or bool(_OF_CHECKS.fullmatch(lower))


def album_name(name: str) -> str:
    """Return a folder's name as text, NFC; that of a disk of another time is one of Windows-1252.

    Bytes that are neither stay as the system gives them, as lone surrogates.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        with contextlib.suppress(UnicodeError):
            name = os.fsencode(name).decode("cp1252")
    return unicodedata.normalize("NFC", name)


def why_no_album(name: str) -> str:
    """Return why a folder of that name, which is not hidden, holds no photos to read; else ""."""
    if _OF_NAS.match(name.lower()):
        return "network disks call folders of their own so; rename it if it is yours"
    if _LIBRARY.fullmatch(name.lower()):
        return "the library of a program, with copies and thumbnails; export the photos from it"
    return ""


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
        if not why and path.suffix.lower() in photo_suffixes():
            photos.append(path)
        elif why := why or _why_not_read(path):
            left_out.append((path, why))
    return Album(tuple(sorted(photos)), tuple(sorted(left_out)))


def _why_not_read(path: Path) -> str:
    """Return why a file without a photo's suffix is not read; "" for what is no picture."""
    suffix = path.suffix.lower()
    if suffix[1:] in _MOVIES.split():
        return MOVIE
    if suffix[1:] in _OTHER_PICTURES.split():
        return f"{suffix} files are not read; save it as JPEG or PNG"
    head = b""
    with contextlib.suppress(OSError):
        if path.is_file():  # nobody may ever write into a pipe
            with path.open("rb") as file:
                head = file.read(12)
    if _PICTURE.match(head):
        return "it begins like a photo; let its name end in .jpg, or in what it is"
    return ""


def _away(name: str) -> str:
    """Return why a file is not here, if a hidden one stands for a photo or a movie; else ""."""
    original = _PLACEHOLDER.fullmatch(name)
    suffix = Path(original[1]).suffix.lower() if original else ""
    known = {*photo_suffixes(), *(f".{each}" for each in (_MOVIES + _OTHER_PICTURES).split())}
    return "not downloaded from iCloud; download it first" if suffix in known else ""


def _entries(folder: Path, *, deep: bool) -> Iterator[tuple[Path, str]]:
    """Yield the files in a folder, and what is no file and why it is left out."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as found:
                entries = [
                    entry for entry in found if not is_hidden(entry.name) or _away(entry.name)
                ]
        except OSError as exc:
            yield place, f"the folder cannot be looked into ({exc.strerror})"
            continue
        for entry in entries:
            path = Path(entry.path)
            if not _is_folder(entry):
                yield path, _away(entry.name)
            elif not deep or is_hidden(entry.name):
                continue
            elif why := why_no_album(entry.name):
                yield path, why
            elif entry.is_symlink():
                yield path, "a link to a folder, which is not followed"
            else:
                waiting.append(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: whoever opens it is told so
        return False
