"""The mark that stands from before something is gone until its bytes are: ``Unpurged``."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from pekit_agents.types import PersonalObject

if TYPE_CHECKING:
    from pekit_agents.memory.place.folder import FolderPlace

_NAME = "unpurged"


class Unpurged:
    """The mark of one memory; whoever writes next sees it and finishes what it stands for.

    It tells what was forgotten, so that forgetting the same again can finish it as well. It is
    removed with the last byte.

    Args:
        files: Where the memory lies.
    """

    def __init__(self, files: FolderPlace) -> None:
        self._files = files
        self._path = files.path / _NAME

    def stands(self) -> bool:
        """Return whether there is something to finish."""
        return self._path.exists()

    def put(self, forgotten: PersonalObject | None = None) -> None:
        """Set the mark, before anything is deleted.

        Args:
            forgotten: What is being forgotten; None where it is something else that goes.

        Raises:
            OSError: It cannot be written.
        """
        objects = [*self.objects(), *([] if forgotten is None else [forgotten])]
        if not objects:
            self._path.touch()
            return
        try:
            content = json.dumps([obj.to_dict() for obj in objects])
            self._files.write(_NAME, content.encode())
        except OSError:  # a full disk may have room for an empty file yet
            self._path.touch()

    def objects(self) -> list[PersonalObject]:
        """Return what was forgotten and is still to be erased, as far as it is known."""
        with suppress(FileNotFoundError, ValueError, TypeError):
            return [
                PersonalObject(**{**each, "created_at": datetime.fromisoformat(each["created_at"])})
                for each in json.loads(self._path.read_bytes())
            ]
        return []

    def remove(self) -> None:
        """Remove the mark: everything is finished."""
        self._path.unlink(missing_ok=True)
