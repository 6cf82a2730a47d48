"""Retrievers for LangChain: personal objects by picture or words, photos by the objects in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Unpack

from pekit_agents.errors import MissingDependency

try:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        CallbackManagerForRetrieverRun,
    )
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from pydantic import Field, PrivateAttr
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.retrievers import documents
from pekit_agents.retrievers.object_search import ObjectSearch
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.tools.actions import PersonalActions

if TYPE_CHECKING:
    from pekit_agents.images.loading import ImageSource
    from pekit_agents.retrievers.documents import PersonalDocument
    from pekit_agents.tools.open_options import OpenOptions

__all__ = ["PersonalObjectRetriever", "PhotoLibraryRetriever"]


class PersonalObjectRetriever(BaseRetriever):
    """Finds one user's personal objects, by a picture or by words.

    A query that is a picture's handle (``img_...``) is a visual search: the documents are the
    matches in that picture, with their boxes and the handle of the annotated picture. Any other
    query is a text search over names, categories and notes; a path or a URL is refused. ``k`` may
    be given to ``invoke`` too.

    Example:
        >>> retriever = PersonalObjectRetriever.open("memory", user_id="ann")  # doctest: +SKIP
        >>> retriever.invoke("the mug from grandma")
        >>> retriever.search_image("kitchen.jpg")

    Attributes:
        actions: The verbs, for the user's kit and the store of pictures.
        user_id: Whose memory; one retriever is one user's.
        k: The most documents to return.
    """

    actions: PersonalActions
    user_id: str = Field(min_length=1)
    k: int = Field(default=4, ge=1)

    _objects: ObjectSearch = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Bind the search to the user."""
        super().model_post_init(context)
        self._objects = ObjectSearch(
            self.actions, self.user_id, instead="call search_image() with the path or the bytes"
        )

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        user_id: str,
        k: int = 4,
        **options: Unpack[OpenOptions],
    ) -> PersonalObjectRetriever:
        """Open the memories in a directory; options as for :meth:`PersonalActions.open`."""
        actions = PersonalActions.open(path, **options)
        return cls(actions=actions, user_id=user_id, k=k)

    def search_image(self, image: ImageSource, *, k: int | None = None) -> list[Document]:
        """Return the matches in a picture that has no handle.

        Args:
            image: A path, bytes, a PIL image or an array; the caller's own, never a model's.
            k: The most documents to return.

        Raises:
            ImageError: The picture cannot be read.
        """
        return _to_langchain(self._objects.picture(image, self.k if k is None else k))

    async def asearch_image(self, image: ImageSource, *, k: int | None = None) -> list[Document]:
        """Return the matches in a picture, off the event loop."""
        return await asyncio.to_thread(self.search_image, image, k=k)

    def picture(self, document: Document) -> bytes:
        """Return the annotated picture of a match, a JPEG file, to show to a model.

        Raises:
            InvalidInput: The document is no match, or its picture is no longer kept.
        """
        return self.actions.images.get(self.user_id, document.metadata.get("annotated_image", ""))

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager
        return _to_langchain(self._objects.query(query, self.k if k is None else k))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager
        found = await asyncio.to_thread(self._objects.query, query, self.k if k is None else k)
        return _to_langchain(found)


class PhotoLibraryRetriever(BaseRetriever):
    """Finds photos and clips of a library by the personal objects that a text names.

    Example:
        >>> retriever = PhotoLibraryRetriever(library=library)         # doctest: +SKIP
        >>> retriever.invoke("photos with Biscuit and my red mug")

    Attributes:
        library: One user's photos and clips.
        k: The most documents to return.
    """

    library: PhotoLibrary
    k: int = Field(default=20, ge=1)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager
        return self._search(query, self.k if k is None else k)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager
        return await asyncio.to_thread(self._search, query, self.k if k is None else k)

    def _search(self, query: str, k: int) -> list[Document]:
        return _to_langchain(documents.of_photos(self.library.search_text(query, k=k)))


def _to_langchain(found: Sequence[PersonalDocument]) -> list[Document]:
    return [
        Document(id=item.id, page_content=item.text, metadata=dict[str, Any](item.metadata))
        for item in found
    ]
