"""The ``pekit`` command: the toolkit at a terminal.

Results go to standard output (a table, or JSON with ``--json``), progress to standard error.
Exit codes: 0 done, 1 a :class:`PeKitError` (said in one sentence), 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pekit_agents.cli_describe import describe
from pekit_agents.errors import InvalidInput, PeKitError
from pekit_agents.protocols import SearchMode

if TYPE_CHECKING:
    from pekit_agents.finding import Finding
    from pekit_agents.kit import PeKit
    from pekit_agents.types import PersonalObject

__all__ = ["app", "main"]

app = typer.Typer(
    help="A visual memory of your own things for any vision-language agent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console()
_err = Console(stderr=True)

MemoryOption = Annotated[
    Path, typer.Option("--memory", "-m", envvar="PEKIT_MEMORY", help="directory of the memory")
]
UserOption = Annotated[str, typer.Option("--user", "-u", envvar="PEKIT_USER", help="whose memory")]
ProfileOption = Annotated[
    str, typer.Option("--profile", "-p", envvar="PEKIT_PROFILE", help="which vision tools")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="write the annotated picture (.png, .jpg)")
]
ForceOption = Annotated[bool, typer.Option("--force", help="replace a file that is there")]

_MEMORY = Path("pekit-memory")


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder for pictures and prompts")
    ] = Path("pekit-demo"),
) -> None:
    """Remember a few objects and find them in composed scenes."""
    from pekit_agents.demo import run_demo

    results = run_demo(out, _out)
    if not all(result.right for result in results):
        raise typer.Exit(1)


@app.command()
def remember(
    name: Annotated[str, typer.Argument(help="what you call it")],
    photos: Annotated[list[Path], typer.Argument(help="one photo or several")],
    category: Annotated[str, typer.Option("--category", "-c", help='what it is: "dog"')],
    context: Annotated[str, typer.Option("--context", help="anything to know about it")] = "",
    box: Annotated[
        str | None, typer.Option("--box", help="where it is in the one photo: X0,Y0,X1,Y1")
    ] = None,
    memory: MemoryOption = _MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Introduce an object with one photo or several."""
    from pekit_agents.views import Reference

    if box is not None and len(photos) != 1:
        raise typer.BadParameter(f"--box goes with one photo, found {len(photos)}")
    images = [Reference(photo, box=_numbers(box) if box else None) for photo in photos]
    kit = _open(memory, user, profile)
    with _working("remembering") as say:
        obj = kit.remember(
            name,
            images,
            category=category,
            context=context,
            progress=lambda done, total: say(f"remembering: photo {done} of {total}"),
        )
    _show_objects([obj], as_json, title="Remembered")


@app.command()
def find(
    photo: Annotated[Path, typer.Argument(help="the photo to search")],
    out: OutOption = None,
    mode: Annotated[
        SearchMode, typer.Option(help="look once, close up as well, or as the photo needs")
    ] = "auto",
    threshold: Annotated[
        float | None, typer.Option(help="similarity to accept, in place of the profile's")
    ] = None,
    force: ForceOption = False,
    memory: MemoryOption = _MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Find your objects in a photo."""
    _check_target(out, force)
    kit = _open(memory, user, profile)
    with _working("searching"):
        finding = kit.find(photo, mode=mode, threshold=threshold)
    if out is not None:
        finding.annotated.save(out)
    _show_finding(finding, as_json, out)


@app.command()
def prompt(
    photo: Annotated[Path, typer.Argument(help="the photo to ask about")],
    question: Annotated[str, typer.Argument(help="the question; empty asks for a caption")] = "",
    out: OutOption = None,
    force: ForceOption = False,
    memory: MemoryOption = _MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Print the instruction that lets any LVLM answer about your objects."""
    _check_target(out, force)
    kit = _open(memory, user, profile)
    with _working("searching"):
        made = kit.prompt(photo, question)
    if out is not None:
        made.image.save(out)
    if as_json:
        _print_json(
            {
                "text": made.text,
                "matches": [match.to_dict() for match in made.matches],
                "picture": None if out is None else str(out),
            }
        )
        return
    _out.print(made.text, markup=False, highlight=False, soft_wrap=True)


app.command()(describe)


@app.command("list")
def list_objects(
    memory: MemoryOption = _MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """List what is remembered."""
    objects = _open(memory, user, profile).objects()
    if not objects and not as_json:
        _out.print(f"Nothing is remembered yet in {memory} for user {user!r}.", markup=False)
        return
    _show_objects(objects, as_json, title="Remembered")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="the object's name or id")],
    memory: MemoryOption = _MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Show everything that is stored about one object."""
    obj = _open(memory, user, profile).get(name)
    if as_json:
        _print_json(obj.to_dict())
        return
    table = Table(show_header=False)
    for key, value in obj.to_dict().items():
        table.add_row(key.replace("_", " "), _plain(value))
    _out.print(table)


@app.command()
def forget(
    name: Annotated[str, typer.Argument(help="the object's name or id")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    memory: MemoryOption = _MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Forget an object for good."""
    kit = _open(memory, user, profile)
    obj = kit.get(name)
    if not yes:
        typer.confirm(f"Forget {obj.name} and its {obj.n_views} views for good?", abort=True)
    kit.forget(obj.object_id)
    if as_json:
        _print_json({"forgotten": obj.to_dict()})
        return
    _out.print(f"Forgot {obj.name}.", markup=False)


