"""Index photos, then ask about them: ``python -m examples.photo_rag --help``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from examples.chat_model import configured_model
from examples.photo_rag.contact_sheet import contact_sheet
from examples.photo_rag.retrieval import retrieve, to_message
from pekit_agents.cli.options import DEFAULT_MEMORY, MemoryOption, ProfileOption, UserOption
from pekit_agents.images import list_photos
from pekit_agents.retrievers.photo_library import PhotoLibrary

__all__ = ["app"]

app = typer.Typer(help="Ask a folder of photos about your own things.", no_args_is_help=True)
console = Console()


@app.command()
def index(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
) -> None:
    """Index the photos and clips below a folder; what is indexed already is passed over."""
    library = PhotoLibrary.open(memory, user, profile)
    album = list_photos(folder.resolve())
    files = (*album.photos, *album.clips)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("indexing", total=len(files))
        report = library.index(
            ((str(path), path) for path in files),
            progress=lambda photo, _: progress.update(
                task, advance=1, description=Path(photo).name
            ),
        )
    failed = [(Path(photo), why) for photo, why in report.failed]
    left_out = [(path, why) for path, why in album.left_out if path not in album.clips]
    for file, reason in (*failed, *left_out):
        console.print(f"{file.name}: {reason}", markup=False, soft_wrap=True)
    console.print(
        f"{report.indexed} photos and clips indexed, {report.skipped} were there already, "
        f"{len(report.failed)} cannot be read."
    )


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help='such as "Show me Biscuit on the grass."')],
    most: Annotated[
        int, typer.Option("--most", "-k", min=1, help="how many photos to look at")
    ] = 6,
    sheet: Annotated[Path, typer.Option(help="where to write the contact sheet")] = Path(
        "contact-sheet.jpg"
    ),
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
) -> None:
    """Answer a question with the photos that show what it names."""
    library = PhotoLibrary.open(memory, user, profile)
    photos = retrieve(library, question, most)
    if not photos:
        console.print("No photo of the library shows what the question names.")
        raise typer.Exit(1)
    table = Table("photo or clip", "shows", "sure")
    for photo in photos:
        table.add_row(Text(photo.path.name), Text(photo.times or photo.names), f"{photo.sure:.2f}")
    console.print(table)
    with console.status("asking the model"):
        reply = configured_model().invoke([to_message(library, question, photos)])
    console.print(reply.text, markup=False, highlight=False)
    contact_sheet([(f"{p.path.name}: {p.names}", p.finding.annotated) for p in photos]).save(sheet)
    console.print(f"The photos: {sheet}", soft_wrap=True)


if __name__ == "__main__":
    app()
