"""The records that travel between the stages.

Boxes are xyxy in pixels of the upright (EXIF-corrected) image, origin top left, ``x1`` and
``y1`` exclusive. All records are frozen; those that hold arrays or images compare by identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    FloatArray: TypeAlias = NDArray[np.float32]
    ByteArray: TypeAlias = NDArray[np.int8]
    RGBImage: TypeAlias = Image.Image

__all__ = [
    "Advice",
    "Box",
    "Candidate",
    "Crop",
    "Details",
    "Doubt",
    "Mask",
    "Match",
    "OnConflict",
    "PersonalObject",
    "Prompt",
    "Proposal",
    "StoredView",
    "View",
]


#: What to do with an imported object whose id or name is taken: raise, leave it out, put it in
#: place of the one that is there, or give it another id and a name with a number.
OnConflict: TypeAlias = Literal["error", "skip", "replace", "rename"]


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """An axis-aligned rectangle, xyxy, in pixels of the upright image.

    Attributes:
        x0: Left edge.
        y0: Top edge.
        x1: Right edge, exclusive; greater than ``x0``.
        y1: Bottom edge, exclusive; greater than ``y0``.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The four edges as a plain tuple."""
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def pixels(self) -> tuple[int, int, int, int]:
        """The smallest whole-pixel rectangle that holds the box, for cropping."""
        return (floor(self.x0), floor(self.y0), ceil(self.x1), ceil(self.y1))


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A soft mask: how much of each cell of a raster belongs to the object.

    The raster may be as fine as the image or as coarse as a patch grid; ``frame`` says which
    rectangle of the image it covers, edge to edge.

    Attributes:
        values: (h, w) float32 in [0, 1].
        frame: The rectangle of the image that ``values`` covers.
    """

    values: FloatArray
    frame: Box


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A region of a photo that may hold one object (the paper's S_p and o_i).

    Attributes:
        box: Its bounding box.
        score: How object-like it is, in [0, 1]; comparable within one proposer only.
        mask: Its mask; None means the whole box.
        window: The crop of the photo in which the region was seen best and is to be encoded;
            None means the whole photo.
    """

    box: Box
    score: float
    mask: Mask | None = None
    window: Box | None = None


@dataclass(frozen=True, slots=True)
class Crop:
    """What is kept of a reference photo where that is asked for: enough to embed it anew.

    Attributes:
        picture: A JPEG of the object with a margin, at most 512 px a side, without metadata.
        mask: A grey PNG that covers ``picture`` edge to edge, 255 on the object.
    """

    picture: bytes = field(repr=False)
    mask: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """What a region looks like patch by patch: what its one vector averages away.

    The order of the patches says nothing of where they are.

    Attributes:
        codes: (C, W) int8: a short code of each patch's features; the cosine of two codes is
            about that of the features.
        colours: (C, 2) int8: each patch's a* and b* of CIELAB.
        weights: (C,) int8 from 1 to 127: how much of each patch is the object.
    """

    codes: ByteArray = field(repr=False)
    colours: ByteArray = field(repr=False)
    weights: ByteArray = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One reference view of an object (a column of E_p, paper Eq. 2).

    Attributes:
        vector: (D,) float32 of unit length.
        proposal: The region that was pooled, in pixels of its photo.
        crop: What is kept of the photo; None where nothing is.
        sharpness: How sharp the object is in it, see
            :func:`pekit_agents.introduction.quality.sharpness`; None where that cannot be told.
        details: The object patch by patch; None where the profile does not describe it.
    """

    vector: FloatArray
    proposal: Proposal
    crop: Crop | None = None
    sharpness: float | None = None
    details: Details | None = None


@dataclass(frozen=True, slots=True)
class StoredView:
    """A view as it lies in the memory.

    Attributes:
        view_id: Its identity within the object: random, or made from the bytes of its photo.
        added_at: When it was stored (UTC); None if that was not noted.
        crop: What was kept of its photo; None unless crops are kept.
        details: The object patch by patch; None where that was not noted.
    """

    view_id: str
    added_at: datetime | None
    crop: Crop | None = None
    details: Details | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, without the pictures."""
        return {
            "view_id": self.view_id,
            "added_at": None if self.added_at is None else self.added_at.isoformat(),
            "has_crop": self.crop is not None,
        }


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to know about the reference photos that were just given.

    Attributes:
        photo: Which photo, from 1; 0 for all of them, and for a clip as a whole. Each frame that
            was picked from a clip counts as a photo.
        kind: It adds nothing to another (``"duplicate"``), resembles none of the others
            (``"outlier"``), is ``"blurred"``, shows the object too ``"small"`` or in another way
            badly (``"poor"``); or ``"more"`` photos would help.
        text: The same in words, with what to do about it.
    """

    photo: int
    kind: Literal["duplicate", "outlier", "blurred", "small", "poor", "more"]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {"photo": self.photo, "kind": self.kind, "text": self.text}


@dataclass(frozen=True, slots=True)
class PersonalObject:
    """A remembered object: (n_p, c_p) of the paper's Eq. 3, without its vectors.

    Attributes:
        object_id: Stable identity, unique within a user's memory.
        name: What its owner calls it.
        category: What it is ("dog", "coffee mug").
        context: Anything to know about it when answering; may be empty.
        n_views: How many reference views are stored.
        created_at: When it was first remembered (UTC).
        n_negatives: How many looks of other things are stored, which it is not.
        advice: What to know about the photos that were just given; not stored, and empty in an
            object that was looked up.
    """

    object_id: str
    name: str
    category: str
    context: str
    n_views: int
    created_at: datetime
    n_negatives: int = 0
    advice: tuple[Advice, ...] = field(default=(), compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "object_id": self.object_id,
            "name": self.name,
            "category": self.category,
            "context": self.context,
            "n_views": self.n_views,
            "created_at": self.created_at.isoformat(),
            "n_negatives": self.n_negatives,
            **({"advice": [each.to_dict() for each in self.advice]} if self.advice else {}),
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object that a match may be as well.

    Attributes:
        object: The remembered object.
        score: As in :class:`Match`.
        probability: How likely it is this one, in [0, 1]; None where the profile knows no
            probabilities.
    """

    object: PersonalObject
    score: float
    probability: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "object_id": self.object.object_id,
            "name": self.object.name,
            "category": self.object.category,
            "score": round(self.score, 4),
            "probability": _rounded(self.probability),
        }


@dataclass(frozen=True, slots=True)
class Match:
    """A personal object in a photo, for certain or possibly (paper 3.3).

    Attributes:
        object: The remembered object; the likeliest one where it may be several.
        box: Where it is, xyxy in pixels: the box of the region, or of a larger one around it that
            is nearly as similar.
        score: How much the region speaks for the object: log-odds (natural logarithm) against
            another thing; with a profile that has no discriminant, the cosine to its most similar
            view.
        probability: How likely the region shows ``object``, in [0, 1]; None where the profile knows
            no probabilities.
        alternatives: Further objects that it may be, the likeliest first. With any the match is
            ambiguous: it is ``object`` or one of these.
        possible: Whether it is too improbable to be named: it *may be* the object, and asking its
            owner settles that. Such matches stand in ``Finding.possible``.
        vector: (D,) float32 of unit length: the region as it was compared, which a correction
            stores; None in a match that was not found but made.
        crop: A small picture of the region; None unless crops are kept.
        region: The number of the region among those that were compared, from 1; the same in
            every search of a photo, whatever is remembered, unless the proposer looks for what
            is remembered. 0 in a match that was not found but made.
        details: The region patch by patch, where it was compared with near twins that way.
        opinion: What an LVLM said when it was asked whether it is ``object``, see
            :meth:`PeKit.second_opinion`; None where it was not asked or did not answer.
    """

    object: PersonalObject
    box: Box
    score: float
    probability: float | None = None
    alternatives: tuple[Candidate, ...] = ()
    possible: bool = False
    vector: FloatArray | None = field(default=None, compare=False, repr=False)
    crop: Crop | None = field(default=None, compare=False, repr=False)
    region: int = field(default=0, compare=False)
    details: Details | None = field(default=None, compare=False, repr=False)
    opinion: Literal["yes", "no", "unsure"] | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether it may be one of several remembered objects."""
        return bool(self.alternatives)

    @property
    def certain(self) -> bool:
        """Whether it is named, and as one object."""
        return not (self.possible or self.alternatives)

    @property
    def candidates(self) -> tuple[PersonalObject, ...]:
        """Everything it may be, the likeliest first."""
        return (self.object, *(candidate.object for candidate in self.alternatives))

    @property
    def identity(self) -> str:
        """What it is or may be: equal for matches that say the same, whatever the order.

        A possible match of an object says something else than one that names it.
        """
        named = "|".join(sorted(obj.object_id for obj in self.candidates))
        return f"{named}?" if self.possible else named

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values; the box is rounded to a tenth of a pixel."""
        return {
            "object_id": self.object.object_id,
            "name": self.object.name,
            "category": self.object.category,
            "box_xyxy": [round(edge, 1) for edge in self.box.xyxy],
            "score": round(self.score, 4),
            "probability": _rounded(self.probability),
            "possible": self.possible,
            "or": [candidate.to_dict() for candidate in self.alternatives],
            "region": self.region,
            **({} if self.opinion is None else {"opinion": self.opinion}),
        }


@dataclass(frozen=True, slots=True)
class Doubt:
    """A match that somebody should look at.

    Attributes:
        match: The match.
        reason: It may be one of several (``"ambiguous"``), it was named but with some doubt
            (``"unsure"``), or it was too improbable to be named (``"possible"``).
    """

    match: Match
    reason: Literal["ambiguous", "unsure", "possible"]


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What any LVLM needs to answer about personal objects (paper 3.4).

    Attributes:
        image: The picture to send: annotated when objects were recognised, else the plain one.
        text: The instruction and the question; without a match the bare question.
        matches: What the prompt speaks of: what is named, and after it what is possible.
    """

    image: RGBImage
    text: str
    matches: tuple[Match, ...] = field(default=())


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, 3)
