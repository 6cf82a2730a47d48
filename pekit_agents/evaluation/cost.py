"""What each stage costs in time and memory, as in the paper's appendix.

Every stage gets pictures that the models have not seen, so nothing comes from a cache but what
one stage leaves to the next: the embedded encoder finds the features of a region ready that the
proposer has looked at.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PIL import ImageOps

from pekit_agents.embedding.pooling import embed_proposals, embed_reference
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.recognizers.scratch import ScratchKit
from pekit_agents.evaluation.runs.running import Progress, silent
from pekit_agents.images.loading import load_image
from pekit_agents.types import Box, Proposal

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import AnswerModel, SearchMode
    from pekit_agents.types import RGBImage

__all__ = ["STAGES", "Cost", "StageCost", "measure_cost", "peak_memory"]

#: The stages in the order in which they are measured, and where the paper speaks of them.
STAGES = {
    "load": "",
    "encoder forward": "",
    "extraction": "3.2, Eq. 1",
    "reference": "3.2, Eq. 2",
    "proposals": "3.3",
    "embedding": "3.3, Eq. 4",
    "search": "3.3",
    "answer": "3.4",
}
_FORWARD = "encoder forward"
_QUESTION = "What is in this photo?"
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class StageCost:
    """The cost of one stage.

    Attributes:
        stage: One of :data:`STAGES`.
        seconds: Median wall time of one photo.
        slowest: Wall time of the slowest photo.
        forwards: The median as a multiple of one encoder forward.
        peak_mb: The process's peak memory when the stage had run for the first time, in 10^6
            bytes. It never falls: what a stage adds is the difference to the one before. None
            where the system does not say.
    """

    stage: str
    seconds: float
    slowest: float
    forwards: float
    peak_mb: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of all stages.

    Attributes:
        profile: Whose tools.
        encoder: The encoder's id.
        mode: How hard it looked for proposals.
        photos: How many photos were measured.
        regions: Median number of proposals of a photo.
        objects: How many objects were remembered while searching.
        stages: In the order of :data:`STAGES`.
    """

    profile: str
    encoder: str
    mode: str
    photos: int
    regions: float
    objects: int
    stages: tuple[StageCost, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return asdict(self)


def measure_cost(
    photos: Sequence[Path],
    profile: Profile,
    *,
    mode: SearchMode = "auto",
    answerer: AnswerModel | None = None,
    progress: Progress = silent,
) -> Cost:
    """Measure what each stage costs.

    All stages run on the first photo before, so that loading models is not counted.

    Args:
        photos: Two or more, best of the kind that will be searched.
        profile: The vision tools.
        mode: How hard to look for proposals.
        answerer: Whose answers are timed as well; None leaves them out.
        progress: Called after each photo.

    Raises:
        InvalidInput: There are fewer than two photos.
        ImageError: A photo cannot be read.
    """
    if len(photos) < 2:
        raise InvalidInput(f"expected two photos or more to measure, found {len(photos)}")
    clock = _Clock()
    kit = _kit_of(photos, profile)
    regions: list[int] = []
    for index, photo in enumerate([photos[0], *photos]):
        if index == 1:
            clock.times.clear()
            regions.clear()
        regions.append(_one_photo(photo, profile, mode, kit, answerer, clock))
        progress("photos", index, len(photos))
    forward = statistics.median(clock.times[_FORWARD])
    stages = tuple(
        StageCost(
            stage=stage,
            seconds=statistics.median(clock.times[stage]),
            slowest=max(clock.times[stage]),
            forwards=statistics.median(clock.times[stage]) / forward,
            peak_mb=clock.peaks[stage],
        )
        for stage in STAGES
        if stage in clock.times
    )
    return Cost(
        profile=profile.name,
        encoder=profile.encoder.id,
        mode=mode,
        photos=len(photos),
        regions=statistics.median(regions),
        objects=len(photos),
        stages=stages,
    )


def peak_memory() -> float | None:
    """Return the most memory this process has held, in 10^6 bytes; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


class _Clock:
    """Collects wall times and the first peak of each stage."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.peaks: dict[str, float | None] = {}

    def time(self, stage: str, work: Callable[[], _Result]) -> _Result:
        start = time.perf_counter()
        result = work()
        self.times.setdefault(stage, []).append(time.perf_counter() - start)
        if stage not in self.peaks:
            self.peaks[stage] = peak_memory()
        return result


def _one_photo(
    photo: Path,
    profile: Profile,
    mode: SearchMode,
    kit: ScratchKit,
    answerer: AnswerModel | None,
    clock: _Clock,
) -> int:
    """Time all stages on one photo and return how many proposals it has."""
    encoder = profile.encoder
    image = clock.time("load", lambda: load_image(photo))
    # Mirrored and upside down it is another picture to a model that keeps what it has seen.
    other, third = ImageOps.mirror(image), ImageOps.flip(image)
    clock.time(_FORWARD, lambda: encoder.encode([third]))
    found = clock.time("extraction", lambda: profile.extractor.extract(image, "object"))
    region = found[0] if found else _whole(image)
    clock.time(
        "reference", lambda: embed_reference(image, region, encoder, augment=profile.augment)
    )
    proposals = clock.time("proposals", lambda: profile.proposer.propose(other, ["object"], mode))
    vectors = clock.time("embedding", lambda: embed_proposals(other, proposals, encoder))
    boxes = [proposal.box for proposal in proposals]
    clock.time("search", lambda: list(kit.match_regions([(boxes, vectors)])))
    if answerer is not None:
        clock.time("answer", lambda: answerer.answer(image, _QUESTION))
    return len(proposals)


def _kit_of(photos: Sequence[Path], profile: Profile) -> ScratchKit:
    """Return a kit with an object for each photo; what they look like costs nothing."""
    kit = ScratchKit(profile)
    for photo in photos:
        image = load_image(photo)
        image.thumbnail((64, 64))
        vectors = embed_proposals(image, [_whole(image)], profile.encoder)
        kit.insert(str(photo), "object", list(vectors))
    return kit


def _whole(image: RGBImage) -> Proposal:
    return Proposal(Box(0, 0, *image.size), 1.0)
