"""The commands of ``python -m benchmarks video``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.video.library import library
from pekit_agents.cli.evaluation.options import DataArgument, LayoutOption, photos_of
from pekit_agents.cli.evaluation.output import advancing
from pekit_agents.cli.options import JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import plain, print_json
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from benchmarks.video.following import Followed
    from benchmarks.video.targets import Row
    from pekit_agents.evaluation.clips.composing import ClipSet
    from pekit_agents.evaluation.records import Dataset
    from pekit_agents.evaluation.runs.running import Progress
    from pekit_agents.profiles import Profile

__all__ = ["video"]

video = typer.Typer(no_args_is_help=True, help="Timelines of clips against their targets.")

video.command()(library)

_WORKER = Path(__file__).with_name("worker.py")
_VERDICTS = {True: "pass", False: "FAIL", None: "-"}


class Part(StrEnum):
    """What can be measured by itself."""

    CLIPS = "clips"
    RAM = "ram"
    LIVE = "live"


@video.callback()
def _video() -> None:
    """Timelines of clips against their targets."""


@video.command()
def targets(
    data: DataArgument,
    backgrounds: Annotated[Path, typer.Option(help="folder of photos without any of the things")],
    rows: Annotated[list[Part] | None, typer.Option(help="these only; repeatable")] = None,
    clips: Annotated[int, typer.Option(min=1, help="how many to compose")] = 20,
    every: Annotated[float, typer.Option(min=0.01, help="seconds between sampled frames")] = 0.2,
    minutes: Annotated[float, typer.Option(min=0.5, help="length of the clip for RAM")] = 10.0,
    seed: Annotated[int, typer.Option(help="gives the same clips again")] = 0,
    layout: LayoutOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure `find_in_video` against its targets; exit code 1 if a row misses its own."""
    from benchmarks.memory.process import machine
    from pekit_agents.evaluation.clips.composing import compose_clips
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.profiles import load_profile

    parts = rows or list(Part)
    tools = load_profile("embedded")
    dataset, photos = load_dataset(data, layout), photos_of("--backgrounds", backgrounds)
    table: list[Row] = []
    with advancing() as step, tempfile.TemporaryDirectory(prefix="pekit-video-") as root:
        step("composing clips", 0, clips)
        composed = compose_clips(dataset, photos, seed=seed, count=clips, extractor=tools.extractor)
        work = _Work(dataset, photos, composed, tools, Path(root), every, minutes, seed, step)
        work.remember()
        if Part.CLIPS in parts:
            table += work.of_clips()
        if Part.RAM in parts:
            table.append(work.of_ram())
        if Part.LIVE in parts:
            table.append(work.of_live())
    if as_json:
        about = {"machine": machine(), "clips": "composed from photos, and not filmed"}
        print_json({**about, "rows": [row.to_dict() for row in table]})
    else:
        title = f"{dataset.name}: {clips} clips (composed, not filmed), 95 % intervals over clips"
        _show(table, title, machine())
    if any(row.passed is False for row in table):
        raise typer.Exit(1)


