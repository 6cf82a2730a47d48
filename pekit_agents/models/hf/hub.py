"""From a hub id or a folder to the files of a model, or one sentence that says why not.

Files come from the local cache when they are all there, with no look at the network; else they
are downloaded with progress. A connection that drops is taken up again; after an interruption,
the files that arrived whole are not fetched twice. Only safetensors weights are fetched: a
pickle could run code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.wording.messages import clause

try:
    import huggingface_hub
except ImportError as exc:
    raise MissingDependency(
        f"this profile needs torch and transformers ({clause(exc)}); "
        'type: pip install "pekit-agents[hf]", or use the embedded profile, which needs neither'
    ) from exc

if TYPE_CHECKING:
    from pekit_agents.models.spec import ModelSpec

__all__ = [
    "CLIP",
    "IMAGENET",
    "TEXT_DOWNLOAD",
    "Statistics",
    "checkpoint_folder",
    "local_folder",
    "local_text_folder",
    "model_type",
    "original_file",
    "pixel_statistics",
    "text_folder",
]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")
_FILES = ["*.json", "*.txt", "*.jinja", "tokenizer.model", "model*.safetensors"]
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_TEXT = "google-bert/bert-base-uncased"
_TEXT_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")

#: What to type after ``hf download`` for the text part of the original Grounding DINO.
TEXT_DOWNLOAD = " ".join((_TEXT, *_TEXT_FILES))

#: Mean and standard deviation of the RGB channels, in [0, 1].
Statistics: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
IMAGENET: Statistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP: Statistics = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


def checkpoint_folder(spec: ModelSpec) -> Path:
    """Return the folder that holds a model's files, downloading them if they are not there.

    Raises:
        ModelError: There is no such folder, or the hub does not have or give the model.
    """
    return local_folder(spec) or _download(spec.id, spec.revision, _FILES, spec.id)


def local_folder(spec: ModelSpec) -> Path | None:
    """Return the folder that holds a model's files; None when it has to be downloaded.

    Raises:
        ModelError: It is neither a folder nor an id that a hub could know.
    """
    folder = Path(spec.id).expanduser()
    if folder.is_dir():
        return folder
    if spec.is_original:
        raise ModelError(
            "expected a folder with a saved model or a hub id, found the file "
            f"{spec.id!r}: only a detector or a segmenter can be a .pth file"
        )
    if not _HUB_ID.fullmatch(spec.id):
        raise ModelError(
            "expected a folder with a saved model or a hub id like facebook/dinov2-base, "
            f"found {spec.id!r}, which is no folder here"
        )
    try:
        folder = Path(
            huggingface_hub.snapshot_download(
                spec.id,
                revision=spec.revision,
                allow_patterns=_FILES,
                local_files_only=True,
            )
        )
        return folder if _is_complete(folder) else None
    except (OSError, ValueError, KeyError):
        return None


def _is_complete(folder: Path) -> bool:
    """Whether a snapshot holds a configuration and all weights."""
    if not (folder / "config.json").is_file():
        return False
    if not (folder / _INDEX).is_file():
        return (folder / _WEIGHTS).is_file()
    shards = json.loads((folder / _INDEX).read_text("utf-8"))["weight_map"].values()
    return all((folder / shard).is_file() for shard in shards)


def original_file(spec: ModelSpec) -> Path:
    """Return the file that holds a checkpoint of its authors' own package.

    Raises:
        ModelError: There is no such file.
    """
    path = Path(spec.id).expanduser()
    if not path.is_file():
        raise ModelError(
            f"expected the weights that the model's authors give out at {path.absolute()}, found "
            "no file there; download them from their page, or use the embedded profile, which "
            "needs no download"
        )
    return path


def text_folder(checkpoint: Path) -> Path:
    """Return the folder with the configuration and vocabulary of the original Grounding DINO.

    They are those of BERT (base, uncased), whose weights the checkpoint holds itself: a folder
    ``bert-base-uncased`` beside it, else a few small files from the hub.

    Args:
        checkpoint: The ``.pth`` file.

    Raises:
        ModelError: They are not there and cannot be downloaded.
    """
    return local_text_folder(checkpoint) or _download(_TEXT, None, _TEXT_FILES, TEXT_DOWNLOAD)


def local_text_folder(checkpoint: Path) -> Path | None:
    """Return what :func:`text_folder` returns; None when it has to be downloaded."""
    beside = checkpoint.with_name("bert-base-uncased")
    if beside.is_dir():
        return beside
    try:
        folder = Path(
            huggingface_hub.snapshot_download(
                _TEXT, allow_patterns=[*_TEXT_FILES], local_files_only=True
            )
        )
    except (OSError, ValueError, KeyError):
        return None
    return folder if all((folder / name).is_file() for name in _TEXT_FILES) else None


def _download(model: str, revision: str | None, files: Collection[str], typed: str) -> Path:
    try:
        return Path(
            huggingface_hub.snapshot_download(model, revision=revision, allow_patterns=[*files])
        )
    except Exception as exc:  # the hub's errors, its client's, the disk's
        raise ModelError(
            f"{model} is not on this machine and cannot be downloaded: {_reason(exc)}. "
            f"Where there is a network, type: hf download {typed}; "
            "or use the embedded profile, which needs no download"
        ) from exc


def _reason(exc: BaseException) -> str:
    errors = huggingface_hub.errors
    if isinstance(exc, errors.GatedRepoError):
        return "its owner asks for consent first (accept on its page, then type: hf auth login)"
    if isinstance(exc, errors.RevisionNotFoundError):
        return "the hub has no such revision of it"
    if isinstance(exc, errors.RepositoryNotFoundError):
        return "the hub has no model of that name, or it is private"
    if isinstance(exc, errors.OfflineModeIsEnabled) or huggingface_hub.constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    if isinstance(exc, errors.LocalEntryNotFoundError):
        return "the hub cannot be reached"
    return clause((str(exc) or type(exc).__name__).strip().splitlines()[0])


def model_type(folder: Path, spec: ModelSpec, families: Collection[str], role: str) -> str:
    """Return the family a checkpoint says it is of.

    Args:
        folder: Where its files are.
        spec: What was asked for.
        families: The ``model_type`` values that will do.
        role: What it is to be, for messages ("a detector").

    Raises:
        ModelError: It has no readable configuration, or is of another family.
    """
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text("utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as exc:
        raise ModelError(
            f"expected the configuration of {spec.id} at {path}, found none that can be read; "
            "save a model there with save_pretrained, or download it again"
        ) from exc
    if found not in families:
        expected = ", ".join(sorted(families))
        raise ModelError(
            f"expected {spec.id} to be {role} (model_type {expected}), found {found!r}"
        )
    return str(found)


def pixel_statistics(folder: Path, usual: Statistics = IMAGENET) -> Statistics:
    """Return mean and standard deviation of the RGB channels that a model was trained with.

    Read from the processor's file, because the processor itself may need torchvision.

    Args:
        folder: Where the checkpoint is.
        usual: What its family uses, for a checkpoint without a processor.
    """
    for name in _PROCESSORS:
        try:
            values = json.loads((folder / name).read_text("utf-8"))
            values = values.get("image_processor", values)
            return tuple(values["image_mean"]), tuple(values["image_std"])
        except (OSError, ValueError, KeyError):
            continue
    return usual
