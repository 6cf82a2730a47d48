"""The targets of recognition: one table over several protocols, with intervals and baselines.

Nothing is scored with statistics, or against strangers, that were made from its own photos: the
data set of various things is halved in each draw (one half gives the statistics, the other is
measured), and the look-alikes are measured with statistics of the various things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pekit_agents.evaluation.intervals import Estimate
from pekit_agents.evaluation.protocols import growth, recognition, scenes
from pekit_agents.evaluation.protocols.recognition import HALF
from pekit_agents.evaluation.report import mistake_sheet, write_report
from pekit_agents.evaluation.summary import Summary, summarise
from pekit_agents.profiles import refitted_profile

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.records import Dataset, Run

__all__ = ["MISTAKES", "STEADY", "TARGETS", "Part", "Row", "Target", "measure", "rows"]

#: What is measured by itself: various things, ever more of them, look-alikes, several in a photo.
Part = Literal["things", "growth", "look-alikes", "scenes"]

#: The picture of the worst mistakes of a part.
MISTAKES = "mistakes.jpg"
_OURS = "pekit"
_ALL = ""  # the condition of draws with all things known


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table.

    Attributes:
        title: What it says.
        part: Which run it is taken from.
        measure: Of :data:`~pekit_agents.evaluation.measures.MEASURES`.
        refs: References of each thing.
        condition: Of the draws.
        reach: What is to be reached.
        goal: What would be better still.
        lower: Whether less is better.
    """

    title: str
    part: Part
    measure: str
    refs: int
    condition: str
    reach: float
    goal: float
    lower: bool = False


