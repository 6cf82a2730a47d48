"""``pekit find`` and ``pekit prompt``: one's own things in photos, and what to tell an LVLM."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pekit_agents.cli.describe import load_answerer
from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    ForceOption,
    JsonOption,
    MemoryOption,
    ProfileOption,
    StrictnessOption,
    UserOption,
    limited,
    memory_options,
    open_filled_kit,
    strict,
)
from pekit_agents.cli.output import inform, plain, say, shown
from pekit_agents.cli.output import out as console
from pekit_agents.cli.photo_files import PhotosArgument, each_photo, photos_of
from pekit_agents.cli.questions import AskedArgument, QuestionOption, split_question
from pekit_agents.cli.records import FormOption, target_of
from pekit_agents.cli.review import kept_for_review
from pekit_agents.errors import ClipError
from pekit_agents.protocols import SearchMode
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import Match, Prompt

__all__ = ["commands", "find", "prompt"]

commands = typer.Typer()

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="annotated picture (.png, .jpg); of several photos a folder for those in which "
        "something was found; or the results (.csv, .jsonl, .json)",
    ),
]
_EDGES = ("x0", "y0", "x1", "y1")
_COLUMNS = (
    *("photo", "result", "name", "category", "probability", "score", "region"),
    *(*_EDGES, "picture", "error"),
)
_PROMPT_COLUMNS = ("photo", "text", "names", "picture", "error")


@commands.command()
@limited
def find(
    photos: PhotosArgument,
    out: OutOption = None,
    form: FormOption = None,
    mode: Annotated[
        SearchMode,
        typer.Option(
            case_sensitive=False, help="look once, close up as well, or as the photo needs"
        ),
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
    """Find your objects in photos."""
    given = photos_of(photos)
    target = target_of(out, form, as_json, several=given.several, force=force)
    kit = open_filled_kit(memory, user, profile)
    answerer = load_answerer(second_opinion, endpoint) if second_opinion else None
    table = _table("photo") if given.several else None
    found = [0, 0]  # photos searched, and those in which there is something
    kept = list[str]()  # for review

    with target.records(_COLUMNS) as records:

        def search(photo: Path) -> None:
            refuse_clip(photo)
            finding = kit.find(photo, mode=mode, threshold=threshold, strictness=strict(strictness))
            if answerer is not None and finding.possible:
                finding = kit.second_opinion(finding, answerer)
            doubts = kit.review.keep(finding, label=shown(photo)) if review else []
            kept.extend(item.review_id for item in doubts)
            wanted = bool(finding.everything) or not given.several
            picture = (
                target.pictures.save(finding.annotated, given.names[photo]) if wanted else None
            )
            found[0] += 1
            found[1] += bool(finding.everything)
            where = None if picture is None else shown(picture)
            if records.form != "table":
                record = {"photo": shown(photo), **finding.to_dict(), "picture": where}
                if review:
                    record["review"] = [item.review_id for item in doubts]
                records.put(record, _rows(shown(photo), finding, where))
            elif table is None:
                _show_finding(finding, where)
            else:
                _fill(table, finding, shown(photo))

        def refused(name: str, why: str) -> None:
            record = {"photo": name, "error": why}
            if records.form != "table":
                records.put(record, [{**record, "result": "error"}])

        try:
            failed = each_photo(given, search, doing="searching", refused=refused)
        finally:  # what was found before an interruption
            if table is not None and records.form == "table" and found[0]:
                if table.row_count:
                    console.print(table)
                searched = counted(found[0], "photo")
                say(f"Searched {searched}; your objects are or may be in {found[1]}.")
            if review and found[0]:
                tell = say if records.form == "table" else inform
                tell(kept_for_review(kept, memory_options(memory, user, profile)))
    if failed:
        raise typer.Exit(1)


@commands.command()
@limited
def prompt(
    photos: AskedArgument,
    question: QuestionOption = None,
    out: OutOption = None,
    form: FormOption = None,
    force: ForceOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Print the instruction that lets any LVLM answer about your objects in photos and clips."""
    from pekit_agents.prompting.match_text import answer_of

    names, asked = split_question(photos, question)
    given = photos_of(names)
    target = target_of(out, form, as_json, several=given.several, force=force)
    kit = open_filled_kit(memory, user, profile)

    with target.records(_PROMPT_COLUMNS) as records:

        def make(photo: Path) -> None:
            made = _asked_of_clip(kit, photo, asked) or kit.prompt(photo, asked)
            picture = target.pictures.save(made.image, given.names[photo])
            where = None if picture is None else shown(picture)
            if records.form == "table":
                say(f"{shown(photo)}:\n{made.text}\n" if given.several else made.text)
                return
            record = {
                "photo": shown(photo),
                "text": made.text,
                "matches": [match.to_dict() for match in made.matches if not match.possible],
                "possible": [match.to_dict() for match in made.matches if match.possible],
                "picture": where,
            }
            row = {**record, "names": "; ".join(map(answer_of, made.matches))}
            records.put(record, [row])

        def refused(name: str, why: str) -> None:
            record = {"photo": name, "error": why}
            if records.form != "table":
                records.put(record, [record])

        failed = each_photo(given, make, doing="searching", refused=refused)
    if failed:
        raise typer.Exit(1)


