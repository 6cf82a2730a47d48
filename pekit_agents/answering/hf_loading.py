"""From a hub id or a folder to a loaded LVLM, or one sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.models.hf import torch_runtime
from pekit_agents.models.hf.hub import checkpoint_folder
from pekit_agents.models.hf.torch_runtime import choose_device, choose_dtype, torch
from pekit_agents.models.spec import ModelSpec

__all__ = ["LVLM", "load_lvlm", "running"]

transformers: Any = torch_runtime.transformers  # much of it carries no types


@dataclass(frozen=True, slots=True, eq=False)
class LVLM:
    """A loaded model and what goes with it.

    Attributes:
        name: What to call it in messages.
        network: The ``transformers`` model, in evaluation mode.
        processor: Its processor, with a chat template.
    """

    name: str
    network: Any
    processor: Any

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer

    @property
    def dtype(self) -> Any:
        """What pictures are fed in: the dtype of the weights."""
        return self.network.dtype

    @property
    def pad_token_id(self) -> int | None:
        """The padding token, or another that ends an answer where there is none."""
        ids = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id)
        return next((int(token) for token in ids if token is not None), None)

    @property
    def control_tokens(self) -> list[str]:
        """The texts that the tokenizer reads as something else than text, the longest first."""
        added = self.tokenizer.added_tokens_decoder.values()
        special = {str(token) for token in added if token.special}
        special.update(self.tokenizer.all_special_tokens)
        places = (getattr(self.processor, name, "") for name in ("image_token", "video_token"))
        special.update(str(token) for token in places if token)
        return sorted(special, key=lambda token: (-len(token), token))

    def prompt(self, text: str, *, with_image: bool) -> str:
        """Return one user message as the model's chat template writes it.

        Raises:
            ModelError: There is no chat template, or it cannot be used.
        """
        content = [{"type": "image"}] if with_image else []
        message = {"role": "user", "content": [*content, {"type": "text", "text": text}]}
        try:
            return str(self.processor.apply_chat_template([message], add_generation_prompt=True))
        except Exception as exc:  # templates are programs of their own
            raise ModelError(
                f"expected {self.name} to have a chat template for pictures and text, but "
                f"{_first_line(exc)}; take an instruction-tuned model, for InternVL and LLaVA "
                'one converted for transformers (its id ends in "-hf")'
            ) from exc


def load_lvlm(spec: ModelSpec, *, load_in_4bit: bool = False) -> LVLM:
    """Return a model with all its weights read, its processor and a chat template that works.

    Args:
        spec: What to load and where to run it.
        load_in_4bit: Quantise the weights with bitsandbytes.

    Raises:
        ModelError: The model cannot be had, is no LVLM, is damaged or does not fit.
        MissingDependency: 4 bits are asked for without bitsandbytes and accelerate.
    """
    device = choose_device(spec.device)
    options = _four_bits(device) if load_in_4bit else {"dtype": choose_dtype(spec.dtype, device)}
    folder = checkpoint_folder(spec)
    with _errors_only():
        config = _config(folder, spec.id)
        processor = _processor(folder, config, spec.id)
        network = _network(folder, config, spec.id, options)
    if not load_in_4bit:
        with running(spec.id):
            network = network.to(device)
    lvlm = LVLM(spec.id, network.eval(), processor)
    lvlm.prompt("?", with_image=True)
    return lvlm


@contextmanager
def running(name: str) -> Iterator[None]:
    """Turn torch's errors into :class:`ModelError`.

    Args:
        name: What to call the model in messages.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as exc:
        raise _failure(f"{name} failed to run", name, exc) from exc


def _failure(what: str, name: str, exc: BaseException) -> ModelError:
    """Return the error to raise: about memory, which has a remedy of its own, or what failed."""
    words = str(exc)
    if isinstance(exc, (torch.OutOfMemoryError, MemoryError)) or (
        "out of memory" in words or "can't allocate memory" in words
    ):
        torch.cuda.empty_cache()
        return ModelError(
            f"{name} does not fit in memory; use a smaller model, load_in_4bit=True on a CUDA "
            'GPU, dtype="bfloat16", or device="cpu"'
        )
    return ModelError(f"{what}: {_first_line(exc)}")


@contextmanager
def _errors_only() -> Iterator[None]:
    """Silence transformers' remarks; what matters in them is raised here."""
    logging = transformers.utils.logging
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)