#: What recognition is measured by.
TARGETS = (
    Target("weighted accuracy, 1 reference", "things", "weighted", 1, _ALL, 0.975, 0.99),
    Target("weighted accuracy, 3 references", "things", "weighted", 3, _ALL, 0.99, 0.998),
    Target("right name first, 1 reference", "things", "top1", 1, _ALL, 0.95, 0.98),
    *(
        target
        for refs in (1, 3)
        for target in (
            Target(
                f"half known, {refs} ref.: strangers with a false alarm",
                "things",
                "alarm_share",
                refs,
                HALF,
                0.12,
                0.05,
                lower=True,
            ),
            Target(
                f"half known, {refs} ref.: right name first", "things", "top1", refs, HALF, 0.93, 1
            ),
        )
    ),
    Target("look-alikes: likeliest name right", "look-alikes", "likeliest", 3, _ALL, 0.80, 0.95),
    Target(
        "look-alikes: photos with a wrong certain name",
        "look-alikes",
        "wrong_share",
        3,
        _ALL,
        0.05,
        0.02,
        lower=True,
    ),
    Target("scenes: boxes found, IoU 0.3", "scenes", "detection_recall_30", 3, HALF, 0.85, 0.95),
    Target("scenes: boxes right, IoU 0.3", "scenes", "detection_precision_30", 3, HALF, 0.90, 0.97),
    Target("scenes: boxes right, IoU 0.5", "scenes", "detection_precision_50", 3, HALF, 0.80, 0.95),
)
#: How many times as often a memory of one size may raise false alarms as one of another.
STEADY = Target(
    "false alarms, most over fewest at any size",
    "growth",
    "alarm_share",
    refs=1,
    condition="",
    reach=1.5,
    goal=1.2,
    lower=True,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A target and what was reached.

    Attributes:
        target: Which.
        reached: The product's figure; without an interval for a ratio.
        baseline: The best baseline that was measured on the same draws, and its figure.
    """

    target: Target
    reached: Estimate
    baseline: tuple[str, Estimate] | None = None

    @property
    def verdict(self) -> Literal["goal", "reached", "missed", "not measured"]:
        """How it compares with the target, by the mean."""
        mean = self.reached.mean
        if mean is None:
            return "not measured"
        sign = -1 if self.target.lower else 1
        if sign * mean >= sign * self.target.goal:
            return "goal"
        return "reached" if sign * mean >= sign * self.target.reach else "missed"


def measure(
    bench: Bench,
    folder: Path,
    *,
    look_alikes: Dataset | None = None,
    backgrounds: Sequence[Path] = (),
    distractors: Path | None = None,
    sizes: Sequence[int] = (5, 15, 50),
    count: int = 20,
    scene_seeds: Sequence[int] | None = None,
) -> dict[Part, Run]:
    """Measure the parts, each in a folder of its own with its report; what is done is kept.

    Beside the report ``mistakes.jpg`` pictures the product's worst mistakes.

    Args:
        bench: Of the various things, with statistics of the half that is not measured.
        folder: Where the parts' folders are.
        look_alikes: Things that are easily taken for each other; None leaves the part out.
        backgrounds: Photos to compose scenes on; none leave the part out.
        distractors: Further things to remember, as for ``growth``; None leaves the part out.
        sizes: How many things are remembered there.
        count: Scenes for each draw.
        scene_seeds: The draws of scenes and look-alikes, each of which holds more photos that no
            other draw does; None takes the bench's.

    Raises:
        InvalidInput: There are too few things or photos, or a folder holds another run.
        ImageError: A photo cannot be read; the message names it.
    """
    bench = replace(bench, loaded=bench.base)  # all parts look at the same photos
    fewer = replace(bench, seeds=bench.seeds if scene_seeds is None else scene_seeds)

    def part(name: Part, base: Bench = bench, *, baselines: bool) -> Bench:
        return replace(base, out=folder / name, with_baselines=baselines)

    runs: dict[Part, Run] = {"things": recognition(part("things", baselines=True), (1, 3))}
    if distractors is not None:
        wider = part("growth", baselines=False)
        runs["growth"] = growth(wider, sizes, refs=1, distractors=distractors)
    if backgrounds:
        composed = part("scenes", fewer, baselines=True)
        place = folder / "scenes" / "photos"
        runs["scenes"] = scenes(composed, backgrounds, place, refs=3, count=count)
    if look_alikes is not None:
        others = _with_statistics_of(fewer, look_alikes, backgrounds)
        runs["look-alikes"] = recognition(
            part("look-alikes", others, baselines=True), (3,), open_set=False
        )
    for name, run in runs.items():
        write_report([run], folder / name)
        sheet = mistake_sheet(run)
        if sheet is not None:
            sheet.save(folder / name / MISTAKES, quality=85)
    return runs


def _with_statistics_of(bench: Bench, look_alikes: Dataset, more: Sequence[Path]) -> Bench:
    """Return a bench for the look-alikes, with statistics of the various things.

    Not with the bench's other photos for statistics, which may show the very look-alikes.
    """
    photos = [photo.path for photo in bench.dataset.photos if photo.shows]
    photos += [path for thing in bench.dataset.things for path in thing.references]
    profile = refitted_profile(
        photos, version=f"of-{bench.dataset.name}", more=more, base=bench.base
    )
    return replace(
        bench,
        dataset=look_alikes,
        profile="refitted",
        loaded=profile,
        held_out=False,
        statistics=(),
    )


def rows(runs: Mapping[Part, Run]) -> list[Row]:
    """Return the table of the runs there are.

    Args:
        runs: What was measured of each part; parts may be missing.
    """
    found: list[Row] = []
    for part, run in runs.items():
        summaries = summarise(run.draws)
        if part == "growth":
            found += _growth(summaries)
            continue
        for target in TARGETS:
            if target.part == part:
                found.append(_row(target, summaries))
    return found


def _row(target: Target, summaries: Sequence[Summary]) -> Row:
    asked = {
        summary.configuration.recognizer: summary.estimates[target.measure]
        for summary in summaries
        if (summary.configuration.refs, summary.configuration.condition)
        == (target.refs, target.condition)
    }
    reached = asked.pop(_OURS, _NOTHING)
    others = {name: each for name, each in asked.items() if each.mean is not None}
    if not others:
        return Row(target, reached)
    sign = -1 if target.lower else 1
    best = max(others, key=lambda name: sign * (others[name].mean or 0.0))
    return Row(target, reached, (best, others[best]))


def _growth(summaries: Sequence[Summary]) -> list[Row]:
    """Return a row for each size of the memory, and one for how much they differ."""
    ours = [s for s in summaries if s.configuration.recognizer == _OURS]
    found = [
        Row(
            Target(
                f"{s.configuration.condition}: strangers with a false alarm",
                "growth",
                STEADY.measure,
                s.configuration.refs,
                s.configuration.condition,
                0.12,
                0.05,
                lower=True,
            ),
            s.estimates[STEADY.measure],
        )
        for s in ours
    ]
    means = [row.reached.mean for row in found if row.reached.mean is not None]
    ratio = max(means) / min(means) if means and min(means) > 0 else None
    return [*found, Row(STEADY, _without_interval(ratio))]


def _without_interval(value: float | None) -> Estimate:
    return Estimate(value, None, None, int(value is not None), int(value is None), 0)


_NOTHING = _without_interval(None)
