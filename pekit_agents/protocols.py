"""The swappable vision tools (paper 3.5): each is one small protocol.

Any object with these methods will do; nothing has to be inherited. Images are PIL images in
mode RGB, upright, as :func:`pekit_agents.images.loading.load_image` returns them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from pekit_agents.types import Details, FloatArray, Proposal, RGBImage

__all__ = [
    "AnswerModel",
    "Describer",
    "Encoder",
    "Guide",
    "GuidedProposer",
    "Proposer",
    "SearchMode",
    "ViewExtractor",
]

#: ``"fast"`` looks once at the whole photo, ``"scene"`` also close up for small and several
#: objects, ``"auto"`` close up only where the first look is not enough.
SearchMode: TypeAlias = Literal["auto", "scene", "fast"]


@runtime_checkable
class ViewExtractor(Protocol):
    """F_ext of Eq. 1: finds the object that a reference photo introduces."""

    def extract(self, image: RGBImage, category: str) -> list[Proposal]:
        """Return the regions that may be the object, the best first; ``[]`` when none is.

        Args:
            image: One reference photo.
            category: What the object is (k_p). A tool without a vocabulary may ignore it.
        """
        ...


@runtime_checkable
class Proposer(Protocol):
    """F_prop of paper 3.3: regions of a query photo that may hold an object."""

    def propose(
        self, image: RGBImage, categories: Sequence[str], mode: SearchMode
    ) -> list[Proposal]:
        """Return the proposals, best first; ``[]`` when there are none.

        Args:
            image: The query photo.
            categories: The categories in memory, for tools that take a text prompt.
            mode: How hard to look; a tool that knows one way only may ignore it.
        """
        ...


#: Says how much pooled features, (M, D) float32 and not normalised, speak for anything that is
#: remembered: (M,) float32 log-odds, 0 where a region would just be named (by cosine where there is
#: no discriminant).
Guide: TypeAlias = "Callable[[FloatArray], FloatArray]"


@runtime_checkable
class GuidedProposer(Proposer, Protocol):
    """A proposer that looks closer where something resembles what is remembered."""

    def propose_guided(
        self, image: RGBImage, categories: Sequence[str], mode: SearchMode, guide: Guide
    ) -> list[Proposal]:
        """Return the proposals, as :meth:`propose` does.

        Args:
            image: The query photo.
            categories: The categories in memory.
            mode: How hard to look.
            guide: Says of any part of the photo how much it resembles what is remembered.
        """
        ...


@runtime_checkable
class Encoder(Protocol):
    """F_emb of Eq. 2 and 4: patch features of images.

    Attributes:
        id: Names the model, its weights and all processing that shapes its vectors. Two
            encoders with one id must give comparable vectors; it is stored with the memory.
        dim: D, the length of a vector.
    """

    @property
    def id(self) -> str:
        """The identity of the vectors."""
        ...

    @property
    def dim(self) -> int:
        """The length of a vector."""
        ...

    def encode(self, images: Sequence[RGBImage]) -> list[FloatArray]:
        """Return a (rows, columns, D) float32 patch grid for each image.

        Each grid covers its image edge to edge; images may differ in size.
        """
        ...

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """Map pooled features (K, D) to the unit vectors (K, D) that are compared by cosine."""
        ...


@runtime_checkable
class Describer(Protocol):
    """Says what a region looks like patch by patch, to tell near twins apart."""

    def describe(self, image: RGBImage, proposal: Proposal) -> Details:
        """Return the details of a region.

        Args:
            image: The photo.
            proposal: The region, in pixels of the photo.
        """
        ...


@runtime_checkable
class AnswerModel(Protocol):
    """The LVLM of paper 3.4, which answers about an annotated picture.

    Adapters for models and servers are in :mod:`pekit_agents.answering`.
    """

    def answer(self, image: RGBImage | None, text: str) -> str:
        """Return the answer to a prompt.

        Args:
            image: The picture, annotated when objects were recognised; None when the text
                stands alone.
            text: The instruction and the question.
        """
        ...
