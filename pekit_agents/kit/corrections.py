"""Learning from corrections: what a kit does when its user says "yes, that is Rex" or "no".

A confirmed region becomes a view of its object; a rejected one becomes a *negative* of it: a look
at another thing. From the next search on, that thing competes with the object for every region, in
the same formula (:class:`~pekit_agents.scoring.Discriminant`); what looks more like it is not the
object, and the next best may have the region, or nobody. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import InvalidInput, NoObjectFound, ObjectNotFound
from pekit_agents.introduction.crops import crop_of
from pekit_agents.introduction.quality import advise_on_region
from pekit_agents.introduction.views import MAX_VIEWS, Progress, extract_views
from pekit_agents.kit.arguments import a_finding, a_match
from pekit_agents.memory.changes import duplicates
from pekit_agents.owner_text import NAME_LIMIT, quote
from pekit_agents.scoring import COSINE, Grouped
from pekit_agents.types import Match

if TYPE_CHECKING:
    from pekit_agents.images.limits import ImageLimits
    from pekit_agents.introduction.view_extraction import ReferencePhotos
    from pekit_agents.memory import Memory
    from pekit_agents.profiles import Profile
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import Advice, FloatArray, PersonalObject

__all__ = ["Corrections"]


class Corrections:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that learns from its user's corrections.

    All methods may be repeated: what is known already adds nothing. They raise
    ``ObjectNotFound`` when an object is not remembered (any more), ``WriteConflict`` when other
    writers won every time, and ``MemoryStoreError`` when the memory cannot be written.
    """

    _memory: Memory
    _profile: Profile
    _keep_crops: bool
    limits: ImageLimits

    def confirm(self, match: Match, object: str | None = None) -> PersonalObject:
        """Learn that a match is right, or which object it is in truth.

        The region becomes a view of the object, unless it has one that is all but the same. Of
        the other objects that it was taken for it becomes a negative: it is not these.

        Args:
            match: A match, named or possible, in what :meth:`PeKit.find` returned.
            object: Name or id of the object that it shows, which may be one that it was not
                taken for. Needed where the match is ambiguous.

        Returns:
            The object as it is now, with ``advice`` where the region shows it badly.

        Raises:
            InvalidInput: The match is ambiguous and ``object`` does not say which it is, it
                was not found but made, or the object holds as many views as it may.
        """
        a_match(match, "confirm_in(find(photo), name)")
        if object is None and match.ambiguous:
            names = ", ".join(quote(obj.name, NAME_LIMIT) for obj in match.candidates)
            raise InvalidInput(
                f"expected the object that the match shows, since it may be one of {names}; "
                "give its name or id"
            )
        ref = match.object.object_id if object is None else object
        shown = self._memory.resolve(ref)
        vector = _vector(match)
        obj = self._memory.add_view(
            shown.object_id, vector, crop=match.crop, details=match.details, at_most=MAX_VIEWS
        )
        for other in match.candidates:
            if other.object_id != obj.object_id:
                with suppress(ObjectNotFound):  # forgotten since the photo was searched
                    self._memory.add_negatives(
                        other.object_id, vector[None], looks_of=obj.object_id
                    )
        return replace(obj, advice=self.advice_on(match))

    def advice_on(self, match: Match) -> tuple[Advice, ...]:
        """Return what to know about a match that becomes a view of an object.

        Args:
            match: A match in what :meth:`PeKit.find` returned.

        Returns:
            That it is seen badly, where it is; the profile has to have a discriminant.

        Raises:
            InvalidInput: The match was not found but made.
        """
        return advise_on_region(_vector(match), self._profile.discriminant)

    def reject(self, match: Match, object: str | None = None) -> list[PersonalObject]:
        """Learn that a match is wrong: the region becomes a negative of what it was taken for.

        A view that is all but the same, such as one that was confirmed by mistake, is removed,
        unless the object would have none left.

        Args:
            match: A match, named or possible, in what :meth:`PeKit.find` returned.
            object: Name or id of the object that it is not; None for all that it was taken for.

        Returns:
            The objects that it is not, as they are now.

        Raises:
            InvalidInput: The match was not found but made, or is none.
        """
        vector = _vector(a_match(match, "reject_in(find(photo), name)"))
        refs = [obj.object_id for obj in match.candidates] if object is None else [object]
        gone = [self._memory.resolve(ref).object_id for ref in refs]
        return [self._memory.add_negatives(object_id, vector[None]) for object_id in gone]

    def confirm_in(self, finding: Finding, ref: str, *, region: int = 0) -> Match:
        """Learn that a photo shows an object, whether it was recognised in it or not.

        What is confirmed is the match that names it, for certain or possibly; else the only match,
        which is something else than it was taken for; else, without any, the region that speaks
        most for it.

        Args:
            finding: What :meth:`PeKit.find` returned for the photo.
            ref: The object's name or id.
            region: The number of its region in the photo, see :class:`Match`; 0 to choose.

        Returns:
            What was confirmed.

        Raises:
            InvalidInput: Several matches may be meant, there is no such region, or the object
                holds as many views as it may.
            NoObjectFound: The photo has no region to compare.
        """
        obj = self._memory.resolve(ref)
        naming = _naming(a_finding(finding), obj)
        if region:
            match = self._at(finding, region, obj)
        elif finding.everything:
            match = _only(naming or finding.everything, obj)
        else:
            match = self._most_like(finding, obj)
        self.confirm(match, obj.object_id)
        return match

    def reject_in(self, finding: Finding, ref: str, *, region: int = 0) -> tuple[Match, ...]:
        """Learn that a photo does not show an object.

        Args:
            finding: What :meth:`PeKit.find` returned for the photo.
            ref: The object's name or id.
            region: The number of the region that is not it, see :class:`Match`; 0 for all that
                are named it, for certain or possibly.

        Returns:
            What was rejected; nothing where no match in the photo names it.

        Raises:
            InvalidInput: There is no such region.
        """
        obj = self._memory.resolve(ref)
        a_finding(finding)
        wrong = [self._at(finding, region, obj)] if region else _naming(finding, obj)
        for match in wrong:
            self.reject(match, obj.object_id)
        return tuple(wrong)

    def is_rejected_in(self, finding: Finding, ref: str) -> bool:
        """Return whether a region of a photo was rejected already, as what an object is not.

        Args:
            finding: What :meth:`PeKit.find` returned for the photo.
            ref: The object's name or id.
        """
        return bool(duplicates(a_finding(finding).vectors, self.negatives(ref)).any())

    def not_mine(
        self, ref: str, images: ReferencePhotos, *, progress: Progress | None = None
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
        views = extract_views(
            images, obj.category, self._profile, limits=self.limits, progress=progress
        )
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

    def _at(self, finding: Finding, region: int, obj: PersonalObject) -> Match:
        """Return the match of a region, or make one where nothing was recognised."""
        found = [match for match in finding.everything if match.region == region]
        if found:
            return found[0]
        if not isinstance(region, int) or not 1 <= region <= len(finding.proposals):
            raise InvalidInput(
                f"expected {_numbers(len(finding.proposals))}, found {region!r}; search the photo "
                "again for the numbers of its matches"
            )
        proposal, vector = finding.proposals[region - 1], finding.vectors[region - 1]
        score = float(self._scores(vector[None], obj)[0])
        crop = crop_of(finding, region) if self._keep_crops else None
        return Match(obj, proposal.box, score, vector=vector, crop=crop, region=region)

    def _most_like(self, finding: Finding, obj: PersonalObject) -> Match:
        if not finding.proposals:
            raise NoObjectFound(
                "expected a photo with a thing in it, found no region that stands out; use a "
                "photo that shows it larger"
            )
        return self._at(finding, int(self._scores(finding.vectors, obj).argmax()) + 1, obj)

    def _scores(self, vectors: FloatArray, obj: PersonalObject) -> FloatArray:
        """Return (K,) float32: how much (K, D) regions speak for an object, rejected or not."""
        views = self._memory.get(obj.object_id).vectors
        one, nothing = (Grouped.of([held], views.shape[1]) for held in (views, views[:0]))
        scorer = self._profile.discriminant or COSINE
        scores: FloatArray = scorer.identities(one, nothing).scores(vectors)[:, 0]
        return scores


def _numbers(regions: int) -> str:
    if not regions:
        return "a photo with a region to number"
    return (
        "1, the photo's only region" if regions == 1 else f"the number of a region, 1 to {regions}"
    )


def _naming(finding: Finding, obj: PersonalObject) -> list[Match]:
    """Return the matches that are or may be an object."""
    return [
        match
        for match in finding.everything
        if obj.object_id in {candidate.object_id for candidate in match.candidates}
    ]


def _only(matches: Sequence[Match], obj: PersonalObject) -> Match:
    if len(matches) > 1:
        listed = ", ".join(f"{match.region} ({_said(match)})" for match in matches)
        raise InvalidInput(
            f"expected one thing that may be {quote(obj.name, NAME_LIMIT)}, found {len(matches)}; "
            f"say which it is by its number: {listed}"
        )
    return matches[0]


def _said(match: Match) -> str:
    names = " or ".join(quote(obj.name, NAME_LIMIT) for obj in match.candidates)
    return f"may be {names}" if match.possible else names


def _vector(match: Match) -> FloatArray:
    if match.vector is None:
        raise InvalidInput(
            "expected a match with the vector of its region, found one without; search the "
            "photo again",
            in_python=" with find()",
        )
    return match.vector
