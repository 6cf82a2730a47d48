"""How much RAM and time reading one picture takes, by format and size.

``python -m benchmarks.images.pictures PICTURE WARM_UP`` reads both through the door and prints, as
JSON, what the first took in a process that has read the second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.memory.process import rss_mb
from pekit_agents.images.limits import ImageLimits
from pekit_agents.images.loading import load_photo

__all__ = ["FORMATS", "PANORAMA", "Reading", "picture_readings", "size_of"]

#: How each kind of picture is saved: its suffix, and what Pillow is told.
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("jpg", {"quality": 90}),
    "JPEG, progressive": ("jpg", {"quality": 90, "progressive": True}),
    "PNG": ("png", {"compress_level": 1}),
    "PNG with alpha": ("png", {"compress_level": 1}),
    "WebP": ("webp", {"quality": 80, "method": 0}),
    "AVIF": ("avif", {"quality": 60, "speed": 10}),
    "TIFF": ("tif", {}),
    "TIFF, LZW": ("tif", {"compression": "tiff_lzw"}),
}
#: Width and height of what a phone makes of a turn around: 64 megapixels.
PANORAMA = (16_000, 4_000)
_WARM_UP = (64, 48)
_GRAIN = 16  # pixels of one colour on a side: what files weigh is not the question
# A TIFF that is not compressed weighs 600 MB; all else is as by default.
_LIMITS = ImageLimits(max_bytes=2**30)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one picture took, in a process of its own.

    Attributes:
        kind: A key of ``FORMATS``.
        size_wh: Width and height of the picture, in pixels.
        file_mb: What its file weighs.
        read_wh: Width and height of what came through the door.
        peak_mb: The most RAM above what the process had before; None where the system says nothing.
        seconds: How long it took.
    """

    kind: str
    size_wh: tuple[int, int]
    file_mb: float
    read_wh: tuple[int, int]
    peak_mb: float | None
    seconds: float

    @property
    def bytes_a_pixel(self) -> float | None:
        """RAM for each pixel of the picture as it was sent."""
        width, height = self.size_wh
        return None if self.peak_mb is None else 1e6 * self.peak_mb / (width * height)


def size_of(megapixels: float) -> tuple[int, int]:
    """Return width and height, 4:3, of a photo of at most so many megapixels."""
    quarter = int((megapixels * 1e6 / 12) ** 0.5)
    return 4 * quarter, 3 * quarter


def picture_readings(
    root: Path,
    kinds: Sequence[str],
    sizes_wh: Sequence[tuple[int, int]],
    progress: Callable[[str], None],
    left_out: Callable[[str], None],
) -> Iterator[Reading]:
    """Save a picture of each kind and size, and let a new process read it.

    Args:
        root: Where to.
        kinds: Keys of ``FORMATS``.
        sizes_wh: Widths and heights, in pixels.
        progress: Called with what is being done.
        left_out: Called with what cannot be saved or is not read, and why.
    """
    for kind in kinds:
        for size_wh in sizes_wh:
            what = f"{kind}, {size_wh[0]} x {size_wh[1]}"
            progress(what)
            try:
                picture, warm_up = (_saved(root, kind, size) for size in (size_wh, _WARM_UP))
            except ValueError:  # WebP takes no more than so many blocks
                left_out(f"{what}: there can be no such file")
                continue
            command = [sys.executable, "-m", __name__, str(picture), str(warm_up)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                left_out(f"{what}: {done.stderr.splitlines()[-1]}")
            else:
                file_mb = picture.stat().st_size / 1e6
                yield Reading(kind=kind, size_wh=size_wh, file_mb=file_mb, **_said(done.stdout))
            picture.unlink()


def _said(printed: str) -> dict[str, Any]:
    said = json.loads(printed)
    return {**said, "read_wh": tuple(said["read_wh"])}


def _saved(root: Path, kind: str, size_wh: tuple[int, int]) -> Path:
    suffix, options = FORMATS[kind]
    channels = 4 if "alpha" in kind else 3
    width, height = (-(-side // _GRAIN) for side in size_wh)
    grains = np.random.default_rng(width).integers(0, 256, (height, width, channels), np.uint8)
    picture = Image.fromarray(grains).resize(size_wh, Image.Resampling.NEAREST)
    path = root / f"{width}x{height}.{suffix}"
    picture.save(path, **options)
    return path


def _read(picture: Path, warm_up: Path) -> dict[str, Any]:
    load_photo(warm_up, limits=_LIMITS)
    before, started = rss_mb(), time.perf_counter()
    _forget_peak()
    photo = load_photo(picture, limits=_LIMITS)
    seconds, peak = time.perf_counter() - started, _peak_mb()
    above = None if before is None or peak is None else peak - before
    return {"read_wh": photo.image.size, "peak_mb": above, "seconds": seconds}


def _forget_peak() -> None:
    """Let the system count the most RAM of this process from here on."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def _peak_mb() -> float | None:
    """Return the most RAM that this process had, in MB; None where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 / 1e6 if found else None


if __name__ == "__main__":
    print(json.dumps(_read(Path(sys.argv[1]), Path(sys.argv[2]))))
