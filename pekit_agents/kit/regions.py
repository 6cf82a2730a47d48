"""Searching in two steps: the regions of photos are kept, and compared with what is remembered.

They can so be compared with objects that are remembered later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pekit_agents.boxes import resized_proposal
from pekit_agents.images.loading import ImageSource, load_photo
from pekit_agents.protocols import SearchMode
from pekit_agents.retrieval.regions import PhotoRegions, require_mode
from pekit_agents.retrieval.search import Search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pekit_agents.calibration import Strictness
    from pekit_agents.images.limits import ImageLimits
    from pekit_agents.memory import Memory
    from pekit_agents.profiles import Profile
    from pekit_agents.types import Box, FloatArray, Match, Proposal, RGBImage

__all__ = ["RegionSearch"]


class RegionSearch:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that compares regions that were kept."""

    _memory: Memory
    _profile: Profile
    limits: ImageLimits

    def propose(
        self, image: ImageSource, *, mode: SearchMode = "auto"
    ) -> tuple[RGBImage, list[Proposal], FloatArray]:
        """Return the regions of a photo and their vectors, compared with nothing yet.

        Kept, and handed to :meth:`match_regions`, they can be compared with objects that are
        remembered later. In a scene :meth:`find` also looks closer where something resembles what
        is remembered; this does not.

        Args:
            image: The photo.
            mode: As for :meth:`find`.

        Returns:
            The upright photo, reduced if it has more than 50 megapixels; its K proposals, in
            pixels of the photo as it was given; and their (K, D) float32 unit vectors.

        Raises:
            ImageError: The photo cannot be read.
            InvalidInput: The mode is not one.
        """
        require_mode(mode)
        photo = load_photo(image, limits=self.limits)
        query = PhotoRegions(photo.image, self._profile, mode)
        query.propose(self._memory.gallery().categories, None)
        vectors, size = query.embed(), photo.image.size
        found = [resized_proposal(each, size, photo.size_wh) for each in query.proposals]
        return photo.image, found, vectors

    def match_regions(
        self,
        photos: Iterable[tuple[Sequence[Box], FloatArray]],
        *,
        threshold: float | None = None,
        strictness: Strictness | None = None,
    ) -> Iterator[tuple[list[Match], list[Match]]]:
        """Yield the matches in each of many photos, all by one state of the memory.

        Args:
            photos: For each photo the K boxes of its regions, xyxy in its pixels, and their
                (K, D) float32 unit vectors, as :meth:`propose` returns them.
            threshold: As for :meth:`find`.
            strictness: As for :meth:`find`.

        Yields:
            What is named in a photo and what is possible, the strongest first.

        Raises:
            InvalidInput: The threshold or strictness is not one, or not for this profile.
        """
        gallery = self._memory.gallery()
        search = Search.by(self._profile, gallery, threshold=threshold, strictness=strictness)
        yield from search.in_each(photos)

    def region_test(self, object_ids: Iterable[str]) -> Callable[[FloatArray], NDArray[np.bool_]]:
        """Return a quick test for regions that may show some of the objects.

        A region that fails it is none of them, whatever else :meth:`match_regions` makes of it.

        Args:
            object_ids: Which objects.

        Returns:
            A function of (R, D) float32 unit vectors that says which of them pass, (R,).

        Raises:
            ObjectNotFound: One of the objects is not remembered (any more).
        """
        views = self._memory.vectors_of(list(object_ids))
        return Search.by(self._profile, self._memory.gallery()).region_test(views)
