"""Carrying a memory over to another encoder, from the crops that were kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.embedding.pooling import embed_reference
from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.introduction.crops import open_crop
from pekit_agents.memory import Memory
from pekit_agents.memory.place.place import require_files_at
from pekit_agents.wording.messages import clause

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pekit_agents.introduction.views import Progress
    from pekit_agents.memory import MemoryRecord
    from pekit_agents.profiles import Profile
    from pekit_agents.types import Crop, Details, FloatArray

__all__ = ["reembed_memory"]

_SHOWN = 10


def reembed_memory(
    root: str,
    user_id: str,
    profile: Profile,
    *,
    drop_corrections: bool = False,
    progress: Progress | None = None,
    storage_options: Mapping[str, str] | None = None,
) -> Memory:
    """Embed everything a user remembers with the encoder of ``profile``.

    The old memory stays in use until all of the new one is there, and is then replaced in one
    commit. What others change meanwhile is embedded, too. What objects are not (negatives) has
    no crops, so it cannot be embedded anew.

    Args:
        root: The folder of all users' memories, or an ``s3://`` URI.
        user_id: Whose memory.
        profile: The vision tools that it is to be used with.
        drop_corrections: Whether negatives are dropped; otherwise objects with any are refused.
        progress: Called after each view with (views done, views in all).
        storage_options: Of an ``s3://`` URI, as LanceDB has them.

    Returns:
        The memory, opened with the new encoder.

    Raises:
        InvalidInput: Objects have views without a crop, or with a damaged one, or negatives that
            may not be dropped; or the memory is at a ``db://`` URI. Nothing was changed.
        MemoryStoreError: The memory cannot be read or written.
    """
    require_files_at(root, "Embedding a memory anew")
    encoder = profile.encoder
    looks: dict[tuple[str, str], _Look] = {}
    while True:
        old = Memory.open_as_written(root, user_id=user_id, storage_options=storage_options)
        if old is None or (old.encoder_id, old.dim) == (encoder.id, encoder.dim):
            break
        seen = old.records()
        _require_crops(seen)
        if not drop_corrections:
            _require_no_negatives(seen)
        _embed(seen, profile, looks, progress)
        new = [_anew(record, [looks[key] for key in _keys(record)], encoder.dim) for record in seen]
        if old.replace_all(new, encoder_id=encoder.id, dim=encoder.dim, seen=seen):
            break
    memory = Memory.open(
        root,
        user_id=user_id,
        encoder_id=encoder.id,
        dim=encoder.dim,
        storage_options=storage_options,
    )
    memory.purge()
    return memory


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What one view is with the new profile."""

    vector: FloatArray
    details: Details | None


def _look_at(crop: Crop, profile: Profile) -> _Look:
    picture, region = open_crop(crop)
    view = embed_reference(picture, region, profile.encoder, augment=profile.augment)
    describer = profile.describer
    return _Look(view.vector, None if describer is None else describer.describe(picture, region))


def _anew(record: MemoryRecord, looks: Sequence[_Look], dim: int) -> MemoryRecord:
    return replace(
        record,
        vectors=np.stack([look.vector for look in looks]),
        views=tuple(
            replace(view, details=look.details)
            for view, look in zip(record.views, looks, strict=True)
        ),
        negatives=np.zeros((0, dim), np.float32),
    )


def _require_crops(records: Sequence[MemoryRecord]) -> None:
    lacking = [
        record.object.name for record in records if any(view.crop is None for view in record.views)
    ]
    if lacking:
        raise InvalidInput(
            f"expected a kept crop for every view, found none for views of {_listed(lacking)}; "
            "nothing was changed. Forget these objects, or remember everything anew in another "
            "memory with the new profile."
        )


def _require_no_negatives(records: Sequence[MemoryRecord]) -> None:
    corrected = [record.object.name for record in records if len(record.negatives)]
    if corrected:
        raise InvalidInput(
            f"expected objects without corrections, found some of {_listed(corrected)}: what was "
            "rejected has no picture to embed anew. Nothing was changed; to go on without these "
            "corrections, say drop_corrections (--drop-corrections), and correct again later."
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f'"{name}"' for name in names[:_SHOWN]) + more


def _embed(
    records: Sequence[MemoryRecord],
    profile: Profile,
    looks: dict[tuple[str, str], _Look],
    progress: Progress | None,
) -> None:
    """Fill in the looks that are not there yet."""
    total = sum(len(record.views) for record in records)
    done = 0
    for record in records:
        for key, view in zip(_keys(record), record.views, strict=True):
            done += 1
            if key in looks or view.crop is None:
                continue
            try:
                looks[key] = _look_at(view.crop, profile)
            except ImageError as exc:
                raise InvalidInput(
                    f'the crop of view {view.view_id} of "{record.object.name}" cannot be read '
                    f"({clause(exc)}); nothing was changed. Remove the view and try again."
                ) from exc
            if progress is not None:
                progress(done, total)


def _keys(record: MemoryRecord) -> list[tuple[str, str]]:
    return [(record.object.object_id, view.view_id) for view in record.views]
