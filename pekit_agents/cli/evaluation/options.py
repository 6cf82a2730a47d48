"""The options that the commands of ``pekit eval`` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pekit_agents.errors import InvalidInput
from pekit_agents.protocols import SearchMode

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Dataset

__all__ = [
    "CacheOption",
    "DataArgument",
    "EndpointOption",
    "ForceOption",
    "LayoutOption",
    "ModeOption",
    "OutOption",
    "default_out",
    "numbers",
    "photos_of",
]

_Number = TypeVar("_Number", int, float)

DataArgument = Annotated[Path, typer.Argument(help="the data set, or a folder of objects/photos")]
LayoutOption = Annotated[str, typer.Option(help="how the data set lies on disk")]
ModeOption = Annotated[SearchMode, typer.Option(help="how hard to look, as for `pekit find`")]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="folder of the run; default: below pekit-eval")
]
CacheOption = Annotated[
    Path | None, typer.Option(envvar="PEKIT_EVAL_CACHE", help="folder of the features")
]
EndpointOption = Annotated[
    str, typer.Option(envvar="PEKIT_ENDPOINT", help="OpenAI-compatible server of the LVLM")
]
ForceOption = Annotated[bool, typer.Option("--force", help="replace another run in --out")]


def default_out(dataset: Dataset, protocol: str) -> Path:
    """Return the folder of a run when none is given."""
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in dataset.name)
    return Path("pekit-eval") / f"{name}-{protocol}"


def numbers(option: str, text: str, kind: Callable[[str], _Number]) -> list[_Number]:
    """Return the numbers of an option.

    Raises:
        InvalidInput: A part between commas is none.
    """
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInput(
            f"expected {option} to be numbers with commas between, found {text!r}"
        ) from None


def photos_of(option: str, folder: Path) -> list[Path]:
    """Return the photos directly in the folder of an option.

    Raises:
        InvalidInput: There are none.
    """
    from pekit_agents.evaluation.datasets.files import photos_in

    found = photos_in(folder)
    if not found:
        raise InvalidInput(f"expected photos in the folder of {option}, found none in {folder}")
    return found
