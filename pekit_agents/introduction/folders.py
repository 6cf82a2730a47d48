"""Remembering a whole folder of photos: ``find_jobs`` says what there is, ``ingest`` stores it.

The folder holds a folder for each object, with its photos: ``FOLDER/Biscuit/1.jpg``, also in
folders of its own: ``FOLDER/Biscuit/2023/1.jpg``. Views are extracted by workers, and each object
is stored in one write by the process that started them. Ids of objects are made from the folders'
names and ids of views from the photos' content, so a run that is repeated goes on where it stopped
and takes in what is new.
"""

from __future__ import annotations

import os
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.images.albums import MOVIE, album_name, is_hidden, list_photos, why_no_album
from pekit_agents.introduction.ingesting import Ingestion, IngestReport
from pekit_agents.introduction.jobs import Job, Result, Runner, extract_job, make_job, run_here
from pekit_agents.introduction.metadata import read_metadata
from pekit_agents.introduction.processes import run_in_processes
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.wording.spelling import name_key

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageLimits
    from pekit_agents.memory import Memory

__all__ = [
    "IngestReport",
    "Job",
    "Result",
    "extract_job",
    "find_jobs",
    "ingest",
    "read_metadata",
    "run_here",
    "run_in_processes",
]

_NAMESPACE = uuid.UUID("6a1f4b8e-5d0c-4c52-9a43-0e6c3a1b7d20")


def find_jobs(
    folder: str | os.PathLike[str],
    *,
    category: str,
    metadata: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Job]:
    """Return a job for each folder below ``folder``, by name.

    Folders whose names are one name in Unicode are one object, whichever machine wrote them. A
    folder without photos is a job without photos, so that the report can say so. Photos and movies
    that lie beside the folders come as a last job that is no object.

    Args:
        folder: Holds a folder for each object.
        category: What an object is when the metadata do not say.
        metadata: Category and context by the folders' names, whatever their case.

    Raises:
        InvalidInput: There is no such folder, it cannot be looked into, none below it has photos,
            or metadata are of an object without a folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInput(f"expected a folder with a folder for each object, found none: {folder}")
    try:
        places = sorted(p for p in folder.iterdir() if p.is_dir() and not is_hidden(p.name))
    except OSError as exc:
        raise InvalidInput(f"{folder} cannot be looked into: {exc.strerror}") from exc
    known = {name_key(name): said for name, said in (metadata or {}).items()}
    inside, left_out = _within(folder, places)
    named: dict[str, list[Path]] = {}
    for place in inside:
        named.setdefault(album_name(place.name), []).append(place)
    found = [
        _job(name, same, {"category": category, **_given(known.get(name_key(name), {}))})
        for name, same in named.items()
    ]
    missing = sorted(
        name for name in metadata or {} if name_key(name) not in set(map(name_key, named))
    )
    if missing or not any(job.photos for job in found):
        raise InvalidInput(_lost(folder, missing))
    return [*found, *_beside(folder, left_out)]


def ingest(
    memory: Memory,
    jobs: Iterable[Job],
    profile: str | Profile,
    *,
    workers: int = 1,
    run: Runner = run_in_processes,
    keep_crops: bool | None = None,
    limits: ImageLimits | None = None,
    progress: Callable[[Job], None] | None = None,
) -> IngestReport:
    """Remember many objects, and add the photos that are new to those that are there.

    Args:
        memory: Where to store them.
        jobs: What ``find_jobs`` returned.
        profile: The vision tools; for workers on other machines a name.
        workers: How many processes.
        run: How the workers run.
        keep_crops: Whether each view comes with a crop of its photo; None for what the kit that
            uses the memory says, and otherwise without.
        limits: What a photo may weigh; None for what the jobs say.
        progress: Called after each object, stored or not.

    Raises:
        InvalidInput: ``workers`` is less than 1.
        ProfileError: The profile is unknown, or one of its models cannot be run.
        MemoryStoreError: The memory cannot be written. What was stored is not lost, and the next
            run goes on from there.
    """
    if workers < 1:
        raise InvalidInput(f"expected at least 1 worker, found {workers}")
    tools = load_profile(profile) if isinstance(profile, str) else profile
    ingestion = Ingestion(
        memory,
        tools.discriminant,
        keep_crops=memory.keep_crops if keep_crops is None else keep_crops,
        most=MAX_VIEWS,
        progress=progress,
    )
    if limits is not None:
        jobs = (replace(job, limits=limits) for job in jobs)
    todo = ((job, profile) for job in ingestion.ahead(jobs))
    for result in run(todo, workers):
        ingestion.store(result)
    return ingestion.report


def _within(folder: Path, places: list[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Return the folders of objects, and what is none: links back to where objects are, others'."""
    inside, left_out = [], []
    root = folder.resolve()
    for place in places:
        if why := why_no_album(place.name):
            left_out.append((place, why))
            continue
        if place.is_symlink():
            target = place.resolve()
            if target.is_relative_to(root) or root.is_relative_to(target):
                left_out.append((place, "a link to a folder that holds other objects"))
                continue
        inside.append(place)
    return inside, left_out


def _lost(folder: Path, missing: list[str]) -> str:
    """Say why there is nothing to do: objects without a folder, or no folder with photos."""
    asked = f"expected a folder of photos for each object in {folder}, found"
    if missing:
        return f"{asked} none for {missing[:5]}"
    if list_photos(folder, deep=False).photos:
        return (
            f"{asked} photos in it directly: if it is one object's, give the folder that it is in; "
            "else make a folder for each object"
        )
    return f"{asked} none with photos"


def _given(said: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in said.items() if text}


def _job(name: str, places: list[Path], said: Mapping[str, str]) -> Job:
    """Return the job of a name (NFC) with all photos of its folders."""
    albums = [list_photos(place.resolve() if place.is_symlink() else place) for place in places]
    photos = [photo for album in albums for photo in album.photos]
    left_out = [
        (path, f"{why} with a folder: remember or add it by itself" if why == MOVIE else why)
        for album in albums
        for path, why in album.left_out
    ]
    if not photos:
        left_out.append((places[0], "there is no photo in it"))
    # As earlier versions took the name: as a Mac writes it, or with the bytes of another time.
    earlier = unicodedata.normalize("NFD", name)
    earlier = next((p.name for p in places if not _is_unicode(p.name)), earlier)
    return make_job(
        _id(name),
        name,
        photos,
        category=said["category"],
        context=said.get("context", ""),
        left_out=left_out,
        earlier_id=_id(earlier),
    )


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _id(name: str) -> str:
    # A name that is no Unicode, from a disk of another time, has an id as well.
    return uuid.uuid5(_NAMESPACE, name.encode(errors="backslashreplace").decode()).hex


def _beside(folder: Path, left_out: list[tuple[Path, str]]) -> Iterator[Job]:
    """Yield a job that is no object for what lies beside the folders."""
    album = list_photos(folder, deep=False)
    left_out += [(photo, "it is in no object's folder") for photo in album.photos]
    left_out += album.left_out
    if left_out:
        yield Job("", folder.name, "", "", (), left_out=tuple(sorted(left_out)))
