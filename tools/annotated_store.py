"""Annotated pictures that are kept while what they name is remembered: ``AnnotatedPictures``."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pekit_agents.answering.pictures import SHOWN_SIDE, to_jpeg
from pekit_agents.errors import MemoryStoreError, ObjectNotFound
from pekit_agents.tools.image_store import ImageStore, ListsAbout

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import RGBImage

__all__ = ["AnnotatedPictures"]

_LOGGER = logging.getLogger(__name__)

_SWEPT_USERS = 1000  # of so many it is known that nothing has changed; of others it is looked up


class AnnotatedPictures:
    """Pictures with names written on them, in an image store: they go with what they name.

    An object may be forgotten while a picture of it is drawn, by a process that dies on the way, or
    by somebody who does not know the store. So what a picture is about is compared with what is
    remembered after it was kept, and again whenever the memory has changed.

    Args:
        open_kit: Gives a user's kit.
        images: Where they are kept. One that is no :class:`ListsAbout` forgets what is forgotten
            here, and nothing else.
    """

    def __init__(self, open_kit: Callable[[str], PeKit], images: ImageStore) -> None:
        self._open_kit, self._images = open_kit, images
        self._swept: OrderedDict[str, int] = OrderedDict()  # the memory's version, by user
        self._lock = threading.Lock()

    def of(self, user_id: str, search: Callable[[], Finding]) -> tuple[Finding, str | None]:
        """Search a picture and keep it with its boxes drawn in.

        It is searched again where one of its objects is forgotten meanwhile.

        Args:
            user_id: Whose memory.
            search: Searches the picture in the memory as it is.

        Returns:
            What was found, and the handle of the annotated picture; None where nothing was.

        Raises:
            ObjectNotFound: Objects were forgotten during each of several searches.
            MemoryStoreError: The store or the memory cannot be used.
        """
        for last in (False, False, False, True):
            finding = search()
            try:
                return finding, self.keep(user_id, finding) if finding.everything else None
            except ObjectNotFound:
                if last:
                    raise
        raise AssertionError("unreachable")

    def keep(self, user_id: str, finding: Finding) -> str:
        """Keep a finding's picture with its boxes drawn in, and return its handle.

        Raises:
            ObjectNotFound: One of its objects was forgotten meanwhile; nothing is kept.
            MemoryStoreError: The store or the memory cannot be used.
        """
        about = {obj.object_id for match in finding.everything for obj in match.candidates}
        return self.keep_picture(user_id, finding.annotated, about)

    def keep_picture(self, user_id: str, picture: RGBImage, about: Collection[str]) -> str:
        """Keep a picture with names written on it, and return its handle.

        Args:
            user_id: Whose picture.
            picture: The picture.
            about: Ids of what is named on it.

        Raises:
            ObjectNotFound: One of them was forgotten meanwhile; nothing is kept.
            MemoryStoreError: The store or the memory cannot be used.
        """
        handle = self._images.put(user_id, to_jpeg(picture, SHOWN_SIDE), about=about)
        # Asked afterwards: who forgets an object looks for its pictures when it is gone.
        if not set(about) <= self._ids(user_id):
            self._images.delete(user_id, handle)
            raise ObjectNotFound(
                "expected a picture of remembered objects, found that one of them was forgotten "
                "meanwhile; search it again"
            )
        return handle

    def kit(self, user_id: str) -> PeKit:
        """Return a user's kit; pictures about what was forgotten by anybody are deleted first.

        Where that fails it is put off to the next change of the memory.

        Raises:
            MemoryStoreError: The memory cannot be used.
        """
        kit = self._open_kit(user_id)
        version = kit.version()
        with self._lock:
            if self._swept.get(user_id) == version:
                return kit
            self._swept[user_id] = version
            self._swept.move_to_end(user_id)
            while len(self._swept) > _SWEPT_USERS:
                self._swept.popitem(last=False)
        try:
            self.delete_forgotten(user_id)
        except MemoryStoreError as exc:
            _LOGGER.warning("pictures about what was forgotten could not be deleted: %s", exc)
        return kit

    @contextmanager
    def forgetting(self, user_id: str) -> Iterator[PeKit]:
        """Yield a user's kit, and delete the pictures about what is forgotten meanwhile.

        Raises:
            MemoryStoreError: The store or the memory cannot be used.
        """
        kit = self._open_kit(user_id)
        known = {obj.object_id for obj in kit.objects()}
        try:
            yield kit
        finally:
            self.delete_forgotten(user_id, known)

    def delete_forgotten(self, user_id: str, known: Collection[str] = ()) -> None:
        """Delete the pictures about what is not remembered any more.

        Args:
            user_id: Whose pictures.
            known: Ids of objects that were remembered; for a store that does not list any.

        Raises:
            MemoryStoreError: The store or the memory cannot be used.
        """
        about = self._images.about(user_id) if isinstance(self._images, ListsAbout) else set()
        for object_id in (about | set(known)) - self._ids(user_id):
            self._images.delete_about(user_id, object_id)

    def _ids(self, user_id: str) -> set[str]:
        return {obj.object_id for obj in self._open_kit(user_id).objects()}
