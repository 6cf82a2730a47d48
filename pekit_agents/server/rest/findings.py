"""What is answered about what is in photos, as named schemas of the OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from pekit_agents.server.rest.answers import HANDLE, ProblemDetails, StoredObject

if TYPE_CHECKING:
    from pekit_agents.kit.review import ReviewItem
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.retrievers.photo_library import FoundPhoto

__all__ = [
    "Corrected",
    "Description",
    "FoundInPhoto",
    "IndexedLine",
    "IndexedPhotos",
    "LibraryHits",
    "LibraryPage",
    "NotIndexed",
    "PhotoHit",
    "PhotoLine",
    "PhotoResults",
    "PlacedMatch",
    "PossibleObject",
    "Prompted",
    "ReviewKept",
    "ReviewPage",
    "ReviewedMatch",
]

_BOX: list[JsonValue] = [20.0, 20.0, 80.0, 80.0]


class PossibleObject(BaseModel):
    """Another thing that a match may be as well."""

    object_id: str
    name: str
    category: str
    score: float
    probability: float | None


class PlacedMatch(BaseModel):
    """A thing of one's own in a photo, for certain or possibly."""

    model_config = ConfigDict(populate_by_name=True)

    object_id: str
    name: str
    category: str
    box_xyxy: list[float] = Field(
        min_length=4, max_length=4, description="Where, in pixels of the upright photo."
    )
    score: float = Field(description="How much the region speaks for it.")
    probability: float | None = Field(description="How likely it is; null where none is known.")
    possible: bool = Field(description="Whether it only may be the thing; ask the owner.")
    others: list[PossibleObject] = Field(
        alias="or", description="What else it may be, the likeliest first."
    )
    region: int = Field(description="The number to correct it by.")
    opinion: Literal["yes", "no", "unsure"] | None = None


class FoundInPhoto(BaseModel):
    """What a photo was found to hold; without a match nothing of one's own is in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "picture": HANDLE,
                    "size_wh": [160, 120],
                    "matches": [
                        {
                            "object_id": "6a1f0c5e0c7d4f0e9f0a9d4a53a2a1b7",
                            "name": "Biscuit",
                            "category": "dog",
                            "box_xyxy": _BOX,
                            "score": 7.1,
                            "probability": 0.998,
                            "possible": False,
                            "or": [],
                            "region": 1,
                        }
                    ],
                    "possible": [],
                    "proposals": 4,
                }
            ]
        }
    )

    picture: str | None = Field(description="The photo's handle; null where it is not kept.")
    size_wh: list[int] = Field(min_length=2, max_length=2, description="Of the upright photo.")
    matches: list[PlacedMatch] = Field(description="What is named, the surest first.")
    possible: list[PlacedMatch] = Field(description="What may be a thing of one's own.")
    denied: list[PlacedMatch] = Field(
        default_factory=list, description="What a model took for another thing."
    )
    proposals: int = Field(description="How many regions were compared.")

    @classmethod
    def of(cls, finding: Finding, picture: str | None) -> FoundInPhoto:
        """Return a finding as it is answered."""
        return cls.model_validate({"picture": picture, **finding.to_dict()})


class PhotoLine(BaseModel):
    """What came of one photo of several: what was found, or why it cannot be used."""

    photo: int = Field(description="Which photo, from 1.")
    name: str = Field(description="What it is called.", examples=["park.jpg"])
    found: FoundInPhoto | None = None
    problem: ProblemDetails | None = None


class IndexedLine(BaseModel):
    """What became of one photo of a folder that is indexed."""

    photo: int = Field(description="Which photo, from 1.")
    photo_id: str = Field(description="What the library calls it.")
    state: Literal["indexed", "skipped", "failed"]
    reason: str | None = Field(None, description="Why it failed.")


class PhotoResults(BaseModel):
    """What came of several photos."""

    results: list[PhotoLine]


class Prompted(BaseModel):
    """What any vision-language model needs to answer about one's things."""

    text: str = Field(description="The instruction and the question.")
    picture: str = Field(
        description="The picture to send along: with boxes and names where something was found.",
        examples=[HANDLE],
    )
    found: FoundInPhoto


