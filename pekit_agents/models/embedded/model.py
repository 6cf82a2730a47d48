"""The embedded model ("focus"): patch features and, where they are asked for, saliency.

A DINOv2-small tuned for saliency, run by onnxruntime on the CPU. Its last layers were collapsed
by that tuning; the features come from the outputs of blocks 3 and 9, which tell instances apart.
Saliency goes on from there and costs two thirds more, so it is computed when it is first read.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pekit_agents.errors import ModelError, PeKitError
from pekit_agents.models.embedded.graph import (
    BLOCKS,
    HEIGHT,
    PICTURE,
    POSITIONS,
    SALIENCY,
    TOKENS,
    WIDTH,
    WIDTH_OF_BLOCK,
    read_graphs,
    source_path,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.models.embedded.runtime import ort
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["BLOCK_DIM", "DIM", "PATCH", "FocusFeatures", "FocusModel"]

PATCH = 14
#: Width of one block, and of all that are used, side by side.
BLOCK_DIM = 384
DIM = BLOCK_DIM * len(BLOCKS)
_TOKEN_BUDGET = 256  # 16 x 16 for a square image: 224 px; larger inputs blur the saliency
_MIN_SIDE, _MAX_SIDE = 7, 36
# Images of one shape in one run: more take RAM that the runtime keeps, and are no quicker.
_AT_ONCE = 2
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)


class FocusFeatures:
    """What the model knows of an image; both grids cover it edge to edge.

    Attributes:
        patches: (rows, columns, 768) float32, the outputs of blocks 3 and 9 side by side.
        token: (768,) float32, the class token at the outputs of blocks 3 and 9.
    """

    def __init__(
        self,
        tokens: FloatArray,
        shape: tuple[int, int],
        decode: Callable[[FloatArray, tuple[int, int]], FloatArray],
    ) -> None:
        self.token, self.patches = tokens[0], tokens[1:].reshape(*shape, DIM)
        self._decode = partial(decode, tokens[:, -BLOCK_DIM:], shape)

    @cached_property
    def saliency(self) -> FloatArray:
        """(14 * rows, 14 * columns) float32 in [0, 1]; computed when it is first read.

        Raises:
            ModelError: The model cannot be run.
        """
        return self._decode()


class FocusModel:
    """Runs the embedded model; safe to share between threads and users.

    The latest results are kept by the content of their input, so the tools that look at the
    same picture (extractor, proposer, encoder) share one forward pass. The model is read at its
    first use; making one only checks that its file is there.

    Args:
        threads: CPU threads for one forward pass; 0 takes as many as this process has cores.
        cache_size: How many results to keep (about 1 MB each).

    Raises:
        MissingDependency: The package that ships the model is not installed.
        ModelError: The model's file is not there.
    """

    def __init__(self, *, threads: int = 0, cache_size: int = 32) -> None:
        source_path()
        self._threads = threads
        self._loaded: _Parts | None = None
        self._loading = threading.Lock()
        self._cache: OrderedDict[bytes, FocusFeatures] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()
        # One run for each core: those that wait take no RAM, and all are done no later.
        self._turns = threading.BoundedSemaphore(_cores())

    def features(self, images: Sequence[RGBImage]) -> list[FocusFeatures]:
        """Return the features of each image; images of one shape run together.

        Args:
            images: RGB images of any size. Each is resized, keeping its aspect ratio to within
                half a patch, to about 256 patches.

        Raises:
            ModelError: The model's file is damaged or cannot be run.
        """
        inputs = [_preprocess(image) for image in images]
        keys = [hashlib.blake2b(x.tobytes() + str(x.shape).encode()).digest() for x in inputs]
        with self._lock:
            results = {key: self._cache[key] for key in keys if key in self._cache}
        missing = {key: x for key, x in zip(keys, inputs, strict=True) if key not in results}
        for batch in _batches(missing):
            results.update(zip(batch, self._run([missing[key] for key in batch]), strict=True))
        self._keep(results)
        return [results[key] for key in keys]

    def _run(self, batch: Sequence[FloatArray]) -> list[FocusFeatures]:
        parts = self._parts()
        shape = rows, columns = tuple(side // PATCH for side in batch[0].shape[1:])
        given = {PICTURE.name: np.stack(batch), POSITIONS.name: parts.positions_of(rows, columns)}
        with self._turns:
            blocks = parts.tokens.run([each.name for each in TOKENS], given)
        both = np.concatenate(blocks, axis=2)
        return [FocusFeatures(tokens, shape, self._saliency) for tokens in both]

    def _saliency(self, tokens: FloatArray, shape: tuple[int, int]) -> FloatArray:
        given = {TOKENS[-1].name: np.ascontiguousarray(tokens[None]), **_pixels(*shape)}
        parts = self._parts()
        with self._turns:
            (heat,) = parts.saliency.run([SALIENCY.name], given)
        found: FloatArray = heat[0, 0]
        return found

    def _parts(self) -> _Parts:
        with self._loading:
            if self._loaded is None:
                self._loaded = _Parts.load(self._threads)
            return self._loaded

    def _keep(self, results: dict[bytes, FocusFeatures]) -> None:
        with self._lock:
            for key, value in results.items():
                self._cache[key] = value
                self._cache.move_to_end(key)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of the model, ready to run, and the position embeddings of the shapes seen."""

    positions: ort.InferenceSession
    tokens: ort.InferenceSession
    saliency: ort.InferenceSession
    known: dict[tuple[int, int], FloatArray]

    @classmethod
    def load(cls, threads: int) -> _Parts:
        from pekit_agents.models.embedded.runtime import ort  # late: what runs no model needs none

        try:
            graphs = read_graphs()
            options = _options(threads, graphs.folder)
            positions, tokens, saliency = (
                ort.InferenceSession(part, options, providers=["CPUExecutionProvider"])
                for part in (graphs.positions, graphs.tokens, graphs.saliency)
            )
        except Exception as exc:  # onnxruntime's errors share no base of their own
            if isinstance(exc, PeKitError):
                raise
            raise ModelError(f"the embedded model cannot be loaded: {exc}") from exc
        return cls(positions, tokens, saliency, {})

    def positions_of(self, rows: int, columns: int) -> FloatArray:
        """Return the position embeddings of a grid of patches, (1, rows * columns, 384)."""
        shape = rows, columns
        if shape not in self.known:  # 59 shapes at most, 23 MB in all
            given = {WIDTH_OF_BLOCK.name: np.array(BLOCK_DIM), **_pixels(*shape)}
            self.known[shape] = self.positions.run([POSITIONS.name], given)[0]
        return self.known[shape]


