"""Personal objects by a picture or by words, as documents, for any framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pekit_agents.retrievers import documents
from pekit_agents.retrievers.text_search import TextSearch
from pekit_agents.tools.image_store import is_handle

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.retrievers.documents import PersonalDocument
    from pekit_agents.tools.actions import PersonalActions

__all__ = ["ObjectSearch"]


class ObjectSearch:
    """Searches one user's memory; safe to call from several threads.

    Args:
        actions: The verbs, for the user's kit and the store of pictures.
        user_id: Whose memory.
    """

    def __init__(self, actions: PersonalActions, user_id: str) -> None:
        self.actions, self.user_id = actions, user_id
        self._words = TextSearch()

    def query(self, query: str, k: int) -> list[PersonalDocument]:
        """Return what a text asks for.

        Args:
            query: A picture's handle for the matches in it; any other text, also one that looks
                like a path, is searched for in names, categories and notes.
            k: The most documents to return.

        Raises:
            UnknownImage: The user has no such picture.
        """
        if is_handle(query):
            find = self.actions.findings.find
            return self._matches(
                lambda: find(self.user_id, query, second_opinion=False), k, image=query
            )
        objects = self.actions.open_kit(self.user_id).objects()
        return documents.of_objects(self._words.search(query, objects, k))

    def picture(self, image: ImageSource, k: int) -> list[PersonalDocument]:
        """Return the matches in a picture: what is named, and after it what is possible.

        Args:
            image: A path, bytes, a PIL image or an array; the caller's own, never a model's.
            k: The most documents to return.

        Raises:
            ImageError: The picture cannot be read.
        """
        kit = self.actions.open_kit(self.user_id)
        return self._matches(lambda: kit.find(image), k)

    def _matches(
        self, search: Callable[[], Finding], k: int, *, image: str = ""
    ) -> list[PersonalDocument]:
        """Return the matches of a search, and keep the picture with their boxes."""
        finding, annotated = self.actions.annotated.of(self.user_id, search)
        if annotated is None:
            return []
        size = finding.size_wh
        return documents.of_matches(finding.everything[:k], size, annotated=annotated, image=image)
