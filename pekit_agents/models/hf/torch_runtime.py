"""Running torch models: device, dtype, autocast, and what to do when memory runs out.

The adapters take torch and transformers from here, so that a missing extra is one sentence
wherever it is missed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.wording.messages import clause

try:
    import torch
    import transformers
except ImportError as exc:
    raise MissingDependency(
        f"this profile needs torch and transformers ({clause(exc)}); "
        'type: pip install "pekit-agents[hf]", or use the embedded profile, which needs neither'
    ) from exc

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec

__all__ = [
    "TorchModel",
    "choose_device",
    "choose_dtype",
    "in_batches",
    "torch",
    "transformers",
]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_FULL = ("cpu", "mps")  # where "auto" computes in float32: half is slower or untried there


class TorchModel:
    """A loaded network and where it runs; one thread at a time goes through it.

    Attributes:
        network: The torch module, in evaluation mode, its weights in float32.
        config: The configuration of a ``transformers`` model; None for others.
        device: Where it is.
        name: What to call it in messages.
    """

    def __init__(self, network: Any, spec: ModelSpec) -> None:
        self.name = spec.id
        self.device = choose_device(spec.device)
        self._dtype = choose_dtype(spec.dtype, self.device)
        self._lock = threading.RLock()
        try:
            self.network = network.eval().to(self.device)
        except RuntimeError as exc:
            if not _out_of_memory(exc):
                raise
            raise ModelError(
                f"{spec.id} does not fit in the memory of {self.device}; "
                'use a smaller model or device = "cpu"'
            ) from exc
        self.config: Any = getattr(network, "config", None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the model for this thread, without gradients, under its autocast."""
        with self._lock, ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self._dtype != torch.float32:
                stack.enter_context(torch.autocast(self.device.type, dtype=self._dtype))
            yield


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is CUDA, else MPS, else the CPU.

    Raises:
        ModelError: There is no such device here.
    """
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((kind for kind, there in found.items() if there), "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ModelError(
            f'expected device "auto", "cpu", "cuda", "cuda:1" or "mps", found {name!r}'
        ) from None
    if not found.get(device.type, True):
        raise ModelError(
            f"expected a device {name!r}, but this torch ({torch.__version__}) finds none here; "
            'use device = "auto" or "cpu", or install a torch built for it'
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ModelError(
            f"expected a device {name!r}, found {torch.cuda.device_count()} CUDA devices"
        )
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the dtype to compute in; "auto" is half precision on CUDA, float32 elsewhere."""
    if name != "auto":
        chosen: torch.dtype = getattr(torch, name)
        return chosen
    if device.type in _FULL:
        return torch.float32
    real = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if real else torch.float16


def in_batches(
    run: Callable[[Sequence[_Item]], Sequence[_Result]],
    items: Sequence[_Item],
    *,
    size: int,
    name: str,
) -> list[_Result]:
    """Return the results of all items, run in batches that halve when memory runs out.

    Args:
        run: Gives one result for each item of a batch.
        items: What to run on.
        size: Items in the first batch.
        name: What to call the model in messages.

    Raises:
        ModelError: Memory runs out for one item alone.
    """
    results: list[_Result] = []
    while len(results) < len(items):
        batch = items[len(results) : len(results) + size]
        done = _unless_memory_runs_out(run, batch, name)
        if done is None:
            size = len(batch) // 2
        else:
            results.extend(done)
    return results


def _unless_memory_runs_out(
    run: Callable[[Sequence[_Item]], Sequence[_Result]], batch: Sequence[_Item], name: str
) -> Sequence[_Result] | None:
    try:
        return run(batch)
    except (RuntimeError, MemoryError) as exc:
        if not _out_of_memory(exc):
            raise
        if len(batch) == 1:
            raise ModelError(
                f"{name} ran out of memory even for one input alone; "
                'use a smaller image_size, a smaller model, or device = "cpu"'
            ) from exc
    if torch.cuda.is_available():  # after the exception: its frames hold the tensors
        torch.cuda.empty_cache()
    return None


def _out_of_memory(exc: BaseException) -> bool:
    """Whether an error is about memory; the CPU and MPS say so only in words."""
    if isinstance(exc, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(exc)
    return "out of memory" in text or "can't allocate memory" in text
