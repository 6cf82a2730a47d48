"""Matches, objects, photos and clips as documents: a text and flat metadata, for any framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pekit_agents.owner_text import NAME_LIMIT
from pekit_agents.prompting.from_memory import listed, unknown_names
from pekit_agents.retrievers.photo_library.found import FoundClip
from pekit_agents.tools import replies
from pekit_agents.video.clock import clock

if TYPE_CHECKING:
    from pekit_agents.retrievers.photo_library.found import FoundPhoto, Span
    from pekit_agents.types import Match, PersonalObject

__all__ = ["PersonalDocument", "of_matches", "of_objects", "of_photos", "of_unknown"]

#: What metadata may hold: it is stored as JSON by some frameworks, and filtered on by others.
Primitive: TypeAlias = str | int | float | bool
_CERTAINTIES = ("certain", "ambiguous", "possible")


@dataclass(frozen=True, slots=True)
class PersonalDocument:
    """What a retriever returns.

    Attributes:
        id: ``<object id>:<number>``, ``photo:<photo id>``, ``clip:<photo id>``, or
            ``unknown:<number>``.
        text: It stands alone: names, categories, notes, places.
        metadata: Flat; pictures by handle, boxes as ``x0``, ``y0``, ``x1`` and ``y1`` in pixels.
            Of a clip ``times`` are from when to when each object is in it, in the order of
            ``object_ids`` and then of ``possible_ids``: seconds, ``3.0-4.2,7.0-9.6 0.0-2.4``;
            ``best_times`` are when each is seen best, and ``together`` when all are in sight. Of a
            match, a photo and a clip ``certainty`` is "certain", "ambiguous" or "possible", and
            ``probability`` is in [0, 1]; it is left out where the profile knows none.
    """

    id: str
    text: str
    metadata: dict[str, Primitive]


def of_matches(
    matches: Sequence[Match], size_wh: tuple[int, int], *, annotated: str, image: str = ""
) -> list[PersonalDocument]:
    """Return a document for each match in one picture.

    Args:
        matches: The surest first.
        size_wh: The picture's width and height in pixels.
        annotated: Handle of the picture with the boxes drawn in.
        image: Handle of the picture; empty when it has none.
    """
    return [
        PersonalDocument(
            id=f"{match.object.object_id}:{index}",
            text=replies.sighting(match, size_wh),
            metadata={
                "kind": "sighting",
                **_known(match.object),
                **_boxed(match),
                "may_be": " ".join(obj.object_id for obj in match.candidates),
                "width": size_wh[0],
                "height": size_wh[1],
                "image": image,
                "annotated_image": annotated,
            },
        )
        for index, match in enumerate(matches)
    ]


def of_objects(
    hits: Sequence[tuple[PersonalObject, float]], doubtful: Sequence[str] = ()
) -> list[PersonalDocument]:
    """Return a document for each object that a text search found.

    Args:
        hits: Objects and their scores.
        doubtful: What may be a name in the question, and nothing is called so: each text says it.
    """
    return [
        PersonalDocument(
            id=f"{obj.object_id}:0",
            text="\n".join([replies.introduce(obj), *unknown_names(doubtful)]),
            metadata={"kind": "object", **_known(obj), "score": round(score, 4)},
        )
        for obj, score in hits
    ]


def of_unknown(names: Sequence[str]) -> list[PersonalDocument]:
    """Return a document that says so for each name in a question that nothing is called."""
    return [
        PersonalDocument(
            id=f"unknown:{index}",
            text=unknown_names([name])[0],
            metadata={
                "kind": "unknown",
                "object_id": "",
                "name": name[:NAME_LIMIT],
                "category": "",
                "context": "",
                "score": 0.0,
            },
        )
        for index, name in enumerate(names)
    ]


def of_photos(photos: Sequence[FoundPhoto]) -> list[PersonalDocument]:
    """Return a document for each photo and each clip of a library.

    Args:
        photos: What a search returned. A photo is as certain as its least certain match.
    """
    return [_of_clip(each) if isinstance(each, FoundClip) else _of_photo(each) for each in photos]


def _of_photo(photo: FoundPhoto) -> PersonalDocument:
    told = [replies.sighting(match, photo.size_wh) for match in (*photo.matches, *photo.possible)]
    return PersonalDocument(
        id=f"photo:{photo.photo_id}",
        text="\n".join([*told, *_not_looked_for(photo)]),
        metadata=_shown(photo),
    )


def _of_clip(clip: FoundClip) -> PersonalDocument:
    told = [
        f"{replies.sighting(each.match, clip.size_wh)} In the clip {_in_words(each.spans)}; this "
        f"is at {clock(each.time)}."
        for each in clip.times
    ]
    if len({each.match.identity for each in clip.times}) > 1:
        when = _in_words(clip.together) or "at no time"
        told.append(f"All that was asked for is in sight at once {when}.")
    return PersonalDocument(
        id=f"clip:{clip.photo_id}",
        text="\n".join([*told, *_not_looked_for(clip)]),
        metadata={
            **_shown(clip),
            "times": " ".join(_in_seconds(each.spans) for each in clip.times),
            "best_times": " ".join(f"{each.time:.1f}" for each in clip.times),
            "together": _in_seconds(clip.together),
        },
    )


def _shown(photo: FoundPhoto) -> dict[str, Primitive]:
    return {
        "kind": photo.kind,
        "photo_id": photo.photo_id,
        "object_ids": " ".join(match.object.object_id for match in photo.matches),
        "possible_ids": " ".join(match.object.object_id for match in photo.possible),
        "width": photo.size_wh[0],
        "height": photo.size_wh[1],
        **_sure(photo.score, photo.probability),
        "certainty": max(
            map(_certainty, (*photo.matches, *photo.possible)), key=_CERTAINTIES.index
        ),
    }


def _in_words(spans: Sequence[Span]) -> str:
    return ", ".join(f"from {clock(start)} to {clock(end)}" for start, end in spans)


def _in_seconds(spans: Sequence[Span]) -> str:
    return ",".join(f"{start:.1f}-{end:.1f}" for start, end in spans)


def _not_looked_for(photo: FoundPhoto) -> list[str]:
    words = photo.passed_over
    if not words:
        return []
    return [f"Not looked for in the {photo.kind}, since nothing is called so: {listed(words)}."]


def _known(obj: PersonalObject) -> dict[str, Primitive]:
    return {
        "object_id": obj.object_id,
        "name": obj.name,
        "category": obj.category,
        "context": obj.context,
    }


def _boxed(match: Match) -> dict[str, Primitive]:
    edges = zip(("x0", "y0", "x1", "y1"), match.box.xyxy, strict=True)
    return {
        **_sure(match.score, match.probability),
        "certainty": _certainty(match),
        **{name: round(edge, 1) for name, edge in edges},
    }


def _sure(score: float, probability: float | None) -> dict[str, Primitive]:
    known = {} if probability is None else {"probability": round(probability, 4)}
    return {"score": round(score, 4), **known}


def _certainty(match: Match) -> str:
    if match.possible:
        return "possible"
    return "ambiguous" if match.ambiguous else "certain"
