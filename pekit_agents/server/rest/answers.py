"""What is answered about things, views and pictures, as named schemas of the OpenAPI."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject, StoredView

__all__ = [
    "HANDLE",
    "AdviceOnPhoto",
    "KeptPicture",
    "Me",
    "NewViews",
    "ObjectPage",
    "ObjectsForgotten",
    "ObjectsNow",
    "PicturePage",
    "ProblemDetails",
    "RememberedObject",
    "RememberedView",
    "StoredObject",
    "ViewList",
    "revision_of",
]

_OBJECT: JsonDict = {
    "object_id": "6a1f0c5e0c7d4f0e9f0a9d4a53a2a1b7",
    "name": "Biscuit",
    "category": "dog",
    "context": "A corgi. Eats shoes.",
    "n_views": 3,
    "created_at": "2026-05-01T09:30:00+00:00",
    "n_negatives": 0,
    "revision": "0f3a6c1d9b2e4f58",
}
#: A handle as examples show one.
HANDLE = "img_9f86d081884c7d659a2feaa0c55ad015"


class ProblemDetails(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:pekit-agents:problem:not-found",
                    "title": "No such thing",
                    "status": 404,
                    "detail": 'expected the name or id of a remembered object, found "Rex"',
                }
            ]
        },
    )

    type: str = Field(description="What it is, for programs; it stays the same.")
    title: str = Field(description="The same in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was expected, what was found and what to do about it.")


class RememberedObject(BaseModel):
    """A thing that is remembered."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OBJECT]})

    object_id: str = Field(description="Its id; it stays when it is renamed.")
    name: str = Field(description="What its owner calls it.")
    category: str = Field(description="What it is in general words.")
    context: str = Field(description="What to know about it when answering; may be empty.")
    n_views: int = Field(description="How many photos of it are remembered, as vectors.")
    created_at: datetime = Field(description="When it was first remembered.")
    n_negatives: int = Field(description="How many looks of other things it is known not to be.")
    revision: str = Field(description="Another one after every change; the `ETag` holds it.")

    @classmethod
    def of(cls, obj: PersonalObject) -> RememberedObject:
        """Return an object as it is answered."""
        return cls(revision=revision_of(obj), **_known(obj))


class AdviceOnPhoto(BaseModel):
    """Something to know about the photos that were just given."""

    photo: int = Field(description="Which photo, from 1; 0 for all of them.")
    kind: Literal["duplicate", "outlier", "blurred", "small", "poor", "more"]
    text: str = Field(description="The same in words, with what to do about it.")


class StoredObject(RememberedObject):
    """A thing that photos were just given of."""

    advice: list[AdviceOnPhoto] = Field(
        default_factory=list, description="What to know about the photos."
    )

    @classmethod
    def with_advice(cls, obj: PersonalObject, advice: Sequence[dict[str, Any]]) -> StoredObject:
        """Return an object as it is answered, with advice."""
        return cls(
            revision=revision_of(obj),
            advice=[AdviceOnPhoto(**each) for each in advice],
            **_known(obj),
        )


class NewViews(BaseModel):
    """What came of further photos of a thing."""

    object: StoredObject
    added: int = Field(description="How many were remembered.")


class ObjectsForgotten(BaseModel):
    """What was forgotten for good."""

    object_id: str
    name: str


class ObjectsNow(BaseModel):
    """The things that a request was about, as they are now."""

    objects: list[RememberedObject]


class ObjectPage(BaseModel):
    """Some of the things that are remembered, the oldest first."""

    objects: list[RememberedObject]
    total: int = Field(description="How many there are on all pages.")
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class RememberedView(BaseModel):
    """A view of a thing: one of its reference photos, as it is remembered."""

    view_id: str = Field(examples=["3f0c5d9a1b2e"])
    added_at: datetime | None
    has_crop: bool = Field(description="Whether a small picture of it is kept.")

    @classmethod
    def of(cls, view: StoredView) -> RememberedView:
        """Return a view as it is answered."""
        return cls(**view.to_dict())


class ViewList(BaseModel):
    """All views of a thing, the oldest first."""

    views: list[RememberedView]


class KeptPicture(BaseModel):
    """A picture that was sent and is kept for now."""

    picture: str = Field(description="Its handle.", examples=[HANDLE])
    came_at: datetime = Field(description="When it came.")


class PicturePage(BaseModel):
    """Some of the pictures that came last, the newest first."""

    pictures: list[KeptPicture]
    total: int = Field(description="How many there are on all pages.")
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class Me(BaseModel):
    """Whose memory a token reaches, and what the server does."""

    user_id: str
    objects: int = Field(description="How many things are remembered.")
    pictures: int = Field(description="How many of the pictures that were sent are kept for now.")
    waiting_for_review: int = Field(description="How many doubtful matches wait for a decision.")
    keeps_crops: bool = Field(description="Whether views keep a small picture from now on.")
    strictness: Literal["recall", "balanced", "precision"] | float | None = Field(
        description="How sure a match has to be to be named; null for the profile's own."
    )
    answers: bool = Field(description="Whether a model is set up that answers `describe`.")
    folders: bool = Field(description="Whether folders of the server may be named by this user.")
    max_photo_bytes: int = Field(description="The largest photo in bytes.")
    max_request_bytes: int = Field(description="The largest request in bytes.")


def revision_of(obj: PersonalObject) -> str:
    """Return a text that is another one whenever what is answered about an object is."""
    told = json.dumps(_known(obj), sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _known(obj: PersonalObject) -> dict[str, Any]:
    return {key: value for key, value in obj.to_dict().items() if key != "advice"}
