"""``pekit eval``: how good is a configuration, on a data set or on one's own photos, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from pekit_agents.cli.evaluation_compare import compare_runs
from pekit_agents.cli.evaluation_cost import cost
from pekit_agents.cli.evaluation_frames import frames
from pekit_agents.cli.evaluation_options import (
    CacheOption,
    DataArgument,
    ForceOption,
    LayoutOption,
    ModeOption,
    OutOption,
    default_out,
    numbers,
    photos_of,
)
from pekit_agents.cli.evaluation_output import advancing, show_run
from pekit_agents.cli.evaluation_targets import targets
from pekit_agents.cli.evaluation_vqa import vqa
from pekit_agents.cli.options import JsonOption, ProfileOption, StrictnessOption, strict
from pekit_agents.errors import InvalidInput
from pekit_agents.protocols import SearchMode

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.corrected import Effect
    from pekit_agents.evaluation.records import Run

__all__ = ["evaluate"]

evaluate = typer.Typer(
    help="Measure how well things are recognised, on a data set or on your own photos.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

RefsOption = Annotated[str, typer.Option("--refs", help="numbers of references: 1,3")]
CountOption = Annotated[int, typer.Option("--refs", min=1, help="references of each thing")]
DrawsOption = Annotated[int, typer.Option(min=1, help="random draws of references")]
SeedOption = Annotated[int, typer.Option(help="of the first draw; the next add one each")]
HeldOutOption = Annotated[
    bool,
    typer.Option("--held-out", help="statistics of the embedded encoder from things not measured"),
]
StatisticsOption = Annotated[
    list[Path] | None,
    typer.Option("--statistics", help="with --held-out: photos of other things, for statistics"),
]
BaselinesOption = Annotated[bool, typer.Option(help="measure the baselines as well")]
NegativesOption = Annotated[
    Path | None, typer.Option(help="photos without any of the things, for the concept head")
]


@evaluate.command()
def recognition(
    data: DataArgument,
    refs: RefsOption = "1,3",
    draws: DrawsOption = 5,
    seed: SeedOption = 0,
    open_set: Annotated[
        bool, typer.Option(help="repeat each draw with half of the things unknown")
    ] = True,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    held_out: HeldOutOption = False,
    statistics: StatisticsOption = None,
    baselines: BaselinesOption = True,
    negatives: NegativesOption = None,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Name every thing in every photo (paper Tables 1 and 2), known and unknown."""
    from pekit_agents.evaluation.protocols import recognition as protocol

    counts = numbers("--refs", refs, int)
    options = _Options(
        data,
        layout,
        profile,
        mode,
        draws,
        seed,
        held_out,
        statistics,
        baselines,
        negatives,
        out,
        cache,
        force,
    )
    options.measure("recognition", lambda b: protocol(b, counts, open_set=open_set), as_json)


