"""From a checkpoint's folder to a loaded model, or one sentence that says why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import ModelError
from pekit_agents.models.hf.torch_runtime import TorchModel, torch, transformers
from pekit_agents.wording.messages import clause

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec

__all__ = ["check_complete", "load_model", "load_processor", "weights_hash"]


def load_model(loader: Any, folder: Path, spec: ModelSpec) -> TorchModel:
    """Return a model with all its weights read.

    Args:
        loader: The ``transformers`` class.
        folder: Where its files are.
        spec: What was asked for.

    Raises:
        ModelError: The weights are missing, damaged, incomplete or of another shape.
    """
    try:
        with _quiet():
            network, info = loader.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True
            )
    except Exception as exc:  # every loader fails in its own way
        raise ModelError(
            f"the weights of {spec.id} cannot be loaded from {folder}: {_first_line(exc)}"
        ) from exc
    check_complete([*info["missing_keys"], *info["mismatched_keys"]], loader.__name__, folder)
    return TorchModel(network, spec)


def check_complete(lacking: Sequence[Any], model: str, where: Path) -> None:
    """Refuse a checkpoint that lacks some of a model's weights.

    Args:
        lacking: The weights that are missing or of another shape.
        model: What was to be loaded, for the message ("SamModel").
        where: The folder or file that was read.

    Raises:
        ModelError: There are any.
    """
    if lacking:
        raise ModelError(
            f"expected the weights of a {model} in {where}, but {len(lacking)} of "
            f"them are missing or of another shape ({lacking[0]!s:.80}); it is another model's "
            "checkpoint or was not saved whole"
        )


def load_processor(loader: Any, folder: Path, spec: ModelSpec, **options: Any) -> Any:
    """Return an image processor or tokenizer.

    Raises:
        ModelError: Its files are missing or damaged.
    """
    try:
        with _quiet():
            return loader.from_pretrained(folder, **options)
    except Exception as exc:  # as above
        raise ModelError(
            f"the processor of {spec.id} cannot be loaded from {folder}: {_first_line(exc)}; "
            "save it there with save_pretrained, or download the model again"
        ) from exc


def _first_line(exc: BaseException) -> str:
    text = (str(exc) or type(exc).__name__).strip().splitlines()[0]
    if "torchvision::nms" in text:
        return "torchvision does not fit this torch; type: pip uninstall torchvision"
    return clause(text)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence transformers' bars and remarks while a model loads."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def weights_hash(network: Any, also: str) -> str:
    """Return 12 hex digits that name a network's weights, wherever they were loaded from.

    Args:
        network: A torch module.
        also: What else shapes the results.
    """
    digest = hashlib.sha256(also.encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()[:12]