def _pixels(rows: int, columns: int) -> dict[str, np.ndarray]:
    """Return the size of a picture as the parts of the model take it."""
    return {HEIGHT.name: np.array(rows * PATCH), WIDTH.name: np.array(columns * PATCH)}


def _options(threads: int, folder: Path) -> ort.SessionOptions:
    from pekit_agents.models.embedded.runtime import ort

    options = ort.SessionOptions()
    # Left to itself the runtime ties each thread to a core, the same one in every process.
    options.intra_op_num_threads = threads or _cores()
    options.enable_mem_pattern = False  # it keeps a plan's RAM for every shape, and is no quicker
    # Spinning threads would take the cores from the rest of a server between calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder)
    )
    return options


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batches(inputs: dict[bytes, FloatArray]) -> Iterator[list[bytes]]:
    """Yield the keys of inputs that run together: of one shape, and a few at a time."""
    for shape in dict.fromkeys(each.shape for each in inputs.values()):
        alike = [key for key, each in inputs.items() if each.shape == shape]
        for begin in range(0, len(alike), _AT_ONCE):
            yield alike[begin : begin + _AT_ONCE]


def grid_shape(width: int, height: int) -> tuple[int, int]:
    """Return (rows, columns) of the patch grid for an image of that size."""
    columns = round((_TOKEN_BUDGET * width / height) ** 0.5)
    rows = round((_TOKEN_BUDGET * height / width) ** 0.5)
    return tuple(np.clip((rows, columns), _MIN_SIDE, _MAX_SIDE).tolist())


def _preprocess(image: RGBImage) -> FloatArray:
    """Return (3, height, width) float32, resized to whole patches and normalised."""
    rows, columns = grid_shape(*image.size)
    # reducing_gap makes large photos cheap: a box reduction first, then the bicubic one.
    small = image.resize((columns * PATCH, rows * PATCH), Image.Resampling.BICUBIC, reducing_gap=3)
    pixels = np.asarray(small, np.float32) / 255
    return np.ascontiguousarray(((pixels - _MEAN) / _STD).transpose(2, 0, 1))
