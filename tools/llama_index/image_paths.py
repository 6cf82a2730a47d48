"""Where a picture lies on disk, for frameworks that pass pictures as paths.

Only a store decides on a path: handles are looked up, and nothing that a model writes is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pekit_agents.tools.image_store import ImageStore

__all__ = ["ImagePaths", "path_of"]


@runtime_checkable
class ImagePaths(Protocol):
    """What an image store may offer besides: pictures that are files."""

    def path(self, user_id: str, handle: str) -> Path:
        """Return the file of a picture; it may be gone later, when the picture is let go.

        Raises:
            UnknownImage: As for :meth:`ImageStore.get`.
        """
        ...


def path_of(images: ImageStore, user_id: str, handle: str) -> Path | None:
    """Return the file of a picture; None where the store keeps no files.

    Raises:
        UnknownImage: This user has no such picture (any more).
    """
    return images.path(user_id, handle) if isinstance(images, ImagePaths) else None
