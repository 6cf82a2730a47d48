"""Makes the statistics that :class:`FocusEncoder` ships: a mean and a whitening matrix.

Run it on folders of varied photos; no labels are read::

    python -m pekit_agents.models.focus_statistics --version whiten-2 FOLDER[:PATCHES] ...

``PATCHES`` is how many patches to take from each photo of the folder (256 when not given), so
that a large folder of one subject does not outweigh the rest.

The shipped file was made from 339 photos: 15 objects of the DreamBooth photos (256 a photo),
fruit and vegetables (64) and packaged products (32) of the GroceryStoreDataset, and eleven
natural photos in the scikit-image wheel (256).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from pekit_agents.images import load_image
from pekit_agents.models.focus import BLOCK_DIM, DIM, FocusModel
from pekit_agents.models.focus_tools import STATISTICS_FILE

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray

__all__ = ["sample", "whitening", "write_statistics"]

_SHRINKAGE = 0.1  # of the mean variance, added to every direction
_PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}


def whitening(patches: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the whitening matrix of patch features.

    Args:
        patches: (M, D) float32.

    Returns:
        The mean, (D,) float32, and the symmetric (ZCA) matrix, (D, D) float32: with covariance
        U diag(l) U^T it is U diag((l + 0.1 mean(l))^-1/2) U^T.
    """
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((patches - mean).T))
    values = np.maximum(values, 0)
    scale = (values + _SHRINKAGE * values.mean()) ** -0.5
    return mean.astype(np.float32), ((vectors * scale) @ vectors.T).astype(np.float32)


def sample(model: FocusModel, photo: Path, count: int) -> FloatArray:
    """Return ``count`` patch features of a photo, spread evenly over it: (count, D) float32."""
    grid = model.features([load_image(photo)])[0].patches.reshape(-1, DIM)
    chosen: FloatArray = grid[np.linspace(0, len(grid) - 1, min(count, len(grid))).astype(int)]
    return chosen


def write_statistics(path: Path, patches: FloatArray, *, version: str) -> None:
    """Write the statistics of patch features, (M, 768) float32, for :class:`FocusEncoder`.

    Each block has its own: ``mean`` is (2, 384) float32, ``whiten`` (2, 384, 384) float16.
    """
    blocks = np.split(patches, DIM // BLOCK_DIM, axis=1)
    mean, whiten = (np.stack(part) for part in zip(*map(whitening, blocks), strict=True))
    np.savez_compressed(path, mean=mean, whiten=whiten.astype(np.float16), version=version)


def main(
    folders: Annotated[list[str], typer.Argument(help="FOLDER or FOLDER:PATCHES, searched deep")],
    version: Annotated[str, typer.Option(help="becomes part of the encoder's id")],
    out: Annotated[Path | None, typer.Option(help="default: the file the package ships")] = None,
) -> None:
    """Make the embedded encoder's statistics from folders of varied photos."""
    model = FocusModel(cache_size=1)
    parts: list[FloatArray] = []
    photos = 0
    for entry in folders:
        name, _, count = entry.partition(":")
        paths = sorted(p for p in Path(name).rglob("*") if p.suffix.lower() in _PHOTOS)
        console = Console(stderr=True)
        for path in track(paths, description=f"{len(paths)} photos", console=console):
            parts.append(sample(model, path, int(count or 256)))
        photos += len(paths)
    if not parts:
        sys.exit(f"expected photos under {', '.join(folders)}, found none")
    target = out or Path(__file__).with_name(STATISTICS_FILE)
    write_statistics(target, np.concatenate(parts), version=version)
    Console().print(f"{photos} photos, {sum(map(len, parts))} patches: {target}")


if __name__ == "__main__":
    typer.run(main)
