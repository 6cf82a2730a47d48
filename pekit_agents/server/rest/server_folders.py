"""A folder of the server's machine that a request names, and what is answered where it may not."""

from __future__ import annotations

from pekit_agents.images.loading import describe_source
from pekit_agents.server.photo_folders import FolderPhoto, folders_of, may_name_paths
from pekit_agents.server.problems import Problem
from pekit_agents.server.settings import ServerSettings

__all__ = ["photos_of_folder"]


def photos_of_folder(settings: ServerSettings, user_id: str, folder: str) -> list[FolderPhoto]:
    """Return the photos in a folder of the server's machine, and in those in it.

    Args:
        settings: Which folders may be named.
        user_id: Who names it.
        folder: Its path: absolute, or within one of these folders.

    Raises:
        Problem: The user may name no folder (403), or not this one (404), whether it is there or
            not.
    """
    if not may_name_paths(settings, user_id):
        raise Problem(
            403,
            "expected a user whose machine this is, and a server that was started with --photos "
            "DIR, found another; send the photos instead",
        )
    photos = folders_of(settings, user_id).photos_in(folder)
    if photos is None:
        raise Problem(
            404,
            f"expected a folder below one that the server was started with, found "
            f"{describe_source(folder)!r}; see --photos",
            kind="not-found",
        )
    return photos
