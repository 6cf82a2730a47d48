"""The original Grounding DINO by ``groundingdino-py`` 0.4.0, its authors' code on PyPI (3.5).

Weights are the authors' files: ``groundingdino_swint_ogc.pth`` or
``groundingdino_swinb_cogcoor.pth``; which of the two a file is of is seen in it. They hold BERT's
weights too, so that of ``bert-base-uncased`` only configuration and vocabulary are needed, see
:func:`pekit_agents.models.hf.hub.text_folder`.
"""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.models.hf.checkpoints import load_processor
from pekit_agents.models.hf.grounding_dino import pixels_of
from pekit_agents.models.hf.hub import text_folder
from pekit_agents.models.hf.torch_runtime import TorchModel, in_batches, torch, transformers
from pekit_agents.models.reference.weights import fill, read_weights, width_of
from pekit_agents.types import Box, Proposal
from pekit_agents.wording.messages import clause

# Of what the package calls some is deprecated; its users can do nothing about it.
warnings.filterwarnings("ignore", category=FutureWarning, module=r"groundingdino\.|timm\.")
warnings.filterwarnings("ignore", message=r"torch\.meshgrid")
try:
    from groundingdino import models as package
    from groundingdino.models.GroundingDINO import groundingdino as architecture
except (ImportError, RuntimeError) as exc:  # RuntimeError: a torchvision made for another torch
    raise MissingDependency(
        "a Grounding DINO in a .pth file needs groundingdino-py and a torchvision that fits torch "
        f'({clause(exc)}); type: pip install "pekit-agents[reference]", or take '
        "IDEA-Research/grounding-dino-tiny, which needs neither"
    ) from exc

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec
    from pekit_agents.types import RGBImage

__all__ = ["OriginalGroundingDino"]

#: Width of the image encoder -> the package's module with that model's configuration.
_CONFIGS = {
    96: "groundingdino.config.GroundingDINO_SwinT_OGC",
    128: "groundingdino.config.GroundingDINO_SwinB_cfg",
}
_building = threading.Lock()


class OriginalGroundingDino:
    """A :class:`~pekit_agents.models.hf.detection.Detector`.

    Args:
        path: The file with the weights.
        spec: How to run it; ``image_size`` is the shorter side in pixels, 800 if not given.
            Concepts run one by one, whatever ``batch_size`` is.

    Raises:
        ModelError: The file is damaged or of another model, or the vocabulary is not there.
    """

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        weights = read_weights(path)
        width = width_of(weights, "backbone.0.patch_embed.proj.weight", 0)
        if width not in _CONFIGS:
            raise ModelError(
                f"expected the weights of the original Grounding DINO (Swin-T or Swin-B) in {path}"
                f", found those of another model ({next(iter(weights), 'nothing')!s:.60}); take "
                "one of the groundingdino_*.pth files"
            )
        network = _build(_CONFIGS[width], path, spec)
        self._model = TorchModel(fill(network, weights, path), spec)
        self._images = transformers.GroundingDinoImageProcessorPil()  # 800 px, as in the package
        self._size = spec.image_size

    def detect(self, image: RGBImage, concepts: Sequence[str], threshold: float) -> list[Proposal]:
        """Return the boxes that score above the threshold for any of the concepts.

        Args:
            image: The photo.
            concepts: Lower-case words without full stops; each is a query of its own.
            threshold: In [0, 1]; a box's score is that of its best matching word.

        Returns:
            Boxes in pixels of the photo, which may reach over its edges a little.
        """
        pixels = pixels_of(image, self._images, self._size).to(self._model.device)
        found = in_batches(
            lambda batch: [self._run(pixels, batch[0], threshold, image.size)],
            list(concepts),
            size=1,  # in a larger batch the package mixes up the concepts' attention masks
            name=self._model.name,
        )
        return [proposal for proposals in found for proposal in proposals]

    def _run(
        self, pixels: Any, concept: str, threshold: float, size_wh: tuple[int, int]
    ) -> list[Proposal]:
        with self._model.running():
            outputs = self._model.network(pixels, captions=[f"{concept}."])
            scores = outputs["pred_logits"][0].float().sigmoid().amax(dim=-1).cpu()  # (queries,)
            shares = outputs["pred_boxes"][0].float().cpu()  # (queries, 4): centre, size
        halves = shares[:, 2:] / 2
        corners = torch.cat([shares[:, :2] - halves, shares[:, :2] + halves], dim=1)
        boxes = corners * torch.tensor([*size_wh, *size_wh])
        return [
            Proposal(Box(*box), min(1.0, score))
            for box, score in zip(boxes.tolist(), scores.tolist(), strict=True)
            if score > threshold
        ]


def _build(config: str, path: Path, spec: ModelSpec) -> Any:
    """Return the network with random weights."""
    folder = text_folder(path)
    tokenizer = load_processor(transformers.AutoTokenizer, folder, spec)
    settings = load_processor(transformers.BertConfig, folder, spec)
    settings._attn_implementation = "sdpa"  # takes masks of True and False
    values = dict(vars(importlib.import_module(config)))
    values |= {"use_checkpoint": False, "use_transformer_ckpt": False}  # only save in training
    with _parts(tokenizer, transformers.BertModel(settings)):
        return package.build_model(SimpleNamespace(**values))


@contextmanager
def _parts(tokenizer: Any, bert: Any) -> Iterator[None]:
    """Let the package build with these parts; it would fetch its own, weights and all."""
    ours = {
        "get_tokenlizer": SimpleNamespace(
            get_tokenlizer=lambda _: tokenizer, get_pretrained_language_model=lambda _: bert
        ),
        "BertModelWarper": _TextEncoder,
    }
    with _building:
        theirs = {name: getattr(architecture, name) for name in ours}
        try:
            for name, part in ours.items():
                setattr(architecture, name, part)
            yield
        finally:
            for name, part in theirs.items():
                setattr(architecture, name, part)


class _TextEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is not followed
    """BERT with a mask for each pair of tokens, in place of the package's ``BertModelWarper``.

    That one calls methods that transformers 5 no longer has. The names of the parts are those in
    the checkpoint.
    """

    def __init__(self, bert_model: Any) -> None:
        super().__init__()
        self.config = bert_model.config
        self.embeddings = bert_model.embeddings
        self.encoder = bert_model.encoder
        self.pooler = bert_model.pooler

    def forward(
        self, input_ids: Any, attention_mask: Any, position_ids: Any, token_type_ids: Any = None
    ) -> dict[str, Any]:
        """Return ``last_hidden_state`` (B, N, width) of N tokens.

        Args:
            input_ids: (B, N).
            attention_mask: (B, N, N) bool; True where a row's token sees a column's.
            position_ids: (B, N); they begin anew with each concept.
            token_type_ids: (B, N), or None for zeros.
        """
        embedded = self.embeddings(
            input_ids=input_ids, position_ids=position_ids, token_type_ids=token_type_ids
        )
        hidden = self.encoder(embedded, attention_mask=attention_mask[:, None])
        return {"last_hidden_state": hidden.last_hidden_state}