@video.command()
def following(
    data: DataArgument,
    backgrounds: Annotated[Path, typer.Option(help="folder of photos without any of the things")],
    clips: Annotated[int, typer.Option(min=1, help="how many to compose")] = 20,
    every: Annotated[float, typer.Option(min=0.01, help="seconds between sampled frames")] = 0.2,
    seed: Annotated[int, typer.Option(help="gives the same clips again")] = 0,
    layout: LayoutOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Say how well things are followed and changes seen, by the limits that decide it."""
    from benchmarks.video.following import Followed, measure_clip
    from pekit_agents.evaluation.clips.composing import compose_clips
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.profiles import load_profile

    tools = load_profile("embedded")
    dataset, photos = load_dataset(data, layout), photos_of("--backgrounds", backgrounds)
    found = Followed()
    with advancing() as step:
        step("composing clips", 0, clips)
        composed = compose_clips(dataset, photos, seed=seed, count=clips, extractor=tools.extractor)
        for number, clip in enumerate(composed.clips):
            step("following", number, clips)
            measure_clip(clip, found, every=every)
        step("following", clips, clips)
    if as_json:
        print_json(asdict(found))
        return
    _show_followed(found, f"{dataset.name}: {clips} clips (composed, not filmed)")


@dataclass(frozen=True, slots=True)
class _Work:
    """What is measured with what."""

    dataset: Dataset
    backgrounds: list[Path]
    composed: ClipSet
    tools: Profile
    root: Path
    every: float
    minutes: float
    seed: int
    step: Progress

    @property
    def memory(self) -> Path:
        return self.root / "memory"

    def remember(self) -> None:
        from pekit_agents.evaluation.clips.measuring import introduce
        from pekit_agents.kit.kit import PeKit

        introduce(PeKit.open(self.memory, profile=self.tools), self.composed.things)

    def of_clips(self) -> list[Row]:
        """Return the rows of passes, wrong identities and recall."""
        from benchmarks.video.targets import rows_of_clips
        from pekit_agents.evaluation.clips.measuring import (
            BASELINE,
            IN_VIDEO,
            Looking,
            SearchedClip,
            measure,
        )
        from pekit_agents.kit.kit import PeKit

        kit = PeKit.open(self.memory, profile=self.tools)
        clips = [SearchedClip(clip.truth, clip) for clip in self.composed.clips]
        looking = Looking(self.every)
        measured = measure(clips, kit, self.tools, looking=looking, progress=self.step)
        by_name = {each.name: each for each in measured}
        return list(rows_of_clips(by_name[BASELINE], by_name[IN_VIDEO]))

    def of_ram(self) -> Row:
        """Return the row of the RAM that a long clip takes, to that of one of its frames."""
        from benchmarks.video.long_clip import write_long_clip
        from benchmarks.video.targets import RAM, Row

        self.step("long clip", 0, 3)
        path, still = self.root / "long.mp4", self.root / "frame.png"
        frame = write_long_clip(
            self.dataset,
            self.backgrounds,
            path,
            known=[thing.name for thing in self.composed.things],
            minutes=self.minutes,
            extractor=self.tools.extractor,
            seed=self.seed,
        )
        frame.save(still)
        self.step("long clip", 1, 3)
        alone = _in_a_process("photo", memory=self.memory, source=still)
        self.step("long clip", 2, 3)
        whole = _in_a_process("clip", memory=self.memory, sources=[path], every=self.every)
        self.step("long clip", 3, 3)
        ratio = whole["MB"] / alone["MB"]
        words = f"peak RSS of {self.minutes:g} minutes in 1080p, MB, to one frame's search"
        return Row(words, alone["MB"], whole["MB"], ratio, RAM)

    def of_live(self) -> Row:
        """Return the row of how many frames of still cameras are searched in a second."""
        from benchmarks.video.targets import LIVE, Row
        from pekit_agents.evaluation.clips.writing import write_clip

        still = [clip for clip in self.composed.clips if clip.truth.group == "static"]
        files = []
        for number, clip in enumerate(still):
            self.step("still cameras", number, len(still) + 1)
            files.append(self.root / f"{clip.truth.name}.mp4")
            write_clip(clip, files[-1])
        warm = [str(self.composed.things[0].references[0])]
        done = _in_a_process("clip", memory=self.memory, sources=files, every=self.every, warm=warm)
        self.step("still cameras", len(still) + 1, len(still) + 1)
        words = "sampled frames a second of still cameras, two cores"
        return Row(words, None, done["a second"], done["a second"], LIVE, more=True)


def _in_a_process(work: str, **task: Any) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(_WORKER), work],
        input=json.dumps(task, default=str),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InvalidInput(f"this build cannot do `{work}`:\n{done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _show_followed(found: Followed, title: str) -> None:
    boxes = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("least correlation", "kept", "lost", "astray", "kept though gone"):
        boxes.add_column(heading, justify="right")
    for limit, n in found.by_alike.items():
        gone = f"{n['kept though gone']} of {n['gone']}"
        boxes.add_row(f"{limit:g}", str(n["kept"]), str(n["lost"]), str(n["astray"]), gone)
    console.print(boxes)
    frames = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("change of grey values", "still, where nothing came or went", "events missed"):
        frames.add_column(heading, justify="right")
    for limit, n in found.by_changed.items():
        still, missed = f"{n['still']} of {n['quiet']}", f"{n['missed']} of {n['events']}"
        frames.add_row(f"{limit:g}", still, missed)
    console.print(frames)
    cuts = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("correlation within a shot", "cuts found", "false cuts"):
        cuts.add_column(heading, justify="right")
    for limit, n in found.by_scene.items():
        cuts.add_row(
            f"{limit:g}", f"{n['found']} of {n['cuts']}", f"{n['false cut']} of {n['within']}"
        )
    console.print(cuts)


def _show(rows: list[Row], title: str, where: str) -> None:
    table = Table(title=title, caption=where, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("measure", overflow="fold")
    for heading in ("frame by frame", "in video", "reached", "target", "verdict"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        reached = "-" if row.reached is None else f"{row.reached:.2f}"
        if row.interval is not None:
            reached += f" [{row.interval[0]:.2f}, {row.interval[1]:.2f}]"
        table.add_row(
            plain(row.measure),
            "" if row.baseline is None else f"{row.baseline:.3g}",
            f"{row.here:.3g}",
            reached,
            f"{'>=' if row.more else '<='} {row.target:g}",
            _VERDICTS[row.passed],
        )
    console.print(table)