@app.command()
def doctor(
    memory: MemoryOption = _MEMORY,
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Say what is installed, which profiles can run, and where things are."""
    from pekit_agents.diagnosis import diagnose

    report = diagnose(memory, profile)
    if as_json:
        _print_json(report.to_dict())
    else:
        report.print(_out)
    if not report.usable:
        raise typer.Exit(1)


def main() -> None:
    """Run ``pekit``; an error of the toolkit is one line and exit code 1."""
    try:
        app()
    except PeKitError as exc:
        _err.print(f"pekit: {exc}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _open(memory: Path, user: str, profile: str) -> PeKit:
    from pekit_agents.kit import PeKit

    return PeKit.open(memory, profile=profile, user_id=user)


@contextmanager
def _working(what: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with the time on standard error; yields a function that changes the text."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task(what)
        yield lambda text: progress.update(task, description=text)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInput(f"expected --box X0,Y0,X1,Y1 in pixels, found {text!r}") from None


def _check_target(out: Path | None, force: bool) -> None:
    """Refuse a picture file that cannot or should not be written, before any work."""
    if out is None:
        return
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise InvalidInput(f"expected --out with .png, .jpg or .webp, found {str(out)!r}")
    if not out.parent.is_dir():
        raise InvalidInput(f"expected a folder to write {out.name} in, found none at {out.parent}")
    if out.exists() and not force:
        raise InvalidInput(f"{out} is there already; give another --out or add --force")


def _show_objects(objects: list[PersonalObject], as_json: bool, *, title: str) -> None:
    if as_json:
        _print_json([obj.to_dict() for obj in objects])
        return
    table = Table(title=title)
    for column in ("name", "category", "views", "context", "id"):
        table.add_column(column, justify="right" if column == "views" else "left", overflow="fold")
    for obj in objects:
        cells = (obj.name, obj.category, obj.n_views, obj.context, obj.object_id)
        table.add_row(*(_plain(cell) for cell in cells))
    _out.print(table)


def _show_finding(finding: Finding, as_json: bool, out: Path | None) -> None:
    if as_json:
        _print_json({**finding.to_dict(), "picture": None if out is None else str(out)})
        return
    if not finding.matches:
        count = len(finding.proposals)
        compared = "1 region" if count == 1 else f"{count} regions"
        _out.print(f"None of your objects ({compared} compared).")
    else:
        table = Table(title="Found")
        for column in ("name", "category", "score", "box (xyxy, px)"):
            table.add_column(column, justify="right" if column == "score" else "left")
        for match in finding.matches:
            where = ", ".join(f"{edge:.0f}" for edge in match.box.xyxy)
            obj = match.object
            table.add_row(_plain(obj.name), _plain(obj.category), f"{match.score:.2f}", where)
        _out.print(table)
    if out is not None:
        _out.print(f"Picture: {out}", markup=False, soft_wrap=True)


def _plain(value: object) -> Any:
    """Return text that Rich prints as it is: a name may hold its markup."""
    from rich.text import Text

    return Text(str(value))


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
