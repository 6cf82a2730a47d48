"""Systems that turn clips into timelines, side by side: ``measure`` runs and scores them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pekit_agents.errors import NoObjectFound
from pekit_agents.evaluation.clips.baseline import frame_by_frame
from pekit_agents.evaluation.metrics.bootstrap import Estimate, estimate
from pekit_agents.evaluation.metrics.recognition import Tally
from pekit_agents.evaluation.metrics.timelines import TimelineScore, score, tallies, total
from pekit_agents.evaluation.passes import counted_passes
from pekit_agents.evaluation.runs.running import Progress, silent
from pekit_agents.video.frames import Frame

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.evaluation.clips.composing import ComposedClip
    from pekit_agents.evaluation.clips.truth import ClipTruth
    from pekit_agents.evaluation.records import Thing
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.video.timeline import Timeline

__all__ = [
    "BASELINE",
    "IN_VIDEO",
    "Looking",
    "Measured",
    "SearchedClip",
    "System",
    "introduce",
    "measure",
    "searched_frame_by_frame",
    "searched_in_video",
    "systems_of",
]

_LOGGER = logging.getLogger(__name__)
BASELINE = "frame by frame"
IN_VIDEO = "in video"


@dataclass(frozen=True, slots=True)
class SearchedClip:
    """A clip to search, with what is true of it.

    Attributes:
        truth: What is true.
        source: Its file, or the clip itself whose frames are drawn as they are asked for.
        start: Where to begin in the file, in seconds; times of the truth count from the file's 0.
        end: Where to stop; None for the end of the file.
    """

    truth: ClipTruth
    source: Path | ComposedClip
    start: float = 0.0
    end: float | None = None

    def frames(self, every: float) -> Iterator[Frame]:
        """Yield the sampled frames."""
        if isinstance(self.source, Path):
            from pekit_agents.video.decoding import frames_of  # needs PyAV

            yield from frames_of(self.source, every=every, start=self.start, end=self.end)
            return
        for seconds, image in self.source.frames(every):
            yield Frame(seconds, image, image.size)


@dataclass(frozen=True, slots=True)
class Looking:
    """How hard to look, and how often.

    Attributes:
        every: Seconds between two sampled frames.
        mode: As for :meth:`PeKit.find`.
        strictness: As for :meth:`PeKit.find`.
    """

    every: float = 0.2
    mode: SearchMode = "auto"
    strictness: Strictness | None = None


class System(Protocol):
    """Anything that turns a clip into a timeline."""

    def __call__(self, kit: PeKit, clip: SearchedClip, looking: Looking) -> Timeline:
        """Return what is seen in a clip of the objects that the kit remembers."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What one system said of all clips.

    Attributes:
        name: The system's.
        scores: By clip.
        groups: The group of each clip.
        passes: Through the network, by clip.
        seconds: Of wall time, by clip, with the drawing or decoding of its frames.
    """

    name: str
    scores: Mapping[str, TimelineScore]
    groups: Mapping[str, str]
    passes: Mapping[str, int]
    seconds: Mapping[str, float]

    def of(self, group: str) -> Measured:
        """Return the part of it that is about one group of clips."""
        names = [name for name, its_group in self.groups.items() if its_group == group]
        return Measured(
            self.name,
            {name: self.scores[name] for name in names},
            {name: self.groups[name] for name in names},
            {name: self.passes[name] for name in names},
            {name: self.seconds[name] for name in names},
        )

    @property
    def total(self) -> TimelineScore:
        """The sum of the scores."""
        return total(list(self.scores.values()))

    def estimates(self) -> dict[str, Estimate]:
        """Return all measures with 95 % intervals over clips, and "passes" a second of video."""
        per_second = {name: (n, self.scores[name].seconds) for name, n in self.passes.items()}
        measures = {**tallies(self.scores), "passes": Tally(per_second)}
        return {name: estimate([tally]) for name, tally in measures.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        whole = self.total
        return {
            "system": self.name,
            "clips": len(self.scores),
            "video_seconds": round(whole.seconds, 1),
            "appearances": whole.appearances,
            "found": whole.found,
            "sightings": whole.sightings,
            "right": whole.right,
            "wrong": whole.wrong,
            "undecided": whole.undecided,
            "wrong_seconds": round(whole.wrong_seconds, 1),
            "median_seconds_late": whole.median_late,
            "switches": whole.switches,
            "passes": sum(self.passes.values()),
            "seconds": round(sum(self.seconds.values()), 1),
            "measures": {
                name: {"mean": each.mean, "interval": each.interval}
                for name, each in self.estimates().items()
            },
        }


def introduce(kit: PeKit, things: Sequence[Thing]) -> list[Path]:
    """Remember things by their references.

    Returns:
        The references in which no object was found.
    """
    unseen: list[Path] = []
    for thing in things:
        known = False
        for photo in thing.references:
            try:
                if known:
                    kit.add_views(thing.name, [photo])
                else:
                    kit.remember(thing.name, [photo], category=thing.category)
                known = True
            except NoObjectFound as exc:
                _LOGGER.warning("%s: not remembered: %s", photo, exc)
                unseen.append(photo)
    return unseen


def measure(
    clips: Sequence[SearchedClip],
    kit: PeKit,
    profile: Profile,
    systems: Mapping[str, System] | None = None,
    *,
    looking: Looking | None = None,
    progress: Progress = silent,
) -> list[Measured]:
    """Let systems search the same clips with the same memory, and score them.

    Args:
        clips: What to search.
        kit: Has been introduced to the things.
        profile: The kit's: its passes are counted.
        systems: By name; default :func:`systems_of`.
        looking: How hard, and how often.
        progress: Called after each clip of each system.
    """
    looking = looking or Looking()
    measured = []
    with counted_passes(profile) as passes:
        for name, system in (systems or systems_of(kit)).items():
            scores: dict[str, TimelineScore] = {}
            taken: dict[str, int] = {}
            seconds: dict[str, float] = {}
            for index, clip in enumerate(clips):
                progress(name, index, len(clips))
                passes.taken()
                began = time.perf_counter()
                timeline = system(kit, clip, looking)
                seconds[clip.truth.name] = time.perf_counter() - began
                taken[clip.truth.name] = passes.taken()
                scores[clip.truth.name] = score(timeline, clip.truth, every=looking.every)
            progress(name, len(clips), len(clips))
            groups = {clip.truth.name: clip.truth.group for clip in clips}
            measured.append(Measured(name, scores, groups, taken, seconds))
    return measured


def searched_frame_by_frame(kit: PeKit, clip: SearchedClip, looking: Looking) -> Timeline:
    """Search every sampled frame as a photo: the baseline."""
    frames = clip.frames(looking.every)
    return frame_by_frame(kit, frames, mode=looking.mode, strictness=looking.strictness)


def searched_in_video(kit: PeKit, clip: SearchedClip, looking: Looking) -> Timeline:
    """Search the clip as one: :meth:`PeKit.find_in_video`."""
    of_clip: dict[str, Any] = {"start": clip.start, "end": clip.end}
    source: Any = clip.source
    if not isinstance(clip.source, Path):
        source = ((frame.time, frame.image) for frame in clip.frames(looking.every))
        of_clip = {}
    searching: Any = kit
    found: Timeline = searching.find_in_video(
        source, every=looking.every, mode=looking.mode, strictness=looking.strictness, **of_clip
    )
    return found


def systems_of(kit: PeKit) -> dict[str, System]:
    """Return the systems to compare, by name: the baseline first."""
    systems: dict[str, System] = {BASELINE: searched_frame_by_frame}
    if hasattr(kit, "find_in_video"):
        systems[IN_VIDEO] = searched_in_video
    return systems
