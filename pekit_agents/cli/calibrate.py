"""``pekit calibrate``: what makes a profile's threshold follow from a rate of false alarms."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pekit_agents.cli.evaluation_options import CacheOption
from pekit_agents.cli.evaluation_output import advancing
from pekit_agents.cli.options import ForceOption, JsonOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import plain, print_json, say
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from pekit_agents.calibrating.assessing import Row
    from pekit_agents.calibrating.making import Report
    from pekit_agents.encoder_calibration import EncoderCalibration
    from pekit_agents.evaluation.intervals import Estimate
    from pekit_agents.profiles import Profile

__all__ = ["calibrate", "show_calibration", "show_rows"]

_ROUGH = 15  # things: fewer give rough numbers


def calibrate(
    photos: Annotated[Path, typer.Argument(help="a folder; a subfolder shows one thing")],
    profile: Annotated[
        str,
        typer.Option(
            "--profile", "-p", envvar="PEKIT_PROFILE", help="whose encoder: a name or a TOML file"
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="the file to write (.npz)")],
    category: Annotated[
        str, typer.Option("--category", "-c", help="what the photos show, for tools with words")
    ] = "object",
    cache: CacheOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a profile's encoder on photos of all kinds of things, for `strictness`."""
    from pekit_agents.calibrating.making import calibrate as run_calibrate
    from pekit_agents.encoder_calibration import write_calibration
    from pekit_agents.evaluation.bench import default_cache, tools_of

    _check_target(out, force)
    chosen = _uncalibrated(profile)
    with advancing() as step:
        measured, report = run_calibrate(
            chosen,
            photos,
            category=category,
            cache=cache or default_cache(),
            tools=f"{tools_of(profile)}, plain",
            progress=step,
        )
    write_calibration(out, measured)
    if as_json:
        print_json({"out": str(out), **_numbers(measured), **asdict(report)})
        return
    show_calibration(measured, report)
    say(f"Calibration: {out}")
    if profile.endswith(".toml"):
        say(f'Add to {profile}, above its tables: calibration = "{_beside(out, profile)}"')
    else:
        say(f'Name it in a profile of your own: base = "{profile}", calibration = "{out}"')


def show_calibration(measured: EncoderCalibration, report: Report) -> None:
    """Print what was measured, and how well it holds."""
    say(
        f"{report.photos} photos of {report.things} things, {report.own} of them remembered in the "
        f"trials; {report.regions} regions; {measured.encoder_id}"
    )
    table = Table(box=SIMPLE_HEAD, title="right name first, at the rate asked for")
    table.add_column("features")
    for row in report.plain:
        table.add_column(_references(row), justify="right")
    kinds = (("as the encoder gives them", report.plain), ("centred, whitened", report.whitened))
    for (name, rows), taken in zip(kinds, _taken(measured), strict=True):
        mark = " (taken)" if taken else ""
        table.add_row(name + mark, *(_share(row.right.mean) for row in rows))
    console.print(table)
    show_rows("in trials of one look at each photo", report.trials)
    looks = (("one look", report.once), ("looking twice", report.twice))
    for (name, rows), taken in zip(looks, (measured.doubt == 0, measured.doubt > 0), strict=True):
        show_rows(f"searched, {name}{' (taken)' if taken else ''}", rows)
    found = measured.calibration
    say(
        f"Strangers: scale {found.scale:.3f}, regions {found.regions:.2f}, margin "
        f"{measured.margin:.3f}, least {measured.least:.3f}. Right object: {found.mean:.2f} +- "
        f"{found.deviation:.2f}. Ambiguity {measured.ambiguity:.3f}, doubt {measured.doubt:.3f}. "
        "Near twins: not measured."
    )
    if report.own < _ROUGH:
        say(f"These are rough numbers: {report.own} things were remembered, {_ROUGH} are better.")


def show_rows(title: str, rows: Sequence[Row]) -> None:
    """Print what was found at some rates as a table."""
    table = Table(box=SIMPLE_HEAD, title=title)
    for column in ("asked", "references", "false alarms", "photos", "right name first", "photos"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row.asked:g}",
            _references(row),
            plain(_between(row.alarms)),
            str(row.alarm_photos),
            plain(_between(row.right)),
            str(row.right_photos),
        )
    console.print(table)


def _references(row: Row) -> str:
    return "1 reference" if row.refs == 1 else f"up to {row.refs}"


def _taken(measured: EncoderCalibration) -> tuple[bool, bool]:
    return measured.whitening is None, measured.whitening is not None


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _between(found: Estimate) -> str:
    """Return a share with its 95 % interval over things."""
    if found.interval is None:
        return _share(found.mean)
    return f"{_share(found.mean)} [{found.interval[0]:.3f}, {found.interval[1]:.3f}]"


def _numbers(measured: EncoderCalibration) -> dict[str, object]:
    return {
        "encoder_id": measured.encoder_id,
        "whitened": measured.whitening is not None,
        "calibration": asdict(measured.calibration),
        **{
            name: getattr(measured, name)
            for name in ("max_weight", "margin", "least", "itself", "ambiguity", "doubt")
        },
    }


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
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise InvalidInput(
            f"expected a folder to write {out.name} in, found none that can be written at "
            f"{out.parent}"
        )
    if out.is_dir() or (out.exists() and not force):
        raise InvalidInput(f"{out} is there already; give another --out or add --force")


def _beside(out: Path, profile: str) -> str:
    """Return the file's name as the profile's own file has it."""
    return Path(os.path.relpath(out, Path(profile).parent)).as_posix()
