"""``pekit calibrate``: fits what makes a profile know probabilities and take a strictness."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pekit_agents.cli.evaluation.options import CacheOption, photos_of
from pekit_agents.cli.evaluation.output import advancing
from pekit_agents.cli.new_files import require_new_file
from pekit_agents.cli.options import ForceOption, JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import plain, print_json, say
from pekit_agents.errors import InvalidInput
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.evaluation.calibrating.report import Bin, KindResult, Report
    from pekit_agents.evaluation.metrics.bootstrap import Estimate
    from pekit_agents.profiles import Profile

__all__ = ["calibrate", "commands", "show_report"]

commands = typer.Typer()

_ROUGH = 15  # things: fewer give rough numbers


@commands.command()
def calibrate(
    things: Annotated[
        list[Path], typer.Argument(help="data sets of things, see `pekit eval`; one or more")
    ],
    profile: Annotated[
        str,
        typer.Option(
            "--profile", "-p", envvar="PEKIT_PROFILE", help="whose encoder: a name or a TOML file"
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="the file to write (.npz)")],
    background: Annotated[
        list[Path] | None, typer.Option(help="folder with photos of anything else")
    ] = None,
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit the discriminant of a profile's encoder to photos of things, several of them alike.

    Things of one category (categories.json beside their folders) are of one kind: photos of others
    of its kind are what a thing is told from.
    """
    from pekit_agents.calibration import write_calibration
    from pekit_agents.evaluation.bench import default_cache, tools_of
    from pekit_agents.evaluation.calibrating.making import calibrate as run_calibrate
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.profiles import RECIPES

    _check_target(out, force)
    chosen = _uncalibrated(profile)
    with advancing() as step:
        made, report = run_calibrate(
            chosen,
            [load_dataset(folder) for folder in things],
            background=[p for each in background or [] for p in photos_of("--background", each)],
            cache=cache or default_cache(),
            tools=tools_of(profile),
            progress=step,
        )
    write_calibration(out, made)
    if as_json:
        scale = {"slope": made.discriminant.slope, "offset": made.discriminant.offset}
        print_json({"out": str(out), "encoder_id": made.encoder_id, **scale, **asdict(report)})
        return
    show_report(report)
    say(f"Slope {made.discriminant.slope:.3f}, offset {made.discriminant.offset:.2f}.")
    say(f"Calibration: {out}")
    if profile.endswith(".toml"):
        say(f'Add to {profile}, above its tables: calibration = "{_beside(out, profile)}"')
    elif profile in RECIPES:
        say(f'Name it in a profile of your own: base = "{profile}", calibration = "{out}"')
    else:
        say(f'In Python: calibrated_profile(load_profile("{profile}"), "{out}")')


def show_report(report: Report) -> None:
    """Print what cross-validation found: what is named, and what probabilities are worth."""
    others = counted(report.background, "photo")
    say(
        f"{counted(report.photos, 'photo')} of {report.things} things, {report.tried} of them "
        f"tried among others of their kind; {others} of anything else"
    )
    console.print(_table_of(report.rows))
    console.print(_reliability(report.bins))
    say(f"Expected calibration error: {report.deviation:.3f}")
    whole = report.rows[0]
    if (whole.others_named.mean or 0.0) > (whole.others_by_cosine.mean or 0.0):
        say("A threshold on cosines tells these things apart better: fit to more things.")
    if report.tried < _ROUGH:
        tried = counted(report.tried, "thing was", "things were")
        say(f"These are rough numbers: {tried} tried, {_ROUGH} are better.")


def _table_of(rows: Sequence[KindResult]) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        title="a thing alone in memory, judged by what was fitted without it",
        padding=(0, 1, 0, 0),
    )
    table.add_column("kind", overflow="fold")
    for heading in ("refs", "named", "or possible", "others named", "P >= 0.8", "by cosine"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            plain(row.kind or "all kinds"),
            str(row.refs),
            plain(_between(row.own_named)),
            _share(row.own_possible.mean),
            plain(_between(row.others_named)),
            _share(row.others_sure.mean),
            _share(row.others_by_cosine.mean),
        )
    return table


def _reliability(bins: Sequence[Bin]) -> Table:
    table = Table(
        box=SIMPLE_HEAD, title="what probabilities are worth, own photos and others' half and half"
    )
    for heading in ("probability", "mean", "found", "trials"):
        table.add_column(heading, justify="right")
    for each in bins:
        table.add_row(
            f"{each.low:g} - {each.high:g}",
            _share(each.said),
            plain(_between(each.found)),
            str(each.photos),
        )
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _between(found: Estimate) -> str:
    """Return a share with its 95 % interval over things."""
    if found.interval is None:
        return _share(found.mean)
    return f"{_share(found.mean)} [{found.interval[0]:.2f}, {found.interval[1]:.2f}]"


def _uncalibrated(profile: str) -> Profile:
    """Return a profile; a TOML file's without the calibration that it names."""
    from pekit_agents.profiles import build_profile, load_profile, recipe_of

    if profile.endswith(".toml"):
        return build_profile(replace(recipe_of(profile), calibration=None))
    return load_profile(profile)


def _check_target(out: Path, force: bool) -> None:
    """Refuse a file that cannot or should not be written, before any work."""
    if out.suffix.lower() != ".npz":
        raise InvalidInput(f"expected --out with .npz, found {str(out)!r}")
    require_new_file(out, "out", force=force)


def _beside(out: Path, profile: str) -> str:
    """Return the file's name as the profile's own file has it."""
    return Path(os.path.relpath(out, Path(profile).parent)).as_posix()