def _config(folder: Path, name: str) -> Any:
    """Return the configuration, once it is known to be that of an LVLM."""
    families = transformers.models.auto.modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as exc:  # every family fails in its own way
        raise ModelError(
            f"the configuration of {name} cannot be read: {_first_line(exc)}; save or download "
            "it again. Code that comes with a model is never run: of such a model take the "
            'conversion whose id ends in "-hf"'
        ) from exc
    if config.model_type not in families:
        raise ModelError(
            f"expected {name} to be a model that answers about pictures, such as LLaVA-NeXT, "
            f"Qwen-VL, InternVL or SmolVLM, found model_type {config.model_type!r}"
        )
    return config


def _processor(folder: Path, config: Any, name: str) -> Any:
    try:
        kind = transformers.models.auto.processing_auto.PROCESSOR_MAPPING[type(config)]
        if "video_processor" in kind.get_attributes() and not _has_torchvision():
            return _without_video(kind, folder)
        return transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=False)
    except ImportError as exc:
        raise MissingDependency(f"the processor of {name} needs more: {_first_line(exc)}") from exc
    except Exception as exc:  # as above
        raise ModelError(f"the processor of {name} cannot be loaded: {_first_line(exc)}") from exc


def _has_torchvision() -> bool:
    return bool(transformers.utils.is_torchvision_available())


def _without_video(kind: Any, folder: Path) -> Any:
    """Load a processor whose video part needs torchvision, which pictures do not."""
    load_images = transformers.AutoImageProcessor.from_pretrained
    load_text = transformers.AutoTokenizer.from_pretrained
    parts: dict[str, Callable[[], Any]] = {
        "image_processor": lambda: load_images(folder, backend="pil"),
        "tokenizer": lambda: load_text(folder, trust_remote_code=False),
        "video_processor": _NoVideo,
    }
    settings, _ = kind.get_processor_dict(folder)
    still: Any = type(kind.__name__, (_AcceptsNoVideo, kind), {})
    return still.from_args_and_dict([parts[name]() for name in kind.get_attributes()], settings)


class _NoVideo(dict[str, Any]):
    """Stands where a processor keeps its video part; no picture ever reaches it.

    An empty dictionary, because processors write themselves down as JSON.
    """

    model_input_names = ()
    num_frames, fps = 1, 1  # read by SmolVLM's chat template


class _AcceptsNoVideo:
    """Lets a processor be made with :class:`_NoVideo`; mixed in before the processor's class."""

    def check_argument_for_proper_class(self, name: str, argument: object) -> Any:
        if isinstance(argument, _NoVideo):
            return _NoVideo
        processor: Any = super()
        return processor.check_argument_for_proper_class(name, argument)


def _network(folder: Path, config: Any, name: str, options: dict[str, Any]) -> Any:
    load = transformers.AutoModelForImageTextToText.from_pretrained
    options |= {"use_safetensors": True, "ignore_mismatched_sizes": True}  # told apart below
    try:
        network, info = load(folder, config=config, output_loading_info=True, **options)
    except Exception as exc:  # as above
        raise _failure(f"the weights of {name} cannot be loaded", name, exc) from exc
    misfits = [key for key, *_ in info["mismatched_keys"]]
    lacking = sorted([*info["missing_keys"], *misfits])
    if lacking:
        raise ModelError(
            f"expected all weights of a {type(network).__name__} in {folder}, but {len(lacking)} "
            f"are missing or of another shape ({lacking[0]:.80}); it is another model's "
            "checkpoint or was not saved whole"
        )
    return network


def _four_bits(device: Any) -> dict[str, Any]:
    """Return what makes ``from_pretrained`` quantise while it loads."""
    if device.type != "cuda":
        raise ModelError(
            f"load_in_4bit needs a CUDA GPU, but the model would run on {device}; leave "
            'load_in_4bit out, with dtype="bfloat16" if memory is short'
        )
    lacking = [name for name in ("bitsandbytes", "accelerate") if find_spec(name) is None]
    if lacking:
        raise MissingDependency(
            f'load_in_4bit needs {" and ".join(lacking)}; type: pip install "pekit-agents[hf-4bit]"'
        )
    half = choose_dtype("auto", device)
    quantised = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=half
    )
    return {"dtype": half, "quantization_config": quantised, "device_map": {"": device}}


def _first_line(exc: BaseException) -> str:
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(exc).__name__
