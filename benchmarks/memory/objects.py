"""Made-up memories of any size: objects of some categories, each with views alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.memory import Memory, MemoryRecord
from pekit_agents.memory.place.place import user_place
from pekit_agents.memory.records import new_rev, new_views, to_rows
from pekit_agents.memory.schema import table_schema
from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.types import FloatArray

ENCODER = "bench@1"
#: D of the made-up views unless another is asked for.
DIM = 384
VIEWS_EACH = 5
#: The object that all writers of the crowd add views to.
SHARED = "shared"
_CATEGORIES = 300
# Two views of one object come to a cosine of about .75, two objects of a category to .3.
_OBJECT_SPREAD, _VIEW_SPREAD = 1.5, 1.0
_CHUNK = 4000
_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def unit(vectors: np.ndarray) -> FloatArray:
    """Return vectors along the last axis as float32 of unit length."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, np.float32)


def made_up(count: int, *, seed: int = 0, dim: int = DIM) -> Iterator[FloatArray]:
    """Yield (n, VIEWS_EACH, D) float32 unit views, of ``count`` objects in all."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((_CATEGORIES, dim), np.float32)
    for begin in range(0, count, _CHUNK):
        n = min(_CHUNK, count - begin)
        kinds = centres[rng.integers(0, _CATEGORIES, n)]
        objects = kinds + _OBJECT_SPREAD * rng.standard_normal((n, dim), np.float32)
        noise = rng.standard_normal((n, VIEWS_EACH, dim), np.float32)
        yield unit(objects[:, None] + _VIEW_SPREAD * noise)


def described(number: int) -> PersonalObject:
    """Return the texts of an object."""
    return PersonalObject(
        f"object-{number:08d}",
        f"thing {number}",
        category=f"kind {number % 20}",
        context="Stands on the shelf by the window.",
        n_views=VIEWS_EACH,
        created_at=_DAY + timedelta(seconds=number),
    )


def fill(
    root: Path,
    user_id: str,
    count: int,
    *,
    seed: int = 0,
    first: int = 0,
    dim: int = DIM,
    negatives: int = 0,
) -> None:
    """Store ``count`` objects by the thousand, as no user does, and without an index.

    Args:
        root: The folder of all users' memories.
        user_id: Whose.
        count: How many objects.
        seed: Of their views.
        first: The number of the first one.
        dim: D.
        negatives: How many vectors each object is said not to be.
    """
    rng = np.random.default_rng(seed + 1)
    schema = table_schema(ENCODER, dim)
    transactions = Transactions(user_place(root, user_id), schema)
    done = first
    for views in made_up(count, seed=seed, dim=dim):
        records = [
            MemoryRecord(described(done + i), vectors, new_views(len(vectors)), new_rev(), told)
            for i, (vectors, told) in enumerate(
                zip(views, unit(rng.standard_normal((len(views), negatives, dim))), strict=True)
            )
        ]
        rows = to_rows(records, schema)
        transactions.commit(partial(_add, rows=rows))
        done += len(records)


def _add(table: Table, rows: pa.Table) -> None:
    table.add(rows)


def open_memory(
    root: Path, user_id: str, *, index_above: int | None = None, dim: int = DIM
) -> Memory:
    """Open a memory for made-up objects."""
    return Memory.open(root, user_id=user_id, encoder_id=ENCODER, dim=dim, index_above=index_above)
