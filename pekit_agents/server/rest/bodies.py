"""What requests hold: photos with what is said about them, as named schemas of the OpenAPI.

The same models read JSON, where a photo is base64, and forms, where it is a file.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.owner_text import NAME_LIMIT, QUESTION_LIMIT
from pekit_agents.types import OnConflict

__all__ = [
    "MOST_PHOTOS",
    "AboutPhoto",
    "Archive",
    "Body",
    "Correction",
    "Decision",
    "FolderOfServer",
    "Introduction",
    "KeepForReview",
    "KeptPhoto",
    "LibraryPhoto",
    "LibraryPhotos",
    "Merge",
    "MorePhotos",
    "NewPicture",
    "ObjectChange",
    "PointedOut",
    "Question",
    "Search",
    "SearchMany",
    "SentPhoto",
]

#: The most photos in one request: as many as one thing may have views.
MOST_PHOTOS = MAX_VIEWS

_Name = Field(description="What its owner calls it.", examples=["Biscuit"])
_Category = Field(description="What it is in general words.", examples=["dog"])
_Context = Field(
    "", description="What to know about it when answering.", examples=["A corgi. Eats shoes."]
)


def _decoded(value: object) -> object:
    """Return the bytes of base64, with or without the head of a data URL."""
    if not isinstance(value, str):
        return value
    head, comma, rest = value.partition(",")
    text = rest if comma and head.startswith("data:") else value
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("expected a file as base64") from exc


FileBytes: TypeAlias = Annotated[
    bytes,
    BeforeValidator(_decoded),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]
Handle: TypeAlias = Annotated[
    str, Field(description="Its handle.", examples=["img_9f86d081884c7d659a2feaa0c55ad015"])
]
Mode: TypeAlias = Literal["auto", "fast", "scene"]
Strict: TypeAlias = (
    Literal["recall", "balanced", "precision"] | Annotated[float, Field(gt=0, le=1)] | None
)
_Mode = Field(None, description="How hard to look; the server's own if left out.")
_Strictness = Field(
    None,
    description="How sure a match has to be to be named: a word, or in which share of photos of "
    "other things of its kind something may be named.",
)


class Body(BaseModel):
    """What a request holds: nothing unknown."""

    model_config = ConfigDict(extra="forbid")


class SentPhoto(Body):
    """A photo that comes along."""

    data: FileBytes = Field(description="The photo's file as base64.")
    name: str = Field("", description="What errors call it.", examples=["biscuit.jpg"])


class KeptPhoto(Body):
    """A picture that was sent before."""

    picture: Handle


class PointedOut(Body):
    """Where the thing is in a photo."""

    box: Annotated[list[float], Field(min_length=4, max_length=4)] | None = Field(
        None,
        description="Where the thing is: x0, y0, x1, y1 in pixels of the upright photo. Without "
        "it, what stands out is taken.",
        examples=[[20, 20, 80, 80]],
    )


class SentReference(SentPhoto, PointedOut):
    """A photo of a thing that comes along."""


class KeptReference(KeptPhoto, PointedOut):
    """A picture of a thing that was sent before."""


class Introduction(Body):
    """A thing and photos of it."""

    name: str = _Name
    category: str = _Category
    context: str = _Context
    photos: list[SentReference | KeptReference] = Field(min_length=1, max_length=MOST_PHOTOS)


class MorePhotos(Body):
    """Further photos of a thing."""

    photos: list[SentReference | KeptReference] = Field(min_length=1, max_length=MOST_PHOTOS)


class ObjectChange(Body):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: str | None = Field(None, description="What its owner calls it now.", examples=["Bix"])
    category: str | None = Field(None, description="What it is in general words.")
    context: str | None = Field(None, description='The whole new note; "" removes it.')


class Merge(Body):
    """Which other thing is the same one."""

    other: str = Field(
        description="The id or name of the thing that is forgotten as such.", examples=["Bix"]
    )


class NewPicture(Body):
    """A photo to keep for now."""

    photo: SentPhoto


class Search(Body):
    """A photo to look into, and how."""

    photo: SentPhoto | KeptPhoto
    mode: Mode | None = _Mode
    strictness: Strict = _Strictness


class SearchMany(Body):
    """Photos to look into, and how."""

    photos: list[SentPhoto | KeptPhoto] = Field(min_length=1, max_length=MOST_PHOTOS)
    mode: Mode | None = _Mode
    strictness: Strict = _Strictness


class FolderOfServer(Body):
    """A folder on the server's machine."""

    folder: str = Field(
        description="Its path, below a folder that the server was started with (`--photos`).",
        examples=["holidays/2026"],
    )
    mode: Mode | None = _Mode
    strictness: Strict = _Strictness


class AboutPhoto(Body):
    """A photo and a question about it."""

    photo: SentPhoto | KeptPhoto
    question: str = Field(
        "", max_length=QUESTION_LIMIT, description="Empty asks for a caption.", examples=["Who?"]
    )
    mode: Mode | None = _Mode
    strictness: Strict = _Strictness


class Question(Body):
    """A question, about a photo or from what is remembered."""

    question: str = Field(max_length=QUESTION_LIMIT, examples=["What is Biscuit doing?"])
    photo: SentPhoto | KeptPhoto | None = None


class Correction(Body):
    """What is, or is not, in a picture."""

    picture: Handle
    object: str = Field(description="The id or name of the thing.", examples=["Biscuit"])
    verdict: Literal["is", "is_not"]
    region: int = Field(
        0, ge=0, description="The number of the match, as `find` gives it; 0 if only one fits."
    )
    mode: Mode | None = Field(None, description="The mode that `find` was asked for.")


class KeepForReview(Body):
    """A picture whose doubtful matches are to be decided on later."""

    picture: Handle
    label: str = Field("", max_length=NAME_LIMIT, description="Your name for it; else the handle.")
    mode: Mode | None = _Mode
    strictness: Strict = _Strictness


class Decision(Body):
    """What an item of the review queue shows."""

    object: str | None = Field(
        None,
        description="The id or name of the thing, if it is another one or may be several.",
        examples=["Biscuit"],
    )


class LibraryPhoto(Body):
    """A photo and your name for it."""

    data: FileBytes = Field(description="The photo's file as base64.")
    photo_id: str = Field(
        min_length=1, description="Unique in the library.", examples=["2026/walk.jpg"]
    )


class LibraryPhotos(Body):
    """Photos to index."""

    photos: list[LibraryPhoto] = Field(min_length=1, max_length=MOST_PHOTOS)
    mode: Mode | None = _Mode


class Archive(Body):
    """What an export wrote, and what to do with what is taken."""

    file: FileBytes = Field(description="The file as base64.")
    on_conflict: OnConflict = Field(
        "error",
        description="What to do with a thing whose name or id is taken: import nothing, leave it "
        "out, put it in place of the other, or give it another name.",
        examples=["rename"],
    )
