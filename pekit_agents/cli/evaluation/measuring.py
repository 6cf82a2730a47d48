"""What the commands of ``pekit eval`` that run a protocol are asked, and how they run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pekit_agents.cli.evaluation.options import (
    CacheOption,
    ForceOption,
    LayoutOption,
    ModeOption,
    OutOption,
    default_out,
    photos_of,
)
from pekit_agents.cli.evaluation.output import advancing, show_run
from pekit_agents.cli.options import JsonOption, ProfileOption

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.corrected import Effect
    from pekit_agents.evaluation.records import Dataset, Run

__all__ = ["Baselines", "Done", "Draws", "Files", "Setup", "Subject"]


@dataclass(frozen=True, slots=True)
class Draws:
    """The random draws of what is remembered, and from which photos."""

    draws: Annotated[int, typer.Option(min=1, help="random draws of references")] = 5
    seed: Annotated[int, typer.Option(help="of the first draw; the next add one each")] = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured."""

    profile: ProfileOption = "embedded"
    mode: ModeOption = "auto"
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out", help="calibrate the embedded encoder on things that are not measured"
        ),
    ] = False
    more: Annotated[
        list[Path] | None,
        typer.Option(help="with --held-out: further data sets of things to calibrate on"),
    ] = None
    statistics: Annotated[
        list[Path] | None,
        typer.Option(help="with --held-out: photos of anything else, for statistics"),
    ] = None


@dataclass(frozen=True, slots=True)
class Baselines:
    """What it is compared with."""

    baselines: Annotated[bool, typer.Option(help="measure the baselines as well")] = True
    negatives: Annotated[
        Path | None, typer.Option(help="photos without any of the things, for the concept head")
    ] = None


@dataclass(frozen=True, slots=True)
class Files:
    """What is read and written where."""

    layout: LayoutOption = "auto"
    out: OutOption = None
    cache: CacheOption = None
    force: ForceOption = False
    as_json: JsonOption = False


@dataclass(frozen=True, slots=True)
class Done:
    """What a protocol measured, where, and the files of its report."""

    run: Run
    bench: Bench
    folder: Path
    report: list[Path]


@dataclass(frozen=True, slots=True)
class Setup:
    """All that a protocol is measured with."""

    data: Path
    draws: Draws
    subject: Subject
    baselines: Baselines
    files: Files

    def measure(
        self,
        name: str,
        protocol: Callable[[Bench], Run],
        effects: Callable[[Run], Sequence[Effect]] = lambda _: (),
    ) -> None:
        """Run a protocol, write its report and print the table."""
        done = self.carry_out(name, protocol)
        show_run(
            done.run,
            as_json=self.files.as_json,
            folder=done.folder,
            report=done.report,
            cache=(done.bench.cache, done.bench.features.size()),
            unseen=sorted(done.bench.features.unseen),
            effects=effects(done.run),
        )

    def carry_out(self, name: str, protocol: Callable[[Bench], Run]) -> Done:
        """Run a protocol and write its report."""
        # First of all: it says at once what is not installed, and not after the last photo.
        from pekit_agents.evaluation.datasets import load_dataset
        from pekit_agents.evaluation.report import write_report

        dataset = load_dataset(self.data, self.files.layout)
        folder = self.files.out or default_out(dataset, name)
        bench = self._bench(dataset, folder)
        with advancing() as step:
            bench = replace(bench, progress=step)
            run = protocol(bench)
        return Done(run, bench, folder, write_report([run], folder))

    def _bench(self, dataset: Dataset, folder: Path) -> Bench:
        from pekit_agents.evaluation.bench import Bench, default_cache
        from pekit_agents.evaluation.datasets import load_dataset

        negatives, statistics = self.baselines.negatives, self.subject.statistics or []
        return Bench(
            dataset,
            profile=self.subject.profile,
            mode=self.subject.mode,
            seeds=range(self.draws.seed, self.draws.seed + self.draws.draws),
            with_baselines=self.baselines.baselines,
            negatives=photos_of("--negatives", negatives) if negatives else (),
            held_out=self.subject.held_out,
            more=[load_dataset(each) for each in self.subject.more or []],
            statistics=[p for each in statistics for p in photos_of("--statistics", each)],
            cache=self.files.cache or default_cache(),
            out=folder,
            force=self.files.force,
        )
