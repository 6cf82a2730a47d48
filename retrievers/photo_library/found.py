"""What a search of a library returns: ``FoundPhoto``, and ``FoundClip``, which has times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pekit_agents.types import Match

__all__ = ["FoundClip", "FoundPhoto", "InClip", "Span"]

#: From when to when, in seconds from the beginning of a clip.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A photo of the library and the objects that were looked for.

    Attributes:
        photo_id: The caller's name for it.
        size_wh: Width and height of the upright photo in pixels.
        matches: Where the objects that were looked for are named, the surest first.
        score: The score of the least sure object that was looked for; where one of several is
            enough, of the surest.
        possible: Where something may be one of the objects that were looked for.
        probability: The probability of the object whose score that is, in [0, 1]; None where the
            profile knows no probabilities.
        passed_over: Words of the text that were not looked for in the photo.
    """

    photo_id: str
    size_wh: tuple[int, int]
    matches: tuple[Match, ...]
    score: float
    possible: tuple[Match, ...] = ()
    probability: float | None = None
    passed_over: tuple[str, ...] = ()

    @property
    def kind(self) -> Literal["photo", "clip"]:
        """Whether it is a photo, or a :class:`FoundClip`."""
        return "photo"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "kind": self.kind,
            "photo_id": self.photo_id,
            "size_wh": list(self.size_wh),
            "matches": [match.to_dict() for match in self.matches],
            "possible": [match.to_dict() for match in self.possible],
            "score": round(self.score, 4),
            "probability": None if self.probability is None else round(self.probability, 4),
            "passed_over": list(self.passed_over),
        }


@dataclass(frozen=True, slots=True)
class InClip:
    """When one object is in a clip, as far as the searched frames tell.

    Attributes:
        match: The object in the frame that shows it best, with its box there, in pixels of the
            upright clip.
        time: When that frame is, in seconds from the beginning of the clip.
        spans: From when to when it is in sight, in seconds, in order.
    """

    match: Match
    time: float
    spans: tuple[Span, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        about = self.match.to_dict()
        del about["region"]  # of a frame that nobody has
        return {**about, "time": round(self.time, 3), "spans": _rounded(self.spans)}


@dataclass(frozen=True, slots=True)
class FoundClip(FoundPhoto):
    """A clip of the library, and when the objects that were looked for are in it.

    It shows all of them, and not necessarily at the same time. Its matches and possible matches
    are those of :attr:`times`: each has its box in a frame of its own.

    Attributes:
        times: When each object is in the clip; first those that are named. An object that is named
            at one time and only possible at another comes twice.
        together: From when to when all that was looked for is in sight at the same time, named or
            possible; empty where it never is.
    """

    times: tuple[InClip, ...] = ()
    together: tuple[Span, ...] = ()

    @property
    def kind(self) -> Literal["photo", "clip"]:
        """That it is a clip."""
        return "clip"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values: times instead of the matches of a photo."""
        about = FoundPhoto.to_dict(self)
        del about["matches"], about["possible"]
        return {
            **about,
            "times": [each.to_dict() for each in self.times],
            "together": _rounded(self.together),
        }


def _rounded(spans: tuple[Span, ...]) -> list[list[float]]:
    return [[round(start, 3), round(end, 3)] for start, end in spans]
