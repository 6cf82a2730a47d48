"""The targets of recognition: one table over several protocols, with intervals and a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks.recognition.target_table import TARGETS, Part, Target
from pekit_agents.evaluation.all_kinds import all_kinds
from pekit_agents.evaluation.metrics.bootstrap import Estimate
from pekit_agents.evaluation.metrics.summary import Summary, summarise
from pekit_agents.evaluation.protocols import kinds, recognition, scenes
from pekit_agents.evaluation.protocols.kinds import kinds_of
from pekit_agents.evaluation.recognizers.baselines import COSINE
from pekit_agents.evaluation.report import mistake_sheet, write_report

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.records import Dataset, Run

__all__ = ["MISTAKES", "Row", "measure", "rows"]

#: The picture of the worst mistakes of a part.
MISTAKES = "mistakes.jpg"
_OURS = "pekit"
_REFS = (1, 3)


@dataclass(frozen=True, slots=True)
class Row:
    """A target and what was reached.

    Attributes:
        target: Which.
        reached: The product's figure.
        cosine: That of a fixed cosine on the same features; None where that has none.
    """

    target: Target
    reached: Estimate
    cosine: Estimate | None = None

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
    count: int = 20,
    scene_seeds: Sequence[int] | None = None,
) -> dict[Part, Run]:
    """Measure the parts, each in a folder of its own with its report; what is done is kept.

    Beside the report ``mistakes.jpg`` pictures the product's worst mistakes. Things are remembered
    alone only where the data set says what they are.

    Args:
        bench: Of the various things.
        folder: Where the parts' folders are.
        look_alikes: Things that are easily taken for each other; None leaves the part out.
        backgrounds: Photos to compose scenes on; none leave the part out.
        count: Scenes for each draw.
        scene_seeds: The draws of scenes and look-alikes, each of which holds more photos that no
            other draw does; None takes the bench's.

    Raises:
        InvalidInput: There are too few things or photos, or a folder holds another run.
        ImageError: A photo cannot be read; the message names it.
    """
    bench = replace(bench, loaded=bench.base, with_baselines=True, only=(COSINE,))
    alone = bench
    if look_alikes is not None and bench.held_out:
        bench = replace(bench, more=(look_alikes, *bench.more))
    fewer = replace(bench, seeds=bench.seeds if scene_seeds is None else scene_seeds)

    def part(name: Part, base: Bench = bench) -> Bench:
        return replace(base, out=folder / name)

    runs: dict[Part, Run] = {}
    if kinds_of(bench.dataset):
        runs["alone"] = kinds(part("alone"), _REFS)
    runs["things"] = recognition(part("things"), _REFS)
    if look_alikes is not None:
        more = (alone.dataset, *alone.more) if alone.held_out else ()
        others = replace(fewer, dataset=look_alikes, more=more)
        runs["look-alikes"] = recognition(part("look-alikes", others), _REFS, open_set=False)
    if backgrounds:
        place = folder / "scenes" / "photos"
        runs["scenes"] = scenes(part("scenes", fewer), backgrounds, place, refs=3, count=count)
    for name, run in runs.items():
        write_report([run], folder / name)
        sheet = mistake_sheet(run)
        if sheet is not None:
            sheet.save(folder / name / MISTAKES, quality=85)
    return runs


def rows(runs: Mapping[Part, Run]) -> list[Row]:
    """Return the table of the runs there are.

    Args:
        runs: What was measured of each part; parts may be missing.
    """
    summaries = {part: _summaries(part, run) for part, run in runs.items()}
    return [_row(target, summaries[target.part]) for target in TARGETS if target.part in summaries]


def _summaries(part: Part, run: Run) -> Sequence[Summary]:
    parts = summarise(run.draws)
    return (*all_kinds(run), *parts) if part == "alone" else parts


def _row(target: Target, summaries: Sequence[Summary]) -> Row:
    asked = {
        summary.configuration.recognizer: summary.estimates[target.measure]
        for summary in summaries
        if (summary.configuration.refs, summary.configuration.condition)
        == (target.refs, target.condition)
    }
    cosine = asked.get(COSINE)
    if cosine is not None and cosine.mean is None:
        cosine = None
    return Row(target, asked.get(_OURS, _NOTHING), cosine)


_NOTHING = Estimate(None, None, None, draws=0, undefined=1, left_out=0)
