"""What a layout is: how a data set lies on disk, where to get it, and what to say without it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Dataset

__all__ = ["Layout", "bad_layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which a data set lies on disk.

    Attributes:
        name: What ``load_dataset(layout=...)`` calls it.
        title: What its authors call the data set.
        source: Where to get it, and on which terms.
        tree: The expected folders and files, drawn.
        find: Returns the folder where the layout begins, at or below a path; None where the
            path does not hold it.
        load: Reads the data set from that folder.
    """

    name: str
    title: str
    source: str
    tree: str
    find: Callable[[Path], Path | None]
    load: Callable[[Path], Dataset]


def bad_layout(layout: Layout, path: Path, found: str) -> InvalidInput:
    """Return the error for a folder that does not hold what its layout promises.

    Args:
        layout: What was expected.
        path: Where.
        found: What was found instead, to stand after "found".
    """
    tree = textwrap.indent(textwrap.dedent(layout.tree).strip("\n"), "    ")
    return InvalidInput(
        f"{path}: expected {layout.title} (layout {layout.name!r}), found {found}. It lies on "
        f"disk like this:\n{tree}\n{layout.source}"
    )
