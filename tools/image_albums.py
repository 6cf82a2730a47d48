"""Pictures that come together stay together, where a store offers that: ``put_album``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pekit_agents.errors import InvalidInput
from pekit_agents.tools.image_store import ImageStore, each_put

__all__ = ["AlbumStore", "put_album"]


@runtime_checkable
class AlbumStore(Protocol):
    """What a store offers besides, so that pictures which came together stay together."""

    def put_album(
        self, user_id: str, images: Sequence[bytes], *, batch: str | None = None
    ) -> list[str | InvalidInput]:
        """Keep pictures that came together: none of them goes before the next ones came.

        Args:
            user_id: Whose pictures.
            images: What the user sent, or what tools returned.
            batch: None for what the user sent. For what tools returned, a name of the calls that
                a model made at once: pictures of the same batch may come one after the other.

        Returns:
            For each picture its handle, or why it is not kept.
        """
        ...


def put_album(
    store: ImageStore, user_id: str, images: Sequence[bytes], *, batch: str | None = None
) -> list[str | InvalidInput]:
    """Keep pictures that came together, so where the store can: see :class:`AlbumStore`."""
    if isinstance(store, AlbumStore):
        return store.put_album(user_id, images, batch=batch)
    return each_put(images, lambda image: store.put(user_id, image))