def refuse_clip(photo: Path) -> None:
    """Say of a clip how it is searched.

    Raises:
        ClipError: It is one.
    """
    from pekit_agents.video.clips import looks_like_a_clip

    if looks_like_a_clip(photo):
        raise ClipError(
            f"{shown(photo)}: expected a photo, found a clip; search it with "
            f"`pekit find-video {shlex.quote(shown(photo))}`"
        )


def _asked_of_clip(kit: PeKit, photo: Path, question: str) -> Prompt | None:
    """Return the prompt of a clip, which is searched for it; None of what is no clip."""
    from pekit_agents.video.clips import looks_like_a_clip

    if not looks_like_a_clip(photo):
        return None
    from pekit_agents.video.asking import prompt as prompt_of

    return prompt_of(kit.find_in_video(photo), question)


def _rows(photo: str, finding: Finding, picture: str | None) -> list[Mapping[str, Any]]:
    """Return a row of a CSV for each match, and one where there is none."""
    rows: list[Mapping[str, Any]] = [
        {
            "photo": photo,
            "result": "possible" if match.possible else "named",
            "name": " or ".join(obj.name for obj in match.candidates),
            "category": _categories(match),
            "probability": "" if match.probability is None else f"{match.probability:.4f}",
            "score": f"{match.score:.4f}",
            "region": match.region,
            **dict(zip(_EDGES, (f"{edge:.0f}" for edge in match.box.xyxy), strict=True)),
            "picture": picture,
        }
        for match in finding.everything
    ]
    return rows or [{"photo": photo, "result": "nothing", "picture": picture}]


def _show_finding(finding: Finding, picture: str | None) -> None:
    if not finding.everything:
        compared = counted(len(finding.proposals), "region")
        console.print(f"None of your objects ({compared} compared).")
    else:
        known = any(match.probability is not None for match in finding.everything)
        table = _table(number="probability" if known else "score")
        _fill(table, finding)
        console.print(table)
    if picture is not None:
        say(f"Picture: {picture}")


def _table(*first: str, number: str = "how sure") -> Table:
    table = Table(title="Found")
    for column in (*first, "answer", "category", number, "region", "box (xyxy, px)"):
        right = column in (number, "region")
        table.add_column(
            column, justify="right" if right else "left", overflow="fold" if first else "ellipsis"
        )
    return table


def _fill(table: Table, finding: Finding, *first: str) -> None:
    from pekit_agents.prompting.match_text import answer_of, chances_of

    for match in finding.everything:
        where = ", ".join(f"{edge:.0f}" for edge in match.box.xyxy)
        sure = chances_of(match) or f"{match.score:.2f}"
        cells = (*first, answer_of(match), _categories(match))
        table.add_row(*map(plain, cells), sure, str(match.region), where)


def _categories(match: Match) -> str:
    return " or ".join(dict.fromkeys(obj.category for obj in match.candidates))