@evaluate.command()
def references(
    data: DataArgument,
    most: Annotated[int, typer.Option("--most", min=1, help="the most references")] = 4,
    draws: DrawsOption = 5,
    seed: SeedOption = 0,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    held_out: HeldOutOption = False,
    statistics: StatisticsOption = None,
    baselines: BaselinesOption = True,
    negatives: NegativesOption = None,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Introduce things with 1, 2, ... photos and search the same ones (paper Figure 5)."""
    from pekit_agents.evaluation.protocols import references as protocol

    options = _Options(
        data,
        layout,
        profile,
        mode,
        draws,
        seed,
        held_out,
        statistics,
        baselines,
        negatives,
        out,
        cache,
        force,
    )
    options.measure("references", lambda bench: protocol(bench, most), as_json)


@evaluate.command()
def growth(
    data: DataArgument,
    sizes: Annotated[str, typer.Option(help="how many things are remembered")] = "5,10,25,50,100",
    distractors: Annotated[
        Path | None, typer.Option(help="folder with further things, or photos, to remember")
    ] = None,
    refs: CountOption = 1,
    draws: DrawsOption = 5,
    seed: SeedOption = 0,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    held_out: HeldOutOption = False,
    statistics: StatisticsOption = None,
    baselines: BaselinesOption = True,
    negatives: NegativesOption = None,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remember ever more things: do false alarms grow?"""
    from pekit_agents.evaluation.protocols import growth as protocol

    counts = numbers("--sizes", sizes, int)
    options = _Options(
        data,
        layout,
        profile,
        mode,
        draws,
        seed,
        held_out,
        statistics,
        baselines,
        negatives,
        out,
        cache,
        force,
    )
    options.measure(
        "growth", lambda b: protocol(b, counts, refs=refs, distractors=distractors), as_json
    )


@evaluate.command()
def scenes(
    data: DataArgument,
    backgrounds: Annotated[Path, typer.Option(help="folder of photos without any of the things")],
    count: Annotated[int, typer.Option(min=1, help="scenes for each draw")] = 20,
    refs: CountOption = 3,
    draws: DrawsOption = 3,
    seed: SeedOption = 0,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    held_out: HeldOutOption = False,
    statistics: StatisticsOption = None,
    baselines: BaselinesOption = True,
    negatives: NegativesOption = None,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find several things in one photo: scenes composed with known boxes."""
    from pekit_agents.evaluation.protocols import scenes as protocol

    photos = photos_of("--backgrounds", backgrounds)
    options = _Options(
        data,
        layout,
        profile,
        mode,
        draws,
        seed,
        held_out,
        statistics,
        baselines,
        negatives,
        out,
        cache,
        force,
    )
    options.measure(
        "scenes",
        lambda b: protocol(b, photos, (b.out or Path()) / "scenes", refs=refs, count=count),
        as_json,
    )


@evaluate.command()
def ablation(
    data: DataArgument,
    profiles: Annotated[
        str, typer.Option("--profiles", help="profiles or TOML files: extractor, encoder")
    ] = "embedded",
    modes: Annotated[str, typer.Option(help="auto,scene,fast")] = "auto",
    thresholds: Annotated[str, typer.Option(help="values of tau beside the profile's")] = "",
    per_object: Annotated[
        bool, typer.Option("--per-object", help="also with a threshold for each object")
    ] = False,
    refs: CountOption = 3,
    draws: DrawsOption = 5,
    seed: SeedOption = 0,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put profiles, modes and thresholds side by side on the same draws."""
    from pekit_agents.evaluation.protocols import Variation
    from pekit_agents.evaluation.protocols import ablation as protocol

    taus = [None, *numbers("--thresholds", thresholds, float)] if thresholds else [None]
    variations = [
        Variation(profile.strip(), mode, tau, raised)
        for profile in profiles.split(",")
        for mode in _modes(modes)
        for tau in taus
        for raised in ((False, True) if per_object else (False,))
    ]
    first = variations[0]
    options = _Options(
        data,
        layout,
        first.profile,
        first.mode,
        draws,
        seed,
        held_out=False,
        statistics=None,
        baselines=False,
        negatives=None,
        out=out,
        cache=cache,
        force=force,
    )
    options.measure("ablation", lambda b: protocol(b, variations, refs=refs), as_json)


@evaluate.command()
def corrections(
    data: DataArgument,
    photos: Annotated[int, typer.Option(min=1, help="photos of each unknown thing to correct")] = 1,
    refs: CountOption = 3,
    strictness: StrictnessOption = None,
    draws: DrawsOption = 5,
    seed: SeedOption = 0,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    held_out: HeldOutOption = False,
    statistics: StatisticsOption = None,
    layout: LayoutOption = "auto",
    out: OutOption = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Reject look-alikes in one photo: are they still named in others?"""
    from pekit_agents.evaluation.corrected import effects
    from pekit_agents.evaluation.protocols import corrections as protocol

    options = _Options(
        data,
        layout,
        profile,
        mode,
        draws,
        seed,
        held_out,
        statistics,
        False,
        None,
        out,
        cache,
        force,
    )
    options.measure(
        "corrections",
        lambda b: protocol(b, refs=refs, photos=photos, strictness=strict(strictness)),
        as_json,
        effects,
    )


evaluate.command()(vqa)
evaluate.command()(cost)
evaluate.command()(frames)
evaluate.command("compare")(compare_runs)
evaluate.command()(targets)


@dataclass(frozen=True)
class _Options:
    """What the protocols' commands have in common."""

    data: Path
    layout: str
    profile: str
    mode: SearchMode
    draws: int
    seed: int
    held_out: bool
    statistics: list[Path] | None
    baselines: bool
    negatives: Path | None
    out: Path | None
    cache: Path | None
    force: bool

    def measure(
        self,
        name: str,
        protocol: Callable[[Bench], Run],
        as_json: bool,
        effects: Callable[[Run], Sequence[Effect]] = lambda _: (),
    ) -> None:
        """Run a protocol, write its report and print the table."""
        # First of all: it says at once what is not installed, and not after the last photo.
        from pekit_agents.evaluation.bench import Bench, default_cache
        from pekit_agents.evaluation.datasets import load_dataset
        from pekit_agents.evaluation.report import write_report

        dataset = load_dataset(self.data, self.layout)
        folder = self.out or default_out(dataset, name)
        bench = Bench(
            dataset,
            profile=self.profile,
            mode=self.mode,
            seeds=range(self.seed, self.seed + self.draws),
            with_baselines=self.baselines,
            negatives=photos_of("--negatives", self.negatives) if self.negatives else (),
            held_out=self.held_out,
            statistics=[p for f in self.statistics or [] for p in photos_of("--statistics", f)],
            cache=self.cache or default_cache(),
            out=folder,
            force=self.force,
        )
        with advancing() as step:
            bench = replace(bench, progress=step)
            run = protocol(bench)
        files = write_report([run], folder)
        show_run(
            run,
            as_json=as_json,
            folder=folder,
            report=files,
            cache=(bench.cache, bench.features.size()),
            unseen=sorted(bench.features.unseen),
            effects=effects(run),
        )


def _modes(text: str) -> list[SearchMode]:
    known: dict[str, SearchMode] = {mode: mode for mode in get_args(SearchMode)}
    try:
        return [known[part.strip()] for part in text.split(",")]
    except KeyError as exc:
        raise InvalidInput(f"expected --modes of {', '.join(known)}, found {exc}") from None
