"""``WaysIn``: how a photo gets in, since no server receives what is attached to a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.server.photo_folders import PhotoFolders, folders_of, may_name_paths
from pekit_agents.tools.chosen_pictures import LATEST, is_none, some_pictures
from pekit_agents.tools.image_store import handles_named

if TYPE_CHECKING:
    from pathlib import Path

    from pekit_agents.server.settings import ServerSettings

__all__ = ["WaysIn", "is_path"]

_NEVER = "Pictures that are attached to the conversation never reach this server."
_ABOUT = (
    "A visual memory of the user's own things: it is told what they look like, and finds them in "
    "photos."
)


class WaysIn:
    """What may be a photo, and what to tell of it.

    Args:
        settings: How the server is set up.
        local: Whether the client runs on this machine, as the same user: its roots count, too.
        console: Whether the console is there to be opened.
    """

    def __init__(self, settings: ServerSettings, *, local: bool, console: bool) -> None:
        self._settings, self.local = settings, local
        #: Where a photo can be dropped; None where no console runs.
        self.page = f"{settings.url}/upload" if console else None

    def by_path(self, user_id: str) -> bool:
        """Return whether a user's photos may be named by path."""
        return self.local or may_name_paths(self._settings, user_id)

    def folders(self, user_id: str, roots: Sequence[Path] = ()) -> PhotoFolders:
        """Return the folders whose photos a user may name by path.

        Args:
            user_id: Who.
            roots: Those of a client on this machine.
        """
        return folders_of(self._settings, user_id, local=self.local, roots=roots)

    def words(self, user_id: str, folders: PhotoFolders | None = None) -> str:
        """Return how a photo gets in, for a model that has none.

        Args:
            user_id: Who has none.
            folders: Whose photos may be named by path, where that is known.
        """
        ways = []
        folders = folders or self.folders(user_id)
        if folders:
            ways.append(f"give the path of one below {folders}")
        elif self.local:
            ways.append("give its path, if it is below a root of this client")
        if self._settings.inbox is not None and user_id == self._settings.user:
            ways.append(f'have it put into {self._settings.inbox} and say "latest"')
        if self.page is not None:
            ways.append(f'call ask_for_photo, or have it dropped at {self.page}, and say "latest"')
        return (
            f"{_NEVER} To bring one in: {'; or '.join([*ways, 'have a program call add_photo'])}."
        )

    def instructions(self, user_id: str | None) -> str:
        """Return what a client's model is told at the beginning."""
        ways = _NEVER if user_id is None else self.words(user_id)
        return f"{_ABOUT} {ways} Never make up a handle or base64."


def is_path(given: str) -> bool:
    """Return whether what stands for a picture is neither a handle nor a word for one."""
    if is_none(given) or handles_named(given):
        return False
    return some_pictures([given], [LATEST]) != [LATEST]
