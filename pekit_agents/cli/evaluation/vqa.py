"""``pekit eval vqa``: questions with choices, put to any LVLM (paper Table 3)."""

from __future__ import annotations

import json
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pekit_agents.cli.evaluation.options import (
    DataArgument,
    EndpointOption,
    ForceOption,
    LayoutOption,
    OutOption,
    default_out,
)
from pekit_agents.cli.evaluation.output import advancing
from pekit_agents.cli.options import JsonOption, ProfileOption
from pekit_agents.cli.output import out as console
from pekit_agents.cli.output import print_json, say
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pekit_agents.evaluation.vqa.vqa import Reply

__all__ = ["vqa"]


def vqa(
    data: DataArgument,
    model: Annotated[
        str, typer.Option(help="LVLM: a hub id or folder; with --endpoint its name there")
    ],
    endpoint: EndpointOption = "",
    ways: Annotated[
        str, typer.Option(help="how each question is put")
    ] = "personalised,plain,words",
    contexts: Annotated[
        Path | None, typer.Option(help="JSON file: thing -> what to know about it")
    ] = None,
    profile: ProfileOption = "embedded",
    layout: LayoutOption = "auto",
    out: OutOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let an LVLM answer questions about things, with and without their boxes and names."""
    from pekit_agents.cli.describe import load_answerer
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.datasets.files import read_json
    from pekit_agents.evaluation.runs.run_file import write_text
    from pekit_agents.evaluation.vqa.vqa import VqaResult, run_vqa
    from pekit_agents.kit.kit import PeKit

    dataset = load_dataset(data, layout)
    file = (out or default_out(dataset, "vqa")) / "vqa.json"
    settings = {
        "data": str(dataset.root),
        "model": model,
        "endpoint": endpoint,
        "profile": profile,
        "contexts": read_json(contexts) if contexts else {},
    }
    replies = [] if force else _replies_in(file, settings)

    def keep() -> VqaResult:
        result = VqaResult(dataset.name, tuple(replies))
        write_text(file, json.dumps({"settings": settings, **result.to_dict()}, indent=1))
        return result

    def answered(done: int, total: int, reply: Reply) -> None:
        replies.append(reply)
        keep()
        step("answers", done, total)

    answerer = load_answerer(model, endpoint)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, advancing() as step:
        result = run_vqa(
            dataset,
            lambda: PeKit.open(folder, profile=profile),
            answerer,
            ways=[way.strip() for way in ways.split(",")],  # type: ignore[misc]  # run_vqa checks
            contexts=settings["contexts"],
            previous=tuple(replies),
            progress=answered,
        )
    replies = list(result.replies)
    summary = keep().to_dict()["summary"]
    if as_json:
        print_json({"file": str(file), "summary": summary})
        return
    console.print(_table(dataset.name, summary))
    say(f"File: {file}")


def _replies_in(file: Path, settings: Mapping[str, Any]) -> list[Reply]:
    """Return the answers of an interrupted run with the same settings.

    Raises:
        InvalidInput: The file holds answers of another run, or is damaged.
    """
    from pekit_agents.evaluation.datasets.files import read_json
    from pekit_agents.evaluation.vqa.vqa import Reply

    if not file.exists():
        return []
    content = read_json(file)
    if not isinstance(content, dict) or content.get("settings") != settings:
        raise InvalidInput(
            f"expected {file} to hold answers with these settings, found others; give another "
            "--out, or replace it with --force"
        )
    known = {field.name for field in fields(Reply)}
    return [
        Reply(**{key: value for key, value in reply.items() if key in known})
        for reply in content["replies"]
    ]


def _table(name: str, summary: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title=f"{name}: questions with choices, in %")
    for column in ("asked", "accuracy", "abstained", "where recognised", "where not", "questions"):
        table.add_column(column, justify="left" if column == "asked" else "right")
    for way, counts in summary.items():
        shares = (
            counts["accuracy"],
            counts["abstention"],
            counts["recognised"]["accuracy"],
            counts["not recognised"]["accuracy"],
        )
        cells = ["" if share is None else f"{100 * share:.1f}" for share in shares]
        table.add_row(way, *cells, str(counts["questions"]))
    return table
