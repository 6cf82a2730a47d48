"""Answers from a local LVLM through ``transformers``: LLaVA-NeXT, InternVL, Qwen-VL, SmolVLM, ...

One adapter serves every model that ``AutoModelForImageTextToText`` knows: the model's own chat
template writes the prompt and its own processor prepares the picture.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

from PIL import Image

from pekit_agents.answering.hf_loading import LVLM, load_lvlm, running
from pekit_agents.errors import InvalidInput, ModelError
from pekit_agents.models.hf.torch_runtime import torch, transformers
from pekit_agents.models.spec import ModelSpec

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["HFAnswerModel"]

_MOST_RATIO = 199  # of the sides: Qwen's processors refuse 200 and more
_BRACKETS = str.maketrans("<>[]", "\u2039\u203a()")


class HFAnswerModel:
    """Asks a local LVLM with one user message: the picture, then the text.

    Answers are greedy, so the same question has the same answer. May be used from several
    threads, which take turns.

    Args:
        lvlm: A loaded model, see :meth:`load`.
        max_new_tokens: The most tokens of an answer.

    Example:
        >>> model = HFAnswerModel.load("llava-hf/llava-v1.6-mistral-7b-hf")  # doctest: +SKIP
        >>> kit.describe("park.jpg", "What is Biscuit doing?", answerer=model).text
    """

    def __init__(self, lvlm: LVLM, *, max_new_tokens: int = 512) -> None:
        if max_new_tokens < 1:
            raise InvalidInput(f"expected max_new_tokens over 0, found {max_new_tokens}")
        self._lvlm = lvlm
        self._max_new_tokens = max_new_tokens
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        source: str | PathLike[str],
        *,
        device: str = "auto",
        dtype: str = "auto",
        load_in_4bit: bool = False,
        max_new_tokens: int = 512,
        revision: str | None = None,
    ) -> HFAnswerModel:
        """Load an LVLM from the hub, its local cache or a folder.

        Args:
            source: A model id, or a folder written by ``save_pretrained``.
            device: "auto" (CUDA, else Apple's MPS, else the CPU), or torch's name of a device.
            dtype: Of the weights: "float32", "float16", "bfloat16", or "auto": half precision
                on CUDA, float32 elsewhere.
            load_in_4bit: Quantise the weights with bitsandbytes; needs a CUDA GPU.
            max_new_tokens: The most tokens of an answer.
            revision: Branch, tag or commit on the hub.

        Raises:
            ModelError: The model cannot be had, is no LVLM, is damaged or does not fit.
            MissingDependency: 4 bits are asked for without bitsandbytes and accelerate.
        """
        spec = ModelSpec(id=str(source), revision=revision, device=device, dtype=dtype)
        return cls(load_lvlm(spec, load_in_4bit=load_in_4bit), max_new_tokens=max_new_tokens)

    def __repr__(self) -> str:
        return f"HFAnswerModel({self._lvlm.name!r}, {str(self._lvlm.network.device)!r})"

    def answer(self, image: RGBImage | None, text: str) -> str:
        """Return the model's answer, ``""`` when it has nothing to say.

        Raises:
            ModelError: The prompt cannot be prepared, memory runs out, or the model fails.
        """
        inputs = self._inputs(image, text)
        tokens = self._generate(inputs)[0, inputs["input_ids"].shape[1] :]  # (new,)
        return str(self._lvlm.tokenizer.decode(tokens, skip_special_tokens=True)).strip()

    def stream(self, image: RGBImage | None, text: str) -> Iterator[str]:
        """Yield the answer in pieces; joined and stripped they are what :meth:`answer` returns.

        Closing the iterator early stops the model after its current token.

        Raises:
            ModelError: As for :meth:`answer`.
        """
        inputs = self._inputs(image, text)
        streamer = transformers.TextIteratorStreamer(
            self._lvlm.tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        return _pieces(self._generate, inputs, streamer)

    def _generate(self, inputs: Any, **options: Any) -> Any:
        with self._lock, running(self._lvlm.name), torch.inference_mode():
            return self._lvlm.network.generate(
                **inputs,
                max_new_tokens=self._max_new_tokens,
                do_sample=False,
                pad_token_id=self._lvlm.pad_token_id,
                **options,
            )

    def _inputs(self, image: RGBImage | None, text: str) -> Any:
        lvlm = self._lvlm
        prompt = lvlm.prompt(self._harmless(text), with_image=image is not None)
        try:
            inputs = lvlm.processor(
                text=[prompt],
                images=None if image is None else [_no_strip(image)],
                return_tensors="pt",
                add_special_tokens=not prompt.startswith(lvlm.tokenizer.bos_token or "\0"),
            )
        except (ValueError, TypeError) as exc:
            what = "text" if image is None else f"picture of {image.width}x{image.height}"
            raise ModelError(f"the processor of {lvlm.name} cannot take the {what}: {exc}") from exc
        return inputs.to(lvlm.network.device, lvlm.dtype)

    def _harmless(self, text: str) -> str:
        """Rewrite what the tokenizer would read as an image, a role or the end of a message."""
        for token in self._lvlm.control_tokens:
            text = text.replace(token, token.translate(_BRACKETS))
        return text


def _no_strip(image: RGBImage) -> RGBImage:
    """Return a picture with grey below or beside it where its sides differ too much."""
    least = -(-max(image.size) // _MOST_RATIO)
    width, height = (max(side, least) for side in image.size)
    if (width, height) == image.size:
        return image
    ground = Image.new("RGB", (width, height), (128, 128, 128))
    ground.paste(image)
    return ground


def _pieces(generate: Any, inputs: Any, streamer: Any) -> Iterator[str]:
    stop = threading.Event()
    failures: list[Exception] = []

    def work() -> None:
        try:
            generate(inputs, streamer=streamer, stopping_criteria=[lambda *_, **__: stop.is_set()])
        except Exception as exc:  # noqa: BLE001  (raised again in the reader's thread)
            failures.append(exc)
            streamer.on_finalized_text("", stream_end=True)

    worker = threading.Thread(target=work, name="pekit-answer", daemon=True)
    worker.start()
    try:
        yield from (piece for piece in streamer if piece)
    finally:
        stop.set()
        worker.join()
    if failures:
        raise failures[0]
