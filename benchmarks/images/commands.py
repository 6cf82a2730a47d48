"""The command ``pictures``, which measures what reading a picture takes."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from benchmarks.images.pictures import Reading

__all__ = ["pictures"]

_out, _err = Console(), Console(stderr=True)


def pictures(
    megapixels: Annotated[
        list[float] | None, typer.Option(min=0.001, help="of a photo; repeatable")
    ] = None,
    kinds: Annotated[
        list[str] | None, typer.Option("--format", help="such as PNG; repeatable")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="where to write, while it runs")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
) -> None:
    """Measure RAM and time of reading one picture, by format and size."""
    from benchmarks.images.pictures import FORMATS, PANORAMA, picture_readings, size_of
    from benchmarks.memory.process import machine

    if unknown := [kind for kind in kinds or () if kind not in FORMATS]:
        raise InvalidInput(f"expected a format of {'; '.join(FORMATS)}, found {unknown[0]}.")
    sizes = [size_of(each) for each in megapixels or (12, 50, 108, 200)]
    if not megapixels:
        sizes.append(PANORAMA)
    where = machine()
    with (
        tempfile.TemporaryDirectory(prefix="pekit-bench-", dir=folder) as root,
        _err.status("measuring") as status,
    ):
        chosen = kinds or list(FORMATS)
        found = picture_readings(Path(root), chosen, sizes, status.update, _err.print)
        readings = list(found)
    if as_json:
        rows = [{**asdict(each), "bytes_a_pixel": each.bytes_a_pixel} for each in readings]
        typer.echo(json.dumps({"machine": where, "rows": rows}, indent=2))
    else:
        _show(readings, where)


def _show(readings: list[Reading], where: str) -> None:
    table = Table(title="Reading one picture", caption=where)
    table.add_column("format")
    for column in ("megapixels", "picture", "read as", "file MB", "RAM MB", "bytes a pixel", "s"):
        table.add_column(column, justify="right")
    for each in readings:
        width, height = each.size_wh
        table.add_row(
            each.kind,
            f"{width * height / 1e6:.3g}",
            f"{width} x {height}",
            f"{each.read_wh[0]} x {each.read_wh[1]}",
            f"{each.file_mb:.1f}",
            "-" if each.peak_mb is None else f"{each.peak_mb:.0f}",
            "-" if each.bytes_a_pixel is None else f"{each.bytes_a_pixel:.1f}",
            f"{each.seconds:.1f}",
        )
    _out.print(table)