class Description(BaseModel):
    """An answer, or the words and the picture to have one's own model answer."""

    answer: str | None = Field(description="Null where the server has no model.")
    prompt: str | None = Field(description="What to ask one's own model; null with an answer.")
    picture: str | None = Field(description="The picture it is about; null without one.")
    found: FoundInPhoto | None = None


class Corrected(BaseModel):
    """What was learnt from a correction."""

    learnt: bool = Field(description="False where it was known already.")
    object: StoredObject
    regions: list[int] = Field(description="The numbers of the regions that it was about.")


class ReviewedMatch(BaseModel):
    """A doubtful match that waits for a decision."""

    review_id: str
    reason: Literal["ambiguous", "unsure", "possible"]
    label: str = Field(description="What the photo was called when it was kept.")
    kept_at: datetime
    has_picture: bool
    match: PlacedMatch

    @classmethod
    def of(cls, item: ReviewItem) -> ReviewedMatch:
        """Return an item as it is answered."""
        return cls.model_validate(item.to_dict())


class ReviewKept(BaseModel):
    """What was kept of a photo to be decided on later."""

    items: list[ReviewedMatch]


class ReviewPage(BaseModel):
    """Some of what waits for a decision, the oldest first."""

    items: list[ReviewedMatch]
    total: int = Field(description="How many there are on all pages.")
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class NotIndexed(BaseModel):
    """A photo that is not in the library, and why."""

    photo_id: str
    reason: str


class IndexedPhotos(BaseModel):
    """What became of photos that were to be indexed."""

    indexed: int = Field(description="How many were encoded and stored.")
    skipped: int = Field(description="How many were there already, unchanged.")
    failed: list[NotIndexed]


class TimesInClip(BaseModel):
    """When an object is in a clip of the library, in seconds from its beginning."""

    object_id: str
    name: str
    possible: bool
    time: float = Field(description="Of the frame that shows it best.")
    box_xyxy: list[float] = Field(min_length=4, max_length=4)
    spans: list[tuple[float, float]] = Field(description="From when to when it is in sight.")


class PhotoHit(BaseModel):
    """A photo of the library that shows, or may show, what was asked for."""

    photo_id: str
    size_wh: list[int] = Field(min_length=2, max_length=2)
    matches: list[PlacedMatch]
    possible: list[PlacedMatch]
    score: float
    probability: float | None
    kind: Literal["photo", "clip"] = Field(description="Matches of a clip have times.")
    times: list[TimesInClip] = Field(description="When each object is in a clip; [] of a photo.")
    together: list[tuple[float, float]] = Field(
        description="From when to when all is in sight in a clip, in seconds; [] of a photo."
    )

    @classmethod
    def of(cls, photo: FoundPhoto) -> PhotoHit:
        """Return a photo as it is answered."""
        return cls.model_validate(
            {
                "photo_id": photo.photo_id,
                "size_wh": list(photo.size_wh),
                "matches": [match.to_dict() for match in photo.matches],
                "possible": [match.to_dict() for match in photo.possible],
                "score": round(photo.score, 4),
                "probability": photo.probability,
                "kind": photo.kind,
                "times": photo.to_dict().get("times", []),
                "together": photo.to_dict().get("together", []),
            }
        )


class LibraryHits(BaseModel):
    """The photos that show what was asked for, the surest first."""

    photos: list[PhotoHit]
    passed_over: list[str] = Field(description="Words of the text that were not looked for.")


class LibraryPage(BaseModel):
    """Some of the photos in the library, in alphabetical order."""

    photo_ids: list[str]
    total: int = Field(description="How many there are on all pages.")
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")
