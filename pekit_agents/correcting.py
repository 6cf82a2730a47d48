"""Learning from corrections: what a kit does when its user says "yes, that is Rex" or "no".

A confirmed region becomes a view of its object; a rejected one becomes a *negative* of it. From
the next search on, a region that is more alike to a negative of an object than its score for
that object is not that object: the next best may have it, or nobody. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import InvalidInput
from pekit_agents.introduction import MAX_VIEWS, Progress, extract_views

if TYPE_CHECKING:
    from pekit_agents.images import ImageSource
    from pekit_agents.memory import Memory
    from pekit_agents.profiles import Profile
    from pekit_agents.types import FloatArray, Match, PersonalObject
    from pekit_agents.views import Reference

__all__ = ["Correcting"]


class Correcting:
    """The part of :class:`~pekit_agents.kit.PeKit` that learns from its user's corrections.

    All methods may be repeated: what is known already adds nothing. They raise
    ``ObjectNotFound`` when an object is not remembered (any more), ``WriteConflict`` when other
    writers won every time, and ``MemoryStoreError`` when the memory cannot be written.
    """

    _memory: Memory
    _profile: Profile

    def confirm(self, match: Match, object: str | None = None) -> PersonalObject:
        """Learn that a sighting is right, or which object it is in truth.

        The region becomes a view of the object, unless it has one that is all but the same. Of
        the other objects that the sighting named it becomes a negative: it is not these.

        Args:
            match: A sighting in what :meth:`PeKit.find` returned, or one of its ``near``.
            object: Name or id of the object that it shows, which may be one that the sighting
                did not name. Needed where the sighting is ambiguous.

        Returns:
            The object as it is now.

        Raises:
            InvalidInput: The sighting is ambiguous and ``object`` does not say which it is, it
                was not found but made, or the object holds as many views as it may.
        """
        if object is None and match.ambiguous:
            names = ", ".join(f'"{obj.name}"' for obj in match.candidates)
            raise InvalidInput(
                f"expected the object that the sighting shows, since it may be one of {names}; "
                "give its name or id"
            )
        ref = match.object.object_id if object is None else object
        shown = self._memory.resolve(ref)
        vector = _vector(match)
        obj = self._memory.add_look(shown.object_id, vector, crop=match.crop, at_most=MAX_VIEWS)
        for other in match.candidates:
            if other.object_id != obj.object_id:
                self._memory.add_negatives(other.object_id, vector[None])
        return obj

    def reject(self, match: Match, object: str | None = None) -> list[PersonalObject]:
        """Learn that a sighting is wrong: the region becomes a negative of what it was taken for.

        Args:
            match: A sighting in what :meth:`PeKit.find` returned, or one of its ``near``.
            object: Name or id of the object that it is not; None for all that it named.

        Returns:
            The objects that it is not, as they are now.

        Raises:
            InvalidInput: The sighting was not found but made.
        """
        vector = _vector(match)
        refs = [obj.object_id for obj in match.candidates] if object is None else [object]
        gone = [self._memory.resolve(ref).object_id for ref in refs]
        return [self._memory.add_negatives(object_id, vector[None]) for object_id in gone]

    def not_mine(
        self,
        ref: str,
        images: ImageSource | Reference | Sequence[ImageSource | Reference],
        *,
        progress: Progress | None = None,
    ) -> PersonalObject:
        """Learn from photos of things that look like an object and are not it.

        Args:
            ref: The object's name or id.
            images: Photos of other things, as for :meth:`PeKit.remember`.
            progress: Called after each photo.

        Returns:
            The object as it is now.

        Raises:
            InvalidInput: There are no photos or too many.
            ImageError: A photo cannot be read.
            NoObjectFound: A photo shows no object.
        """
        obj = self._memory.resolve(ref)
        views = extract_views(images, obj.category, self._profile, progress=progress)
        vectors = np.stack([view.vector for view in views])
        return self._memory.add_negatives(obj.object_id, vectors)

    def negatives(self, ref: str) -> FloatArray:
        """Return what an object is not: (M, D) float32 unit vectors, the oldest first.

        Args:
            ref: The object's name or id.
        """
        return self._memory.get(self._memory.resolve(ref).object_id).negatives

    def clear_corrections(self, ref: str) -> PersonalObject:
        """Forget everything that an object was said not to be; the bytes leave the disk.

        Views that were confirmed stay: :meth:`remove_view` removes one.

        Args:
            ref: The object's name or id.

        Returns:
            The object as it is now.
        """
        return self._memory.clear_negatives(self._memory.resolve(ref).object_id)


def _vector(match: Match) -> FloatArray:
    if match.vector is None:
        raise InvalidInput(
            "expected a sighting with the vector of its region, as find() returns it, found one "
            "without; search the photo again"
        )
    return match.vector
