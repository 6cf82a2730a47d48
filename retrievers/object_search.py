"""Personal objects by a picture or by words, as documents, for any framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pekit_agents.prompting.known_words import not_told
from pekit_agents.prompting.naming import read_names
from pekit_agents.retrievers import documents
from pekit_agents.retrievers.queries import handle_in, require_words
from pekit_agents.retrievers.text_search import TextSearch
from pekit_agents.wording.spelling import name_key

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.retrievers.documents import PersonalDocument
    from pekit_agents.tools.actions import PersonalActions
    from pekit_agents.types import PersonalObject

__all__ = ["ObjectSearch"]


class ObjectSearch:
    """Searches one user's memory; safe to call from several threads.

    Args:
        actions: The verbs, for the user's kit and the store of pictures.
        user_id: Whose memory.
        instead: What to give in place of a picture's path or URL, in words.
    """

    def __init__(self, actions: PersonalActions, user_id: str, *, instead: str) -> None:
        self.actions, self.user_id = actions, user_id
        self._instead = (
            f"for a picture give its handle alone (img_ and 32 hex digits), or {instead}"
        )
        self._words = TextSearch()

    def query(self, query: str, k: int) -> list[PersonalDocument]:
        """Return what a text asks for.

        Args:
            query: A picture's handle for the matches in it. What any other text names comes
                first; its further words are searched for in names, categories and notes.
            k: The most documents to return.

        Raises:
            UnknownImage: The user has no such picture.
            InvalidInput: The text is too long, a path, a URL, or has a handle in it, or ``k`` is
                below 1.
        """
        handle = handle_in(query)
        if handle is not None:
            find = self.actions.findings.find
            return self._matches(
                lambda: find(self.user_id, handle, second_opinion=False), k, image=handle
            )
        require_words(query, self._instead)
        objects = self.actions.open_kit(self.user_id).objects()
        names = read_names(objects, query)
        hits = self._words.search(query, objects, k)
        unknown = [each for each in names.unknown if not self._has(each, objects, k)]
        told = documents.of_unknown(unknown)
        doubtful = not_told(names.doubtful, [obj for obj, _ in hits]) if names.parts else ()
        return [*documents.of_objects(hits, doubtful)[: max(0, k - len(told))], *told][:k]

    def _has(self, words: str, objects: Sequence[PersonalObject], k: int) -> bool:
        """Say whether words stand in what is remembered; a search finds others like them too."""
        hits = [obj for obj, _ in self._words.search(words, objects, k)]
        texts = (name_key(f"{obj.name} {obj.category} {obj.context}") for obj in hits)
        return any(f" {name_key(words)} " in f" {text} " for text in texts)

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
