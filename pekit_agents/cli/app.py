"""The ``pekit`` command: the toolkit at a terminal.

Results go to standard output (a table, or JSON with ``--json``), progress to standard error.
Exit codes: 0 done, 1 a :class:`PeKitError` (said in one sentence), 2 wrong usage.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pekit_agents.cli.calibrate import calibrate
from pekit_agents.cli.describe import describe, load_answerer
from pekit_agents.cli.evaluation.app import evaluate
from pekit_agents.cli.ingest import ingest, optimize
from pekit_agents.cli.memory import memory_commands
from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    ForceOption,
    JsonOption,
    KeepCropsOption,
    MemoryOption,
    ProfileOption,
    StrictnessOption,
    UserOption,
    open_kit,
    strict,
)
from pekit_agents.cli.output import err, plain, print_json, say, show_objects, working
from pekit_agents.cli.output import out as console
from pekit_agents.cli.review import review as review_commands
from pekit_agents.errors import InvalidInput, PeKitError
from pekit_agents.prompting.match_text import answer_of, chances_of
from pekit_agents.protocols import SearchMode
from pekit_agents.wording import counted

if TYPE_CHECKING:
    from pekit_agents.retrieval.finding import Finding

__all__ = ["app", "main"]

app = typer.Typer(
    help="A visual memory of your own things for any vision-language agent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="write the annotated picture (.png, .jpg)")
]


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder for pictures and prompts")
    ] = Path("pekit-demo"),
) -> None:
    """Remember a few objects and find them in composed scenes."""
    from pekit_agents.demo.run import run_demo

    results = run_demo(out, console)
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
    keep_crops: KeepCropsOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Introduce an object with one photo or several."""
    from pekit_agents.introduction.view_extraction import Reference

    if box is not None and len(photos) != 1:
        raise typer.BadParameter(f"--box goes with one photo, found {len(photos)}")
    images = [Reference(photo, box=_numbers(box) if box else None) for photo in photos]
    kit = open_kit(memory, user, profile, keep_crops=keep_crops)
    with working("remembering") as tell:
        obj = kit.remember(
            name,
            images,
            category=category,
            context=context,
            progress=lambda done, total: tell(f"remembering: photo {done} of {total}"),
        )
    show_objects([obj], as_json, title="Remembered")
    if not as_json:
        for each in obj.advice:
            say(f"Advice: {each.text}.")


@app.command()
def find(
    photo: Annotated[Path, typer.Argument(help="the photo to search")],
    out: OutOption = None,
    mode: Annotated[
        SearchMode, typer.Option(help="look once, close up as well, or as the photo needs")
    ] = "auto",
    threshold: Annotated[
        float | None,
        typer.Option(help="similarity to accept (-1 to 1); for profiles without a discriminant"),
    ] = None,
    strictness: StrictnessOption = None,
    review: Annotated[
        bool, typer.Option("--review", help="keep doubtful matches for `pekit review`")
    ] = False,
    second_opinion: Annotated[
        str,
        typer.Option(
            "--second-opinion",
            metavar="MODEL",
            help="LVLM to ask about what is only possible: a hub id or folder; with --endpoint "
            "its name there. Needs objects remembered with --keep-crops",
        ),
    ] = "",
    endpoint: Annotated[
        str,
        typer.Option("--endpoint", envvar="PEKIT_ENDPOINT", help="server of that LVLM"),
    ] = "",
    force: ForceOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Find your objects in a photo."""
    _check_target(out, force)
    kit = open_kit(memory, user, profile)
    with working("searching"):
        finding = kit.find(photo, mode=mode, threshold=threshold, strictness=strict(strictness))
    if second_opinion and finding.possible:
        with working("asking for a second opinion"):
            finding = kit.second_opinion(finding, load_answerer(second_opinion, endpoint))
    if review:
        kit.review.keep(finding, label=photo.name)
    if out is not None:
        finding.annotated.save(out)
    _show_finding(finding, as_json, out)


@app.command()
def prompt(
    photo: Annotated[Path, typer.Argument(help="the photo to ask about")],
    question: Annotated[str, typer.Argument(help="the question; empty asks for a caption")] = "",
    out: OutOption = None,
    force: ForceOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Print the instruction that lets any LVLM answer about your objects."""
    _check_target(out, force)
    kit = open_kit(memory, user, profile)
    with working("searching"):
        made = kit.prompt(photo, question)
    if out is not None:
        made.image.save(out)
    if as_json:
        print_json(
            {
                "text": made.text,
                "matches": [match.to_dict() for match in made.matches if not match.possible],
                "possible": [match.to_dict() for match in made.matches if match.possible],
                "picture": None if out is None else str(out),
            }
        )
        return
    say(made.text)


app.command()(describe)
app.command()(calibrate)
app.command()(ingest)
app.command()(optimize)
app.add_typer(evaluate, name="eval")
app.add_typer(review_commands, name="review")


app.add_typer(memory_commands)


@app.command()
def doctor(
    memory: MemoryOption = DEFAULT_MEMORY,
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Say what is installed, which profiles can run, and where things are."""
    from pekit_agents.cli.doctor import diagnose

    report = diagnose(memory, profile)
    if as_json:
        print_json(report.to_dict())
    else:
        report.print(console)
    if not report.usable:
        raise typer.Exit(1)


def main() -> None:
    """Run ``pekit``; an error of the toolkit is one line and exit code 1."""
    try:
        app()
    except PeKitError as exc:
        err.print(f"pekit: {exc}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


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


def _show_finding(finding: Finding, as_json: bool, out: Path | None) -> None:
    if as_json:
        print_json({**finding.to_dict(), "picture": None if out is None else str(out)})
        return
    if not finding.everything:
        compared = counted(len(finding.proposals), "region")
        console.print(f"None of your objects ({compared} compared).")
    else:
        known = any(match.probability is not None for match in finding.everything)
        number = "probability" if known else "score"
        table = Table(title="Found")
        for column in ("answer", "category", number, "region", "box (xyxy, px)"):
            table.add_column(column, justify="right" if column in (number, "region") else "left")
        for match in finding.everything:
            where = ", ".join(f"{edge:.0f}" for edge in match.box.xyxy)
            categories = " or ".join(dict.fromkeys(obj.category for obj in match.candidates))
            sure = chances_of(match) if known else f"{match.score:.2f}"
            table.add_row(
                plain(answer_of(match)), plain(categories), sure, str(match.region), where
            )
        console.print(table)
    if out is not None:
        say(f"Picture: {out}")
