"""``photos_of`` and ``each_photo``: the photos that a command was given, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pekit_agents.cli.output import complain, err, shown
from pekit_agents.cli.terminal_words import terminal_words
from pekit_agents.errors import ImageError, MissingDependency, NoObjectFound, PeKitError
from pekit_agents.wording.messages import counted, why_left_out

__all__ = [
    "Photos",
    "PhotosArgument",
    "concerns_one_photo",
    "each_photo",
    "looks_like_a_photo",
    "photos_of",
    "why_not",
]

#: Text and no path, which would take a slash of "https://" away.
PhotosArgument = Annotated[
    list[str], typer.Argument(metavar="PHOTO", help="photos, and folders of photos")
]

# Longer than a Windows drive letter, so "C:/photo.jpg" stays a path.
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://|data:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Photos:
    """What a command was given.

    Attributes:
        files: The photos.
        names: What each is called below a folder of results.
        several: Whether more was asked for than one photo.
        unusable: What is no photo and no folder of photos, and why.
    """

    files: list[Path] = field(default_factory=list)
    names: dict[Path, Path] = field(default_factory=dict)
    several: bool = False
    unusable: list[tuple[str, ImageError]] = field(default_factory=list)


def photos_of(given: Sequence[str]) -> Photos:
    """Return the photos that are named, and those in the folders that are named.

    Raises:
        ImageError: One thing is named, and it is no photo and no folder of photos.
    """
    found = Photos(several=len(given) > 1 or any(Path(each).is_dir() for each in given))
    for each in given:
        try:
            for path, name in _files(each):
                found.files.append(path)
                found.names[path] = name
        except ImageError as exc:
            found.unusable.append((each, exc))
    if len(given) == 1 and found.unusable:
        raise found.unusable[0][1]
    return found


def looks_like_a_photo(text: str) -> bool:
    """Return whether a text names a photo or a folder, rather than asking something."""
    if not text or text.isspace():
        return False
    try:
        there = Path(text).exists()
    except OSError:  # too long for a path
        return False
    one_word = len(text.split()) == 1
    return there or (one_word and bool(_URL.match(text) or _has_suffix(text)))


def concerns_one_photo(exc: PeKitError) -> bool:
    """Return whether an error says something of one photo, and nothing of the others."""
    return isinstance(exc, (ImageError, MissingDependency, NoObjectFound))


def why_not(name: str, exc: PeKitError) -> str:
    """Return why one of several photos is left out, to stand after its name."""
    return terminal_words(why_left_out(exc, name, Path(name).name))


def each_photo(
    photos: Photos,
    work: Callable[[Path], None],
    *,
    doing: str,
    refused: Callable[[str, str], None] | None = None,
    bearable: Callable[[PeKitError], bool] = concerns_one_photo,
) -> int:
    """Work on each photo; one that cannot be used is told about and does not stop the others.

    Args:
        photos: Which ones.
        work: What is done with each.
        doing: What to call that, beside the bar.
        refused: Called with each photo that cannot be used, and why.
        bearable: Says of an error whether the other photos may do.

    Returns:
        How many cannot be used.

    Raises:
        PeKitError: Only one photo was asked for, and it cannot be used; or what went wrong is no
            matter of one photo.
    """
    failed = list[str]()

    def refuse(name: str, exc: PeKitError) -> None:
        failed.append(name)
        why = why_not(name, exc)
        complain(f"{name}: {why}")
        if refused is not None:
            refused(name, why)

    with _counting(doing, len(photos.files)) as step:
        for name, exc in photos.unusable:
            refuse(shown(name), exc)
        for path in photos.files:
            try:
                work(path)
            except PeKitError as exc:
                if not photos.several or not bearable(exc):
                    raise
                refuse(shown(path), exc)
            step()
    if failed:
        total = len(photos.files) + len(photos.unusable)
        complain(f"{len(failed)} of {counted(total, 'photo')} could not be used.")
    return len(failed)


def _files(given: str) -> Iterator[tuple[Path, Path]]:
    if match := _URL.match(given):
        raise ImageError(_no_address(given, match))
    from pekit_agents.images.albums import list_photos

    path = Path(given).expanduser()
    if not path.is_dir():
        yield path, Path(path.name)
        return
    album = list_photos(path)
    if not album.photos:
        raise ImageError(
            f"{shown(given)}: expected a folder with photos, found no file in it that is named as "
            "one (.jpg, .png, .heic); name the files themselves, or another folder"
        )
    for file, why in album.left_out:
        complain(f"{shown(file)} is left out: {why}")
    for file in album.photos:
        yield file, file.relative_to(path)


def _has_suffix(name: str) -> bool:
    from pekit_agents.images.albums import photo_suffixes

    return Path(name).suffix.lower() in photo_suffixes()


def _no_address(given: str, match: re.Match[str]) -> str:
    kind = (match[1] or "data").lower()
    found = f"a {kind}: address" if kind in ("file", "data") else f"an address ({kind}://)"
    if kind in ("http", "https"):
        found = "an address on the web"
    remedy = {
        "file": "give the path alone, without file://",
        "data": "save it as a file and give that",
    }.get(kind, "nothing is fetched: download it and give the file")
    name = "data URL" if kind == "data" else shown(given)
    return f"{name}: expected a photo on this machine, found {found}; {remedy}"


@contextmanager
def _counting(doing: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar where there are several; yields what advances it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda: progress.update(task, advance=1)
