"""The ``.pth`` files that the authors give out: pickles of which only tensors are read."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from pekit_agents.errors import ModelError
from pekit_agents.models.hf.checkpoints import check_complete
from pekit_agents.models.hf.torch_runtime import torch

__all__ = ["fill", "read_weights", "width_of"]


def read_weights(path: Path) -> dict[str, Any]:
    """Return the tensors in a file by name; nothing else is unpickled, so no code can run.

    An entry "model" that holds them, and the "module." that training on several GPUs puts before
    their names, are taken away.

    Args:
        path: A file that ``torch.save`` wrote.

    Raises:
        ModelError: It is damaged, or holds anything but tensors.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as exc:
        raise ModelError(
            f"expected tensors only in {path}, found other objects or no checkpoint at all; "
            "such objects could run code and are not read. Take the file that the model's "
            "authors give out"
        ) from exc
    except Exception as exc:  # torch fails in many ways on a file that was cut short
        raise ModelError(
            f"the weights in {path} cannot be read ({type(exc).__name__}); download the file again"
        ) from exc
    if isinstance(content, dict):
        content = content.get("model", content)
    if not isinstance(content, dict) or not all(map(torch.is_tensor, content.values())):
        raise ModelError(
            f"expected tensors by name in {path}, found {type(content).__name__} of other "
            "things; take the file that the model's authors give out"
        )
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}


def width_of(weights: dict[str, Any], name: str, axis: int) -> int | None:
    """Return one side of the tensor of that name; None where there is no such tensor."""
    shape = getattr(weights.get(name), "shape", ())
    return int(shape[axis]) if shape else None


def fill(network: Any, weights: dict[str, Any], path: Path) -> Any:
    """Return the network with the weights copied into it; those it has no use for are left.

    Args:
        network: A torch module.
        weights: Tensors by name.
        path: Where they are from, for the message.

    Raises:
        ModelError: Some of the network's weights are missing or of another shape.
    """
    own = network.state_dict()
    lacking = [
        name
        for name, tensor in own.items()
        if name not in weights or weights[name].shape != tensor.shape
    ]
    check_complete(lacking, type(network).__name__, path)
    network.load_state_dict({name: weights[name] for name in own})
    return network
