"""Makes the statistics that :class:`FocusEncoder` ships: a mean and a whitening matrix.

Run it on folders of varied photos; no labels are read::

    python -m pekit_agents.models.embedded.statistics --version whiten-2 FOLDER[:PATCHES] ...

``PATCHES`` is how many patches to take from each photo of the folder (256 when not given), so
that a large folder of one subject does not outweigh the rest.

The shipped file was made from 339 photos: 15 objects of the DreamBooth photos (256 a photo),
fruit and vegetables (64) and packaged products (32) of the GroceryStoreDataset, and eleven
natural photos in the scikit-image wheel (256).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from pekit_agents.embedding.whitening import Whitening, spread
from pekit_agents.images.loading import load_image
from pekit_agents.models.embedded.encoder import STATISTICS_FILE, FocusEncoder
from pekit_agents.models.embedded.model import BLOCK_DIM, DIM, FocusModel
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray

__all__ = ["refitted_encoder", "sample", "write_statistics"]

# Of a photo that gives statistics: all of a square one's, or a few.
_PATCHES_PER_PHOTO, _PATCHES_OF_MORE = 256, 48
_PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}


def sample(model: FocusModel, photo: Path, count: int) -> FloatArray:
    """Return ``count`` patch features of a photo, spread evenly over it: (count, D) float32."""
    return spread(model.features([load_image(photo)])[0].patches, count)


def write_statistics(path: Path, patches: FloatArray, *, version: str) -> None:
    """Write the statistics of patch features, (M, 768) float32, for :class:`FocusEncoder`.

    Each block has its own: ``mean`` is (2, 384) float32, ``whiten`` (2, 384, 384) float16.
    """
    made = Whitening.of(patches, DIM // BLOCK_DIM)
    whiten = made.matrix.astype(np.float16)
    np.savez_compressed(path, mean=made.mean, whiten=whiten, version=version)


def refitted_encoder(
    encoder: FocusEncoder,
    photos: Sequence[Path],
    *,
    version: str,
    more: Sequence[Path] = (),
    progress: Callable[[int, int], None] | None = None,
) -> FocusEncoder:
    """Return an embedded encoder of the same model, with the statistics of these photos.

    Args:
        encoder: Whose model is run.
        photos: Varied photos.
        version: Becomes part of the encoder's id.
        more: Further photos, each of which adds a little.
        progress: Called after each photo with (photos done, photos in all).

    Raises:
        ImageError: A photo cannot be read.
    """
    patches = []
    counts = [*((p, _PATCHES_PER_PHOTO) for p in photos), *((p, _PATCHES_OF_MORE) for p in more)]
    for done, (photo, count) in enumerate(counts, start=1):
        patches.append(sample(encoder.model, photo, count))
        if progress is not None:
            progress(done, len(counts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statistics.npz"
        write_statistics(path, np.concatenate(patches), version=version)
        return FocusEncoder(encoder.model, statistics=path)


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
        for path in track(paths, description=counted(len(paths), "photo"), console=console):
            parts.append(sample(model, path, int(count or _PATCHES_PER_PHOTO)))
        photos += len(paths)
    if not parts:
        sys.exit(f"expected photos under {', '.join(folders)}, found none")
    target = out or Path(__file__).with_name(STATISTICS_FILE)
    write_statistics(target, np.concatenate(parts), version=version)
    Console().print(f"{counted(photos, 'photo')}, {sum(map(len, parts))} patches: {target}")


if __name__ == "__main__":
    typer.run(main)
