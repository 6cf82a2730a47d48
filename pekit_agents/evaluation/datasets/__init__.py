"""Data sets as their authors publish them, read from where they lie; nothing is downloaded.

One layout a file: :mod:`folder` (one's own photos), :mod:`dreambooth`, :mod:`myvlm`,
:mod:`yollava`, :mod:`this_is_my`, and :mod:`manifest` for what this package wrote itself. Each
file says from which public text its layout is known, and what was assumed.
"""

from __future__ import annotations

from pathlib import Path

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets import (
    dreambooth,
    folder,
    manifest,
    myvlm,
    this_is_my,
    yollava,
)
from pekit_agents.evaluation.datasets.files import check_readable
from pekit_agents.evaluation.datasets.layout import Layout, bad_layout
from pekit_agents.evaluation.datasets.sidecars import add_sidecars
from pekit_agents.evaluation.records import Dataset

__all__ = ["LAYOUTS", "Layout", "load_dataset"]

#: All layouts by name, in the order in which they are tried: the plain folder fits most trees.
LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (manifest, this_is_my, yollava, dreambooth, myvlm, folder)
}


def load_dataset(path: str | Path, layout: str = "auto") -> Dataset:
    """Read a data set from its folder.

    Args:
        path: Its folder, or the folder it was unpacked or cloned into.
        layout: ``"auto"`` tells by what lies there; else "folder", "dreambooth", "myvlm",
            "yollava", "this-is-my" or "manifest".

    Returns:
        Things and photos, sorted by name, with the categories and boxes of ``categories.json``
        and ``boxes.json`` where these lie in the folder. ``root`` is the folder in which the
        layout begins.

    Raises:
        InvalidInput: The folder is missing or does not hold the whole data set; the message
            draws what was expected and says where to get it.
        ImageError: Photos cannot be read; the message names them.
    """
    folder_path = Path(path)
    if layout not in ("auto", *LAYOUTS):
        raise InvalidInput(
            f"expected a layout of auto, {', '.join(sorted(LAYOUTS))}, found {layout!r}"
        )
    tried = list(LAYOUTS.values()) if layout == "auto" else [LAYOUTS[layout]]
    if not folder_path.is_dir():
        found = "a file" if folder_path.exists() else "nothing there"
        raise _nothing(tried, folder_path, found)
    for candidate in tried:
        root = candidate.find(folder_path)
        if root is not None:
            return _checked(candidate.load(root))
    raise _nothing(tried, folder_path, "no such files")


def _nothing(tried: list[Layout], path: Path, found: str) -> InvalidInput:
    """Return the error of a path that no layout fits; the last one tried is the plainest."""
    error = bad_layout(tried[-1], path, found)
    if len(tried) == 1:
        return error
    others = ", ".join(candidate.name for candidate in tried[:-1])
    return InvalidInput(f"{error}\nFor how a published data set lies, name its layout: {others}.")


def _checked(dataset: Dataset) -> Dataset:
    references = [ref for thing in dataset.things for ref in thing.references]
    check_readable([photo.path for photo in dataset.photos] + references)
    return add_sidecars(dataset)
