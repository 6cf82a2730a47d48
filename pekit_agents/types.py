"""The records that travel between the stages.

Boxes are xyxy in pixels of the upright (EXIF-corrected) image, origin top left, ``x1`` and
``y1`` exclusive. All records are frozen; those that hold arrays or images compare by identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    FloatArray: TypeAlias = NDArray[np.float32]
    RGBImage: TypeAlias = Image.Image

__all__ = ["Box", "Mask", "Match", "PersonalObject", "Prompt", "Proposal", "View"]


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


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One reference view of an object (a column of E_p, paper Eq. 2).

    Attributes:
        vector: (D,) float32 of unit length.
        proposal: The region that was pooled, in pixels of its photo.
    """

    vector: FloatArray
    proposal: Proposal


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
    """

    object_id: str
    name: str
    category: str
    context: str
    n_views: int
    created_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "object_id": self.object_id,
            "name": self.name,
            "category": self.category,
            "context": self.context,
            "n_views": self.n_views,
            "created_at": self.created_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Match:
    """One sighting of a personal object in a photo (paper 3.3).

    Attributes:
        object: The remembered object.
        box: Where it is.
        score: Similarity to the object's views, a cosine in [-1, 1].
    """

    object: PersonalObject
    box: Box
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values; the box is rounded to a tenth of a pixel."""
        return {
            "object_id": self.object.object_id,
            "name": self.object.name,
            "category": self.object.category,
            "box_xyxy": [round(edge, 1) for edge in self.box.xyxy],
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What any LVLM needs to answer about personal objects (paper 3.4).

    Attributes:
        image: The picture to send: annotated when objects were recognised, else the plain one.
        text: The instruction and the question; without a match the bare question.
        matches: The sightings the prompt speaks of.
    """

    image: RGBImage
    text: str
    matches: tuple[Match, ...] = field(default=())
