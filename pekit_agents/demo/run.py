"""``pekit demo``: remember a few objects, find them in composed scenes, show what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pekit_agents.boxes import containment
from pekit_agents.demo.scenes import OBJECTS, SCENES, compose, photo_path
from pekit_agents.errors import InvalidInput
from pekit_agents.kit.kit import PeKit
from pekit_agents.prompting.match_text import chances_of

if TYPE_CHECKING:
    from rich.console import Console

    from pekit_agents.demo.scenes import Scene
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import Box, Match

__all__ = ["SceneResult", "judge", "run_demo"]

_INSIDE = 0.7  # share of a box that must lie on the print of its object
_UNKNOWN = "(an unknown thing)"
_QUESTION = "What do you see, and what do you know about it?"


@dataclass(frozen=True, slots=True, eq=False)
class SceneResult:
    """One scene: what was found, and how that compares with what was laid out.

    Attributes:
        scene: The scene.
        finding: What ``find`` returned.
        verdicts: One row for each print and for each match that is on no print of its object:
            (name, match or None, verdict).
    """

    scene: Scene
    finding: Finding
    verdicts: tuple[tuple[str, Match | None, str], ...]

    @property
    def right(self) -> bool:
        """Whether every object was named, and nothing else was; it may be asked about."""
        return all(
            verdict in ("found", "left alone") or (verdict, name) == ("asked about", _UNKNOWN)
            for name, _, verdict in self.verdicts
        )


def run_demo(out: Path, console: Console) -> list[SceneResult]:
    """Run the demo, write its pictures and prompts, and print what it did.

    Args:
        out: Folder for the files; it is created. Files of an earlier demo are replaced.
        console: Where to print.

    Returns:
        The scenes' results.

    Raises:
        InvalidInput: Nothing can be written to the folder.
        MissingDependency: The embedded model or the photos are not installed.
    """
    with _written_to(out):
        out.mkdir(parents=True, exist_ok=True)
    console.print(
        "The scenes are [bold]composed[/bold]: prints of photos from the scikit-image package, "
        "moved, scaled, turned and recoloured, among things nobody introduced. One object is "
        "seen from a place it was never remembered from: Ruby, by a second camera."
    )
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        task = progress.add_task("loading the embedded model")
        kit = PeKit.open(folder, user_id="ann")
        for thing in OBJECTS:
            progress.update(task, description=f"remembering {thing.name}")
            kit.remember(
                thing.name,
                photo_path(thing.photo),
                category=thing.category,
                context=thing.context,
            )
        results = []
        for number, scene in enumerate(SCENES, start=1):
            progress.update(task, description=f"searching scene {number}")
            results.append(_search(kit, scene, out, number))
    _report(results, out, console)
    return results


def judge(
    finding: Finding, truth: list[tuple[str | None, Box]]
) -> tuple[tuple[str, Match | None, str], ...]:
    """Compare a finding with what was laid out.

    Args:
        finding: What was found.
        truth: For each print its object, None for an unknown thing, and its box in pixels.

    Returns:
        Rows of (name, match or None, verdict). The verdict is "found"; "asked about" where there
        is only a possible match; "missed"; "left alone"; or "wrong" for a match that names an
        object and lies on no print of it.
    """
    rows: list[tuple[str, Match | None, str]] = []
    unused = list(finding.matches)
    for name, place in truth:
        on_print = [match for match in unused if _lies_on(match.box, place)]
        hit = next((match for match in on_print if match.object.name == name), None)
        asked = next((match for match in finding.possible if _lies_on(match.box, place)), None)
        if hit is not None:
            unused.remove(hit)
            rows.append((name or "", hit, "found"))
        elif asked is not None and not on_print:
            rows.append((name or _UNKNOWN, asked, "asked about"))
        elif name is not None:
            rows.append((name, None, "missed"))
        elif not on_print:
            rows.append((_UNKNOWN, None, "left alone"))
    rows += [(match.object.name, match, "wrong") for match in unused]
    return tuple(rows)


def _lies_on(box: Box, place: Box) -> bool:
    shared = containment(np.array([box.xyxy]), np.array([place.xyxy]))[0, 0]
    return bool(shared >= _INSIDE)


@contextmanager
def _written_to(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise InvalidInput(
            f"expected a folder that can be written to, found {out}: {exc.strerror or exc}; "
            "choose another folder"
        ) from exc


def _search(kit: PeKit, scene: Scene, out: Path, number: int) -> SceneResult:
    picture, truth = compose(scene)
    finding = kit.find(picture)
    prompt = kit.prompt(finding, _QUESTION)
    with _written_to(out):
        prompt.image.save(out / f"scene-{number}.png")
        (out / f"scene-{number}.txt").write_text(prompt.text + "\n", encoding="utf-8")
    return SceneResult(scene, finding, judge(finding, truth))


def _report(results: list[SceneResult], out: Path, console: Console) -> None:
    colours = {
        "found": "green",
        "left alone": "green",
        "asked about": "yellow",
        "missed": "yellow",
        "wrong": "red",
    }
    table = Table(title="What was laid out, and what was found")
    for column in ("scene", "name", "probability", "box (xyxy, px)", "verdict"):
        table.add_column(column, justify="right" if column == "probability" else "left")
    for number, result in enumerate(results, start=1):
        for index, (name, match, verdict) in enumerate(result.verdicts):
            where = ", ".join(f"{edge:.0f}" for edge in match.box.xyxy) if match else ""
            table.add_row(
                f"{number}: {result.scene.title}" if index == 0 else "",
                name,
                chances_of(match) if match else "",
                where,
                f"[{colours[verdict]}]{verdict}[/]",
            )
        table.add_section()
    console.print(table)
    console.print(f"Annotated pictures and prompts: {out.resolve()}", soft_wrap=True)
    for number in range(1, len(results) + 1):
        console.print(f"  scene-{number}.png, scene-{number}.txt")
