"""The review queue: doubtful matches that a user wants to decide on later.

Nothing enters it by itself. An item holds the region's vector, a small picture of it unless that
is not wanted, and the caller's own label for the photo; forgetting an object removes every item
that names it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.introduction.crops import crop_of
from pekit_agents.kit.arguments import a_finding, a_text
from pekit_agents.types import Box, Candidate, Crop, Doubt, Match

if TYPE_CHECKING:
    from pekit_agents.kit.corrections import Corrections
    from pekit_agents.memory import Memory
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import PersonalObject

__all__ = ["ReviewItem", "ReviewQueue"]

_ID_LENGTH = 12
# What earlier versions called a reason.
_RENAMED = {"near": "possible"}


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A match that waits for a decision.

    Attributes:
        review_id: Its identity within the queue.
        doubt: The match and why it is doubtful; its objects are as they are called now.
        label: What the caller called the photo.
        kept_at: When it was kept (UTC).
        picture: A JPEG of the region with a margin; None where none was wanted.
    """

    review_id: str
    doubt: Doubt
    label: str
    kept_at: datetime
    picture: bytes | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values, without the picture."""
        return {
            "review_id": self.review_id,
            "reason": self.doubt.reason,
            "label": self.label,
            "kept_at": self.kept_at.isoformat(),
            "has_picture": self.picture is not None,
            "match": self.doubt.match.to_dict(),
        }


class ReviewQueue:
    """Doubtful matches of one user, on disk until they are decided on.

    Args:
        kit: Learns what is decided.
        memory: Whose objects they are, and beside which they lie.
        keep_crops: Whether a view that is confirmed keeps its picture.
    """

    def __init__(self, kit: Corrections, memory: Memory, *, keep_crops: bool) -> None:
        self._kit, self._memory, self._keep_crops = kit, memory, keep_crops

    def keep(self, finding: Finding, *, label: str = "", pictures: bool = True) -> list[ReviewItem]:
        """Keep the doubtful matches of a finding; what is kept already is kept once.

        Args:
            finding: What :meth:`PeKit.find` returned.
            label: The caller's name for the photo.
            pictures: Whether a small picture of each region is kept, to decide by.

        Returns:
            What is kept of it.
        """
        items = []
        for doubt in a_finding(finding).to_review():
            match = doubt.match
            crop = match.crop
            if pictures:
                crop = crop or crop_of(finding, match.region)
            entry = self._entry(doubt, label, crop if pictures else None)
            digest = hashlib.sha256(f"{label}/{entry['vector']}".encode()).hexdigest()
            self._memory.keep_for_review(digest[:_ID_LENGTH], entry)
            items.append(digest[:_ID_LENGTH])
        kept = {item.review_id: item for item in self.list()} if items else {}
        return [kept[review_id] for review_id in items if review_id in kept]

    def list(self) -> list[ReviewItem]:
        """Return what waits for a decision, the oldest first.

        Items that name something which is not remembered any more, or that are of another
        encoder, are removed.
        """
        objects = {obj.object_id: obj for obj in self._memory.objects()}
        items = []
        for review_id, entry in self._memory.review.all().items():
            try:
                items.append(self._item(review_id, entry, objects))
            except (KeyError, TypeError, ValueError):
                self._memory.review.remove(review_id)
        return sorted(items, key=lambda item: (item.kept_at, item.review_id))

    def confirm(self, review_id: str, object: str | None = None) -> PersonalObject:
        """Decide that an item is right, or which object it is; see :meth:`PeKit.confirm`.

        Raises:
            ObjectNotFound: There is no such item or object.
            InvalidInput: It is ambiguous and ``object`` does not say which it is.
        """
        obj = self._kit.confirm(self._get(review_id).doubt.match, object)
        self.dismiss(review_id)
        return obj

    def reject(self, review_id: str) -> Sequence[PersonalObject]:
        """Decide that an item is nothing that it was taken for; see :meth:`PeKit.reject`.

        Raises:
            ObjectNotFound: There is no such item.
        """
        objects = self._kit.reject(self._get(review_id).doubt.match)
        self.dismiss(review_id)
        return objects

    def dismiss(self, review_id: str) -> None:
        """Remove an item and learn nothing.

        Raises:
            ObjectNotFound: There is no such item.
        """
        self._memory.review.remove(self._get(review_id).review_id)

    def clear(self) -> None:
        """Remove all items and learn nothing."""
        for review_id in self._memory.review.all():
            self._memory.review.remove(review_id)

    def _get(self, review_id: str) -> ReviewItem:
        a_text("the id of an item", review_id)
        for item in self.list():
            if item.review_id == review_id:
                return item
        raise ObjectNotFound(
            f'expected an item of the review queue, found none with the id "{review_id}"; it may '
            "have been decided on already, or its object forgotten"
        )

    def _entry(self, doubt: Doubt, label: str, crop: Crop | None) -> dict[str, Any]:
        match = doubt.match
        if match.vector is None:
            raise InvalidInput(
                "expected matches with vectors, as find() returns them, found one without; search "
                "the photo again"
            )
        return {
            "encoder_id": self._memory.encoder_id,
            "reason": doubt.reason,
            "label": label,
            "kept_at": datetime.now(UTC).isoformat(),
            "objects": [obj.object_id for obj in match.candidates],
            "scores": [match.score, *(other.score for other in match.alternatives)],
            "probabilities": [
                match.probability,
                *(other.probability for other in match.alternatives),
            ],
            "box": list(match.box.xyxy),
            "region": match.region,
            "vector": base64.b64encode(match.vector.tobytes()).decode(),
            "crop": None
            if crop is None
            else [base64.b64encode(part).decode() for part in (crop.picture, crop.mask)],
        }

    def _item(
        self, review_id: str, entry: dict[str, Any], objects: dict[str, PersonalObject]
    ) -> ReviewItem:
        if entry["encoder_id"] != self._memory.encoder_id:
            raise ValueError(entry["encoder_id"])
        reason = _RENAMED.get(entry["reason"], entry["reason"])
        candidates = zip(entry["objects"], entry["scores"], _probabilities(entry), strict=True)
        first, *others = [
            Candidate(objects[object_id], score, probability)
            for object_id, score, probability in candidates
        ]
        parts = [base64.b64decode(part) for part in entry["crop"] or ()]
        crop = Crop(*parts) if parts else None
        match = Match(
            first.object,
            Box(*entry["box"]),
            first.score,
            first.probability,
            alternatives=tuple(others),
            possible=reason == "possible",
            vector=np.frombuffer(base64.b64decode(entry["vector"]), np.float32),
            crop=crop if self._keep_crops else None,
            region=entry["region"],
        )
        doubt = Doubt(match, reason)
        kept_at = datetime.fromisoformat(entry["kept_at"])
        picture = None if crop is None else crop.picture
        return ReviewItem(review_id, doubt, entry["label"], kept_at, picture)


def _probabilities(entry: dict[str, Any]) -> Sequence[float | None]:
    """Return those of all that an item may be.

    Earlier versions noted one for all of them together.
    """
    if "probabilities" in entry:
        return list(entry["probabilities"])
    objects = entry["objects"]
    return [entry["probability"]] if len(objects) == 1 else [None] * len(objects)
