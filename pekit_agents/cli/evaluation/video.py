"""``pekit eval video``: timelines of clips beside `find` frame by frame."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pekit_agents.cli.evaluation.options import DataArgument, LayoutOption, ModeOption, photos_of
from pekit_agents.cli.evaluation.output import advancing, between
from pekit_agents.cli.options import JsonOption, ProfileOption, StrictnessOption, strict
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import plain, print_json, say
from pekit_agents.errors import InvalidInput
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.evaluation.clips.measuring import Measured, SearchedClip
    from pekit_agents.evaluation.records import Thing
    from pekit_agents.evaluation.runs.running import Progress
    from pekit_agents.profiles import Profile

__all__ = ["video"]

_ANNOTATIONS = "this-is-my-dataset"
_MEASURES = {
    "recall": ("found, %", 100, 1),
    "precision": ("sightings right, %", 100, 1),
    "wrong": ("wrong a minute", 1, 2),
    "wrong_seconds": ("seconds wrong a minute", 1, 2),
    "late": ("seconds late", 1, 2),
    "switches": ("switches a minute", 1, 2),
    "covered": ("time in sight named, %", 100, 1),
    "passes": ("passes a second", 1, 2),
}


def video(
    data: DataArgument,
    backgrounds: Annotated[
        Path | None,
        typer.Option(help="folder of photos without any of the things, to compose clips on"),
    ] = None,
    count: Annotated[int, typer.Option("--clips", min=1, help="how many to compose")] = 20,
    kinds: Annotated[str, typer.Option(help="which kinds, in turns")] = "static,handheld,pan,cuts",
    every: Annotated[float, typer.Option(min=0.01, help="seconds between sampled frames")] = 0.2,
    refs: Annotated[int, typer.Option(min=1, help="references of each thing")] = 3,
    seed: Annotated[int, typer.Option(help="gives the same clips again")] = 0,
    write: Annotated[
        Path | None,
        typer.Option(help="write the composed clips to this folder, and search the files"),
    ] = None,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    strictness: StrictnessOption = None,
    layout: LayoutOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Say which thing is when and where in clips, beside `find` frame by frame.

    The clips are composed of the photos of the data set, and not filmed; a folder with videos and
    annotations of This-Is-My is searched as it is.
    """
    from pekit_agents.evaluation.clips.measuring import Looking, introduce, measure
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import load_profile

    tools = load_profile(profile)
    looking = Looking(every, mode, strict(strictness))
    with ExitStack() as stack:
        step = stack.enter_context(advancing())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pekit-video-")))
        filmed = (data / _ANNOTATIONS).is_dir()
        if filmed:
            searched = _filmed(data, folder, refs, step)
        else:
            asked = _Composed(data, layout, backgrounds, kinds, count, refs, seed, write)
            searched = asked.searched(tools, step)
        kit = PeKit.open(folder / "memory", profile=tools)
        unseen = introduce(kit, searched.things)
        measured = measure(searched.clips, kit, tools, looking=looking, progress=step)
    groups = list(dict.fromkeys(clip.truth.group for clip in searched.clips))
    if as_json:
        print_json(
            {
                "clips": "filmed" if filmed else "composed from photos, and not filmed",
                "every": every,
                "seed": None if filmed else seed,
                "things": [thing.name for thing in searched.things],
                "references_without_object": [str(path) for path in unseen],
                "systems": [each.to_dict() for each in measured],
                "groups": {
                    group: [each.of(group).to_dict() for each in measured] for group in groups
                },
                "written": None if write is None else str(write),
            }
        )
        return
    _show(measured, groups, filmed=filmed)
    if unseen:
        names = ", ".join(path.name for path in unseen[:5])
        say(f"No object was found in {len(unseen)} reference photos, which were left out: {names}")
    if write is not None:
        say(f"Clips: {write}")


@dataclass(frozen=True, slots=True)
class _Searched:
    """What is remembered, and what is searched."""

    things: tuple[Thing, ...]
    clips: tuple[SearchedClip, ...]


@dataclass(frozen=True, slots=True)
class _Composed:
    """What was asked of composed clips."""

    data: Path
    layout: str
    backgrounds: Path | None
    kinds: str
    count: int
    refs: int
    seed: int
    write: Path | None

    def searched(self, tools: Profile, step: Progress) -> _Searched:
        from pekit_agents.evaluation.clips.composing import compose_clips
        from pekit_agents.evaluation.clips.measuring import SearchedClip
        from pekit_agents.evaluation.datasets import load_dataset

        if self.backgrounds is None:
            raise InvalidInput(
                "expected --backgrounds, a folder of photos without any of the things, to compose "
                f"clips on; or {self.data / _ANNOTATIONS}, annotations of videos to search as "
                "they are"
            )
        dataset = load_dataset(self.data, self.layout)
        step("composing clips", 0, self.count)
        kinds: Any = [kind.strip() for kind in self.kinds.split(",") if kind.strip()]
        composed = compose_clips(
            dataset,
            photos_of("--backgrounds", self.backgrounds),
            seed=self.seed,
            count=self.count,
            kinds=kinds,
            references=self.refs,
            extractor=tools.extractor,
        )
        sources: list[Any] = list(composed.clips)
        if self.write is not None:
            from pekit_agents.evaluation.clips.writing import write_clips

            sources = list(
                write_clips(
                    composed,
                    self.write,
                    progress=lambda done, total: step("writing clips", done, total),
                )
            )
        pairs = zip(composed.clips, sources, strict=True)
        clips = tuple(SearchedClip(clip.truth, source) for clip, source in pairs)
        return _Searched(composed.things, clips)


def _filmed(data: Path, folder: Path, refs: int, step: Progress) -> _Searched:
    from pekit_agents.evaluation.clips.filmed import filmed_clips

    return _Searched(
        *filmed_clips(
            data,
            folder / "frames",
            references=refs,
            progress=lambda done, total: step("references", done, total),
        )
    )


def _show(measured: list[Measured], groups: list[str], *, filmed: bool) -> None:
    whole = measured[0].total
    how = "filmed" if filmed else "composed, not filmed"
    title = (
        f"{counted(len(measured[0].scores), 'clip')} ({how}), {whole.seconds:.0f} s, "
        f"{counted(whole.appearances, 'appearance')}; 95 % intervals over clips"
    )
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("measure", overflow="fold")
    for each in measured:
        table.add_column(plain(each.name), justify="right", no_wrap=True)
    totals = [each.total for each in measured]
    table.add_row("found", *(f"{t.found} of {t.appearances}" for t in totals))
    table.add_row("sightings right", *(f"{t.right} of {t.sightings}" for t in totals))
    table.add_row("sightings wrong", *(str(t.wrong) for t in totals))
    table.add_row("undecided", *(str(t.undecided) for t in totals))
    table.add_row("switches", *(str(t.switches) for t in totals), end_section=True)
    estimates = [each.estimates() for each in measured]
    for name, (words, factor, digits) in _MEASURES.items():
        table.add_row(words, *(between(each[name], factor, digits) for each in estimates))
    table.add_section()
    for group in groups if len(groups) > 1 else ():
        parts = [each.of(group).total for each in measured]
        cells = [f"{p.found} of {p.appearances}, {p.wrong} wrong" for p in parts]
        table.add_row(plain(group), *cells)
    console.print(table)
