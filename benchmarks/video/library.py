"""``python -m benchmarks video library``: what a minute of clip costs a photo library.

The clips are composed, and not filmed. Each is written as a file and indexed; what is remembered is
introduced only then, as in the use that a library is made for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import lancedb
import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.memory.process import machine
from pekit_agents.cli.evaluation.options import DataArgument, LayoutOption, ModeOption, photos_of
from pekit_agents.cli.evaluation.output import advancing
from pekit_agents.cli.options import JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import print_json
from pekit_agents.memory.place.place import user_place

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.truth import ClipTruth
    from pekit_agents.retrievers.photo_library import PhotoLibrary

__all__ = ["Indexed", "library"]

_USER = "ann"
_STEP = 0.1  # seconds between the times at which what is found is compared with what is true


@dataclass(frozen=True, slots=True)
class Indexed:
    """Clips of one kind.

    Attributes:
        kind: Which.
        seconds: How long they are together.
        taken: Seconds that indexing them took.
        searched: How many frames were searched.
        regions: How many regions these have.
        stored: How many vectors are stored of them.
        there: How often a remembered thing is in one.
        found: How often a search returns the clip for it, named or possible.
        in_video: How often a search of the clip itself finds it, which knows what is remembered.
        wrong: How often one is returned for a thing that is not in it.
        right: The share of the seconds that it is said to be there in which it is.
    """

    kind: str
    seconds: float
    taken: float
    searched: int
    regions: int
    stored: int
    there: int
    found: int
    in_video: int
    wrong: int
    right: float


def library(
    data: DataArgument,
    backgrounds: Annotated[Path, typer.Option(help="folder of photos without any of the things")],
    clips: Annotated[int, typer.Option(min=1, help="how many to compose")] = 8,
    mode: ModeOption = "auto",
    seed: Annotated[int, typer.Option(help="gives the same clips again")] = 0,
    layout: LayoutOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure what a minute of clip costs a photo library, and what is found in it."""
    from pekit_agents.evaluation.clips.composing import compose_clips
    from pekit_agents.evaluation.clips.measuring import introduce
    from pekit_agents.evaluation.clips.writing import write_clips
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.profiles import load_profile
    from pekit_agents.retrievers.photo_library import PhotoLibrary

    tools = load_profile("embedded")
    dataset, photos = load_dataset(data, layout), photos_of("--backgrounds", backgrounds)
    with advancing() as step, tempfile.TemporaryDirectory(prefix="pekit-clips-") as folder:
        root = Path(folder)
        step("composing clips", 0, clips)
        composed = compose_clips(dataset, photos, seed=seed, count=clips, extractor=tools.extractor)
        files = write_clips(composed, root / "clips", progress=lambda n, of: step("writing", n, of))
        indexed = PhotoLibrary.open(root / "memory", _USER, tools)
        taken = {}
        for number, (clip, file) in enumerate(zip(composed.clips, files, strict=True)):
            step("indexing", number, clips)
            began = time.perf_counter()
            indexed.index([(clip.truth.name, file)], mode=mode)
            taken[clip.truth.name] = time.perf_counter() - began
        introduce(indexed.kit, composed.things)
        truths = [clip.truth for clip in composed.clips]
        seen = set()
        for number, (truth, file) in enumerate(zip(truths, files, strict=True)):
            step("searching clips themselves", number, clips)
            timeline = indexed.kit.find_in_video(file)
            seen |= {(truth.name, each.object.name) for each in timeline.sightings}
        rows = _rows(indexed, root / "memory", truths, taken, seen)
    if as_json:
        print_json({"machine": machine(), "rows": [asdict(row) for row in rows]})
    else:
        _show(rows, f"{dataset.name}: {clips} clips (composed, not filmed), for a minute of clip")


def _rows(
    indexed: PhotoLibrary,
    root: Path,
    truths: Sequence[ClipTruth],
    taken: dict[str, float],
    seen: set[tuple[str, str]],
) -> list[Indexed]:
    place = user_place(root, _USER).child("photos")
    table = lancedb.connect(str(place)).open_table("objects").search().to_arrow().to_pylist()
    stored = {row["photo_id"]: row for row in table}
    found = {obj.name: indexed.search([obj.name], k=len(truths)) for obj in indexed.kit.objects()}
    kinds = list(dict.fromkeys(truth.group for truth in truths))
    groups = [(kind, [truth for truth in truths if truth.group == kind]) for kind in kinds]
    return [
        _row(kind, some, stored, found, taken, seen) for kind, some in (*groups, ("all", truths))
    ]


def _row(
    kind: str,
    truths: Sequence[ClipTruth],
    stored: dict[str, Any],
    found: dict[str, Any],
    taken: dict[str, float],
    seen: set[tuple[str, str]],
) -> Indexed:
    rows = [stored[truth.name] for truth in truths]
    pairs = [(truth, name) for truth in truths for name in found]
    hits = {(hit.photo_id, name): hit for name, hits in found.items() for hit in hits}
    there = {(truth.name, name) for truth, name in pairs if _in_sight(truth, name)}
    shown = {(truth.name, name) for truth, name in pairs} & hits.keys()
    said = right = 0
    for truth, name in pairs:
        hit = hits.get((truth.name, name))
        spans = [span for each in hit.times for span in each.spans] if hit else []
        told = _within(spans, truth.seconds)
        said += int(told.sum())
        right += int((told & _within(_in_sight(truth, name), truth.seconds)).sum())
    return Indexed(
        kind,
        sum(truth.seconds for truth in truths),
        sum(taken[truth.name] for truth in truths),
        sum(len(row["look_times"]) for row in rows),
        sum(len(row["boxes_xyxy"]) for row in rows),
        sum(len(row["vectors"]) for row in rows),
        len(there),
        len(there & shown),
        len(there & seen),
        len(shown - there),
        right / said if said else 1.0,
    )


def _in_sight(truth: ClipTruth, name: str) -> list[tuple[float, float]]:
    shown = [each for each in truth.appearances if each.thing == name]
    return [(each.first, each.last) for each in shown]


def _within(spans: Sequence[tuple[float, float]], seconds: float) -> Any:
    times = np.arange(0, seconds, _STEP)
    within = np.zeros(len(times), bool)
    for start, end in spans:
        within |= (times >= start) & (times <= end)
    return within


def _show(rows: Sequence[Indexed], title: str) -> None:
    table = Table(title=title, caption=machine(), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("clips", no_wrap=True)
    heads = ("index: s", "frames", "regions", "vectors")
    for heading in (*heads, "found", "in video", "wrong", "right"):
        table.add_column(heading, justify="right")
    for row in rows:
        counts = (row.taken, row.searched, row.regions, row.stored)
        table.add_row(
            row.kind,
            *(f"{60 * count / row.seconds:.0f}" for count in counts),
            f"{row.found} of {row.there}",
            f"{row.in_video}",
            str(row.wrong),
            f"{row.right:.2f}",
        )
    console.print(table)
