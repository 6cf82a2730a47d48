"""``pekit eval``: how good is a configuration, on a data set or on one's own photos, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from pekit_agents.cli.evaluation.compare import compare_runs
from pekit_agents.cli.evaluation.cost import cost
from pekit_agents.cli.evaluation.frames import frames
from pekit_agents.cli.evaluation.kinds import kinds
from pekit_agents.cli.evaluation.measuring import Baselines, Draws, Files, Setup, Subject
from pekit_agents.cli.evaluation.options import DataArgument, numbers, photos_of
from pekit_agents.cli.evaluation.video import video
from pekit_agents.cli.evaluation.vqa import vqa
from pekit_agents.cli.options import StrictnessOption, strict
from pekit_agents.cli.signatures import grouped
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.scenes.arrangement import Arrangement
from pekit_agents.protocols import SearchMode

__all__ = ["commands", "evaluate"]

commands = typer.Typer()

evaluate = typer.Typer(
    help="Measure how well things are recognised, on a data set or on your own photos.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
commands.add_typer(evaluate, name="eval")

CountOption = Annotated[int, typer.Option("--refs", min=1, help="references of each thing")]
_FEW_DRAWS = Draws(3)


@evaluate.command()
@grouped
def recognition(
    *,
    data: DataArgument,
    refs: Annotated[str, typer.Option("--refs", help="numbers of references: 1,3")] = "1,3",
    draws: Draws,
    open_set: Annotated[
        bool, typer.Option(help="repeat each draw with half of the things unknown")
    ] = True,
    subject: Subject,
    baselines: Baselines,
    files: Files,
) -> None:
    """Name every thing in every photo (paper Tables 1 and 2), known and unknown."""
    from pekit_agents.evaluation.protocols import recognition as protocol

    counts = numbers("--refs", refs, int)
    setup = Setup(data, draws, subject, baselines, files)
    setup.measure("recognition", lambda bench: protocol(bench, counts, open_set=open_set))


@evaluate.command()
@grouped
def references(
    *,
    data: DataArgument,
    most: Annotated[int, typer.Option("--most", min=1, help="the most references")] = 4,
    draws: Draws,
    subject: Subject,
    baselines: Baselines,
    files: Files,
) -> None:
    """Introduce things with 1, 2, ... photos and search the same ones (paper Figure 5)."""
    from pekit_agents.evaluation.protocols import references as protocol

    setup = Setup(data, draws, subject, baselines, files)
    setup.measure("references", lambda bench: protocol(bench, most))


@evaluate.command()
@grouped
def growth(
    *,
    data: DataArgument,
    sizes: Annotated[str, typer.Option(help="how many things are remembered")] = "5,10,25,50,100",
    distractors: Annotated[
        Path | None, typer.Option(help="folder with further things, or photos, to remember")
    ] = None,
    refs: CountOption = 1,
    draws: Draws,
    subject: Subject,
    baselines: Baselines,
    files: Files,
) -> None:
    """Remember ever more things: do false alarms grow?"""
    from pekit_agents.evaluation.protocols import growth as protocol

    counts = numbers("--sizes", sizes, int)
    setup = Setup(data, draws, subject, baselines, files)
    setup.measure(
        "growth", lambda bench: protocol(bench, counts, refs=refs, distractors=distractors)
    )


@evaluate.command()
@grouped
def scenes(
    *,
    data: DataArgument,
    backgrounds: Annotated[Path, typer.Option(help="folder of photos without any of the things")],
    count: Annotated[int, typer.Option(min=1, help="scenes for each draw")] = 20,
    refs: CountOption = 3,
    arrangement: Annotated[
        Arrangement, typer.Option("--as", help="how things lie in them, and come")
    ] = "mixed",
    draws: Draws = _FEW_DRAWS,
    subject: Subject,
    baselines: Baselines,
    files: Files,
) -> None:
    """Find several things in one photo: scenes composed with known boxes."""
    from pekit_agents.evaluation.protocols import scenes as protocol

    photos = photos_of("--backgrounds", backgrounds)
    setup = Setup(data, draws, subject, baselines, files)
    setup.measure(
        "scenes",
        lambda b: protocol(
            b,
            photos,
            (b.out or Path()) / "scenes",
            refs=refs,
            count=count,
            arrangement=arrangement,
        ),
    )


@evaluate.command()
@grouped
def ablation(
    *,
    data: DataArgument,
    profiles: Annotated[
        str, typer.Option("--profiles", help="profiles or TOML files: extractor, encoder")
    ] = "embedded",
    modes: Annotated[str, typer.Option(help="auto,scene,fast")] = "auto",
    thresholds: Annotated[
        str, typer.Option(help="values of tau beside the profile's; without a discriminant only")
    ] = "",
    strictnesses: Annotated[
        str, typer.Option(help="recall,precision,0.1 beside the profile's; with one only")
    ] = "",
    refs: CountOption = 3,
    draws: Draws,
    files: Files,
) -> None:
    """Put profiles, modes, thresholds and strictnesses side by side on the same draws."""
    from pekit_agents.evaluation.protocols import Variation
    from pekit_agents.evaluation.protocols import ablation as protocol

    taus = numbers("--thresholds", thresholds, float) if thresholds else []
    words = [strict(part.strip()) for part in strictnesses.split(",")] if strictnesses else []
    variations = [
        variation
        for profile in profiles.split(",")
        for mode in _modes(modes)
        for variation in (
            Variation(profile.strip(), mode),
            *(Variation(profile.strip(), mode, threshold=tau) for tau in taus),
            *(Variation(profile.strip(), mode, strictness=word) for word in words),
        )
    ]
    first = Subject(variations[0].profile, variations[0].mode)
    setup = Setup(data, draws, first, Baselines(baselines=False), files)
    setup.measure("ablation", lambda bench: protocol(bench, variations, refs=refs))


@evaluate.command()
@grouped
def corrections(
    *,
    data: DataArgument,
    photos: Annotated[int, typer.Option(min=1, help="photos of each unknown thing to correct")] = 1,
    refs: CountOption = 3,
    strictness: StrictnessOption = None,
    draws: Draws,
    subject: Subject,
    files: Files,
) -> None:
    """Reject look-alikes in one photo: are they still named in others?"""
    from pekit_agents.evaluation.corrected import effects
    from pekit_agents.evaluation.protocols import corrections as protocol

    setup = Setup(data, draws, subject, Baselines(baselines=False), files)
    setup.measure(
        "corrections",
        lambda b: protocol(b, refs=refs, photos=photos, strictness=strict(strictness)),
        effects,
    )


evaluate.command()(kinds)
evaluate.command()(vqa)
evaluate.command()(cost)
evaluate.command()(frames)
evaluate.command()(video)
evaluate.command("compare")(compare_runs)


def _modes(text: str) -> list[SearchMode]:
    known: dict[str, SearchMode] = {mode: mode for mode in get_args(SearchMode)}
    try:
        return [known[part.strip()] for part in text.split(",")]
    except KeyError as exc:
        raise InvalidInput(f"expected --modes of {', '.join(known)}, found {exc}") from None
