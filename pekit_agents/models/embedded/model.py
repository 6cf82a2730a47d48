"""The embedded model ("focus"): saliency and patch features from one forward pass.

A DINOv2-small tuned for saliency, run by onnxruntime on the CPU. Its last layers were collapsed
by that tuning; the features come from the outputs of blocks 3 and 9, which tell instances apart.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pekit_agents.errors import ModelError, PeKitError
from pekit_agents.models.embedded.graph import BLOCKS, SALIENCY, TOKENS, graph_bytes, source_path
from pekit_agents.models.embedded.runtime import ort

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["BLOCK_DIM", "DIM", "PATCH", "FocusFeatures", "FocusModel"]

PATCH = 14
#: Width of one block, and of all that are used, side by side.
BLOCK_DIM = 384
DIM = BLOCK_DIM * len(BLOCKS)
_TOKEN_BUDGET = 256  # 16 x 16 for a square image: 224 px; larger inputs blur the saliency
_MIN_SIDE, _MAX_SIDE = 7, 36
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FocusFeatures:
    """What one forward pass gives; both grids cover the image edge to edge.

    Attributes:
        patches: (rows, columns, 768) float32, the outputs of blocks 3 and 9 side by side.
        saliency: (14 * rows, 14 * columns) float32 in [0, 1].
        token: (768,) float32, the class token at the outputs of blocks 3 and 9.
    """

    patches: FloatArray
    saliency: FloatArray
    token: FloatArray


class FocusModel:
    """Runs the embedded model; safe to share between threads and users.

    The latest results are kept by the content of their input, so the tools that look at the
    same picture (extractor, proposer, encoder) share one forward pass. The model is read at its
    first use; making one only checks that its file is there.

    Args:
        threads: CPU threads for one forward pass; 0 lets onnxruntime choose.
        cache_size: How many results to keep (about 1 MB each).

    Raises:
        MissingDependency: The package that ships the model is not installed.
        ModelError: The model's file is not there.
    """

    def __init__(self, *, threads: int = 0, cache_size: int = 32) -> None:
        source_path()
        self._threads = threads
        self._loaded: ort.InferenceSession | None = None
        self._loading = threading.Lock()
        self._cache: OrderedDict[bytes, FocusFeatures] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()

    def features(self, images: Sequence[RGBImage]) -> list[FocusFeatures]:
        """Return the features of each image; images of one shape run as one batch.

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
        for shape in {x.shape for x in missing.values()}:
            batch = {key: x for key, x in missing.items() if x.shape == shape}
            results.update(zip(batch, self._run(list(batch.values())), strict=True))
        self._keep(results)
        return [results[key] for key in keys]

    def _run(self, batch: Sequence[FloatArray]) -> list[FocusFeatures]:
        *blocks, saliency = self._session().run(
            [*TOKENS, SALIENCY], {"input_image": np.stack(batch)}
        )
        tokens = np.concatenate(blocks, axis=2)
        rows, columns = (side // PATCH for side in batch[0].shape[1:])
        patches = tokens[:, 1:].reshape(len(batch), rows, columns, DIM)
        return [
            FocusFeatures(grid, heat[0], lead[0])
            for grid, heat, lead in zip(patches, saliency, tokens, strict=True)
        ]

    def _session(self) -> ort.InferenceSession:
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._threads)
            return self._loaded

    def _keep(self, results: dict[bytes, FocusFeatures]) -> None:
        with self._lock:
            for key, value in results.items():
                self._cache[key] = value
                self._cache.move_to_end(key)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)


def _load(threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Spinning threads would take the cores from the rest of a server between calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(graph_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no base of their own
        if isinstance(exc, PeKitError):
            raise
        raise ModelError(f"the embedded model cannot be loaded: {exc}") from exc


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
