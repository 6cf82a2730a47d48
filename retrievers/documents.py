"""Matches, objects and photos as documents: a text and flat metadata, for any framework."""

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
    from pekit_agents.retrievers.photo_library.found import FoundPhoto
    from pekit_agents.types import Match, PersonalObject

__all__ = ["PersonalDocument", "of_matches", "of_objects", "of_photos", "of_unknown"]

#: What metadata may hold: it is stored as JSON by some frameworks, and filtered on by others.
Primitive: TypeAlias = str | int | float | bool
_CERTAINTIES = ("certain", "ambiguous", "possible")


@dataclass(frozen=True, slots=True)
class PersonalDocument:
    """What a retriever returns.

    Attributes:
        id: ``<object id>:<number>``, ``photo:<photo id>``, or ``unknown:<number>``.
        text: It stands alone: names, categories, notes, places.
        metadata: Flat; pictures by handle, boxes as ``x0``, ``y0``, ``x1`` and ``y1`` in pixels.
            Of a match and of a photo ``certainty`` is "certain", "ambiguous" or "possible", and
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


def _times(photo: FoundPhoto) -> list[str]:
    """Return from when to when each object is in a clip; nothing for a photo."""
    return [
        f'"{each.match.object.name}" is in sight '
        + ", ".join(f"{clock(start)}-{clock(end)}" for start, end in each.spans)
        for each in (photo.times if isinstance(photo, FoundClip) else ())
    ]


def of_photos(photos: Sequence[FoundPhoto]) -> list[PersonalDocument]:
    """Return a document for each photo or clip of a library.

    Args:
        photos: What a search returned. A photo is as certain as its least certain match.
    """
    return [
        PersonalDocument(
            id=f"photo:{photo.photo_id}",
            text="\n".join(
                [
                    *(
                        replies.sighting(match, photo.size_wh)
                        for match in (*photo.matches, *photo.possible)
                    ),
                    *_times(photo),
                    *_not_looked_for(photo.passed_over),
                ]
            ),
            metadata={
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
                **({"times": "; ".join(_times(photo))} if photo.kind == "clip" else {}),
            },
        )
        for photo in photos
    ]


def _not_looked_for(words: Sequence[str]) -> list[str]:
    if not words:
        return []
    return [f"Not looked for in the photo, since nothing is called so: {listed(words)}."]


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
