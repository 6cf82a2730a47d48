"""What may enter the memory: identifiers, unit vectors, and what is kept beside them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.changes import MAX_NEGATIVES
from pekit_agents.owner_text import clean_category, clean_context, clean_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from pekit_agents.memory.records import MemoryRecord
    from pekit_agents.types import Crop, Details, FloatArray, PersonalObject

_OBJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNIT_TOLERANCE = 1e-3
_VIEW_ID = re.compile(r"[0-9a-f]{12}")
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_MAX_CROP_BYTES = 2**20
_MAX_PATCHES, _MAX_CODE = 4096, 1024


def checked_encoder(encoder_id: str, dim: int) -> tuple[str, int]:
    """Return the encoder's id and the width of its vectors."""
    if not isinstance(encoder_id, str) or not encoder_id:
        raise InvalidInput(f"encoder_id must be a non-empty text, got {encoder_id!r}.")
    if not isinstance(dim, int) or dim < 1:
        raise InvalidInput(f"dim must be a whole number of at least 1, got {dim!r}.")
    return encoder_id, dim


def checked_object_id(object_id: str) -> str:
    """Return ``object_id`` if it is 1 to 64 of the characters A-Z, a-z, 0-9, ``_`` and ``-``."""
    if not isinstance(object_id, str) or _OBJECT_ID.fullmatch(object_id) is None:
        raise InvalidInput(
            f"object_id must be 1 to 64 of A-Z, a-z, 0-9, '_' and '-', got {object_id!r}."
        )
    return object_id


def checked_object(obj: PersonalObject) -> PersonalObject:
    """Return ``obj`` if it can be stored: a valid id, encodable texts, an aware time."""
    checked_object_id(obj.object_id)
    check_texts({"name": obj.name, "category": obj.category, "context": obj.context})
    if obj.created_at.tzinfo is None:
        raise InvalidInput(f"created_at must carry a time zone, got {obj.created_at!r}.")
    return obj


def check_texts(texts: Mapping[str, str]) -> None:
    """Refuse what is not text or what UTF-8 cannot hold."""
    for field, text in texts.items():
        try:
            text.encode()
        except (AttributeError, UnicodeEncodeError) as exc:
            raise InvalidInput(f"{field} must be valid Unicode text, got {text!r}.") from exc


def checked_crops(crops: Sequence[Crop | None] | None, count: int) -> Sequence[Crop | None] | None:
    """Return ``crops`` if there is one, or None, for each of ``count`` views.

    Raises:
        InvalidInput: There are more or fewer, or one is not a small JPEG with a PNG.
    """
    if crops is None:
        return None
    if len(crops) != count:
        raise InvalidInput(f"crops must be one for each of {count} vectors, got {len(crops)}.")
    for crop in crops:
        if crop is not None and not (
            crop.picture.startswith(_JPEG)
            and crop.mask.startswith(_PNG)
            and max(len(crop.picture), len(crop.mask)) <= _MAX_CROP_BYTES
        ):
            raise InvalidInput(
                "a crop must be a JPEG and its mask a PNG of at most 1 MiB each, got "
                f"{len(crop.picture)} bytes that begin with {crop.picture[:4]!r} and "
                f"{len(crop.mask)} that begin with {crop.mask[:4]!r}."
            )
    return crops


def checked_view_ids(view_ids: Sequence[str] | None, count: int) -> Sequence[str] | None:
    """Return ``view_ids`` if there are none, or a different one for each of ``count`` views.

    Raises:
        InvalidInput: There are more or fewer, two are alike, or one is not 12 hexadecimal digits.
    """
    if view_ids is None:
        return None
    if len(view_ids) != count:
        raise InvalidInput(
            f"view ids must be one for each of {count} vectors, got {len(view_ids)}."
        )
    if len(set(view_ids)) != count or not all(_VIEW_ID.fullmatch(str(i)) for i in view_ids):
        raise InvalidInput(f"view ids must be 12 hexadecimal digits each, got {view_ids!r:.200}.")
    return view_ids


def checked_details(
    details: Sequence[Details | None] | None, count: int
) -> Sequence[Details | None] | None:
    """Return ``details`` if there is one, or None, for each of ``count`` views.

    Raises:
        InvalidInput: There are more or fewer, or arrays of one are not as ``Details`` says.
    """
    if details is None:
        return None
    if len(details) != count:
        raise InvalidInput(f"details must be one for each of {count} vectors, got {len(details)}.")
    for each in details:
        if each is not None:
            _check_arrays(each)
    return details


def _check_arrays(details: Details) -> None:
    arrays = [np.asarray(part) for part in (details.codes, details.colours, details.weights)]
    codes, colours, weights = arrays
    patches, width = codes.shape if codes.ndim == 2 else (0, 0)
    if (
        any(array.dtype != np.int8 for array in arrays)
        or not 1 <= patches <= _MAX_PATCHES
        or not 1 <= width <= _MAX_CODE
        or colours.shape != (patches, 2)
        or weights.shape != (patches,)
    ):
        found = ", ".join(f"{array.dtype} {array.shape}" for array in arrays)
        raise InvalidInput(
            "details must be int8 arrays (C, W), (C, 2) and (C,) with C from 1 to "
            f"{_MAX_PATCHES} and W from 1 to {_MAX_CODE}, got {found}."
        )
    if weights.min() < 1:
        raise InvalidInput(f"weights of details must be at least 1, got {weights.min()}.")


def checked_record(record: MemoryRecord) -> MemoryRecord:
    """Return an object of an export if ``remember`` could have stored it as it is.

    Raises:
        InvalidInput: A text, vector, view, crop or details could not have been.
    """
    obj = checked_object(record.object)
    texts = (obj.name, obj.category, obj.context)
    clean = (clean_name(obj.name), clean_category(obj.category), clean_context(obj.context))
    if texts != clean:
        raise InvalidInput(f"texts must hold nothing invisible, got {texts!r:.200}.")
    checked_vectors(record.vectors, record.vectors.shape[1])
    if len(record.negatives):
        checked_vectors(record.negatives, record.vectors.shape[1])
    if len(record.negatives) > MAX_NEGATIVES:
        raise InvalidInput(
            f"negatives must be at most {MAX_NEGATIVES}, got {len(record.negatives)}."
        )
    checked_view_ids([view.view_id for view in record.views], len(record.views))
    checked_crops([view.crop for view in record.views], len(record.vectors))
    checked_details([view.details for view in record.views], len(record.vectors))
    return record


def checked_vectors(vectors: ArrayLike, dim: int) -> FloatArray:
    """Return ``vectors`` as (N, D) float32, C-contiguous.

    Raises:
        InvalidInput: They are not (N >= 1, ``dim``) real, finite and of unit length.
    """
    try:
        array = np.ascontiguousarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as exc:
        raise InvalidInput(f"vectors must be an (N, {dim}) array of float32.") from exc
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] != dim:
        raise InvalidInput(f"vectors must be (N >= 1, {dim}), got {np.shape(vectors)}.")
    if not np.isfinite(array).all():
        raise InvalidInput("vectors must be finite, got NaN or infinity.")
    norms = np.linalg.norm(array, axis=1)  # (N,)
    worst = float(norms[np.abs(norms - 1.0).argmax()])
    if abs(worst - 1.0) > _UNIT_TOLERANCE:
        raise InvalidInput(f"vectors must be of unit length, got a length of {worst:.4g}.")
    return array
