"""Folders of the server's machine: a path from a request is hostile until it is checked.

Only the user whose machine it is may name one, and only below a folder that the server was started
with. Links that lead out of it are not followed,
and the server's own files are no photos of anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pekit_agents.errors import ImageError
from pekit_agents.images.albums import list_photos
from pekit_agents.images.loading import describe_source
from pekit_agents.server.hosts import is_loopback
from pekit_agents.server.problems import Problem
from pekit_agents.server.settings import ServerSettings

__all__ = ["ServerPhoto", "may_name_folders", "photos_of_folder"]


@dataclass(frozen=True, slots=True)
class ServerPhoto:
    """A photo on the server's machine.

    Attributes:
        name: Its path within the folder that was named.
        photo_id: What a library calls it: its whole path.
    """

    name: str
    photo_id: str
    _path: Path
    _root: Path

    def checked(self) -> Path:
        """Return where it lies in truth.

        Raises:
            ImageError: That is outside of the folders that may be named, or nowhere.
        """
        try:
            path = self._path.resolve(strict=True)
        except (OSError, RuntimeError) as exc:
            raise ImageError(f"{self.name}: expected a photo, found that it is gone") from exc
        if not path.is_relative_to(self._root):
            raise ImageError(
                f"{self.name}: expected a photo in the folder, found a link that leads out of it"
            )
        return path


def may_name_folders(settings: ServerSettings, user_id: str) -> bool:
    """Return whether a user may name folders of the server's machine: one's own machine."""
    return bool(settings.photos) and user_id == settings.user and is_loopback(settings.host)


def photos_of_folder(settings: ServerSettings, user_id: str, folder: str) -> list[ServerPhoto]:
    """Return the photos in a folder of the server's machine, and in those in it.

    Args:
        settings: Which folders may be named.
        user_id: Who names it.
        folder: Its path: absolute, or within one of these folders.

    Raises:
        Problem: The user may name no folder (403), or not this one (404), whether it is there or
            not.
    """
    if not may_name_folders(settings, user_id):
        raise Problem(
            403,
            "expected a user whose machine this is, and a server that was started with --photos "
            "DIR, found another; send the photos instead",
        )
    for each in settings.photos:
        try:
            root = Path(each).expanduser().resolve(strict=True)
            place = (root / folder).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if place.is_relative_to(root) and place.is_dir():
            private = [each.resolve() for each in settings.private]
            photos = [
                path
                for path in list_photos(place).photos
                if not any(path.resolve().is_relative_to(each) for each in private)
            ]
            names = [path.relative_to(place).as_posix() for path in photos]
            return [
                ServerPhoto(name, str(path), path, root)
                for name, path in zip(names, photos, strict=True)
            ]
    raise Problem(
        404,
        f"expected a folder below one that the server was started with, found "
        f"{describe_source(folder)!r}; see --photos",
        kind="not-found",
    )
