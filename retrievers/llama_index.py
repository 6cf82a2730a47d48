"""Retrievers for LlamaIndex: personal objects by picture or words, photos by what they show."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from pekit_agents.errors import ImageError, InvalidInput, MissingDependency

try:
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.answering.pictures import SentLimits, sent_among, whole_as_sent
from pekit_agents.images.limits import ImageLimits
from pekit_agents.retrievers import documents
from pekit_agents.retrievers.object_search import ObjectSearch
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import UnknownImage, check_limits
from pekit_agents.tools.llama_index.image_paths import path_of

if TYPE_CHECKING:
    from pekit_agents.retrievers.documents import PersonalDocument
    from pekit_agents.tools.open_options import OpenOptions

__all__ = ["PersonalObjectRetriever", "PhotoLibraryRetriever", "PhotoPath"]

#: Gives the file of a library's photo by its id; None for a photo that has none.
PhotoPath: TypeAlias = Callable[[str], str | PathLike[str] | None]

_LOGGER = logging.getLogger(__name__)
#: The only metadata that a model reads. LlamaIndex drops the text of an image node when it shows
#: the picture, and shows the metadata instead.
_TOLD = "told"


class PersonalObjectRetriever(BaseRetriever):
    """Finds one user's personal objects, by a picture or by words.

    A query with an ``image_path``, which only the application can give, or whose text is a
    picture's handle (``img_...``) is a visual search: the nodes are the matches in that
    picture, with their boxes. Any other text is searched for in names, categories and notes.

    Where the image store keeps files, matches are image nodes with the path of the annotated
    picture; otherwise they are text nodes with its handle. No node holds the bytes of a picture.

    Example:
        >>> retriever = PersonalObjectRetriever.open("memory", user_id="ann")  # doctest: +SKIP
        >>> retriever.retrieve("the mug from grandma")
        >>> retriever.retrieve(QueryBundle("", image_path="kitchen.jpg"))

    Args:
        actions: The verbs, for the user's kit and the store of pictures.
        user_id: Whose memory; one retriever is one user's.
        similarity_top_k: The most nodes to return.
        callback_manager: LlamaIndex's own.

    Raises:
        InvalidInput: The user id is empty, or ``similarity_top_k`` is below 1.
    """

    def __init__(
        self,
        actions: PersonalActions,
        user_id: str,
        *,
        similarity_top_k: int = 4,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager=callback_manager)
        check_limits(similarity_top_k=similarity_top_k)
        if not user_id:
            raise InvalidInput("user_id: expected a text with characters, found none")
        self.actions, self.user_id = actions, user_id
        self.similarity_top_k = similarity_top_k
        self._search = ObjectSearch(
            actions, user_id, instead="give QueryBundle('', image_path=...) with the path"
        )

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        user_id: str,
        similarity_top_k: int = 4,
        **options: Unpack[OpenOptions],
    ) -> PersonalObjectRetriever:
        """Open the memories in a directory; options as for :meth:`PersonalActions.open`."""
        actions = PersonalActions.open(path, **options)
        return cls(actions, user_id, similarity_top_k=similarity_top_k)

    def picture(self, node: NodeWithScore) -> bytes:
        """Return the annotated picture of a match, a JPEG file, to show to a model.

        Raises:
            InvalidInput: The node is no match, or its picture is no longer kept.
        """
        handle = node.node.metadata.get("annotated_image", "")
        return self.actions.images.get(self.user_id, handle)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        k = self.similarity_top_k
        if query_bundle.image_path is not None:
            found = self._search.picture(query_bundle.image_path, k)
        else:
            found = self._search.query(query_bundle.query_str, k)
        return _nodes(found, map(self._path, found), self.actions.limits)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    def _path(self, item: PersonalDocument) -> str | PathLike[str] | None:
        handle = item.metadata.get("annotated_image")
        try:
            return path_of(self.actions.images, self.user_id, str(handle)) if handle else None
        except UnknownImage:  # let go of in the meantime; the text stands alone
            return None


class PhotoLibraryRetriever(BaseRetriever):
    """Finds photos and clips of a library by the personal objects that a text names.

    Example:
        >>> retriever = PhotoLibraryRetriever(library, path=Path("photos").joinpath)
        ... # doctest: +SKIP
        >>> retriever.retrieve("photos with Biscuit and my red mug")

    Args:
        library: One user's photos and clips.
        similarity_top_k: The most nodes to return.
        path: Gives a photo's file by its id, so that its node is an image node. The library does
            not store photos. The node of a clip is a text node, with the times in its metadata.
        callback_manager: LlamaIndex's own.

    Raises:
        InvalidInput: ``similarity_top_k`` is below 1.
    """

    def __init__(
        self,
        library: PhotoLibrary,
        *,
        similarity_top_k: int = 20,
        path: PhotoPath | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager=callback_manager)
        check_limits(similarity_top_k=similarity_top_k)
        self.library, self.similarity_top_k, self._path = library, similarity_top_k, path

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if query_bundle.image_path is not None:
            raise InvalidInput(
                "expected words, since a library is searched by the names in them, found an "
                "image_path; a PersonalObjectRetriever takes one"
            )
        photos = self.library.search_text(query_bundle.query_str, k=self.similarity_top_k)
        # A clip is no picture that a model could be shown.
        paths = [
            self._path(photo.photo_id) if self._path and photo.kind == "photo" else None
            for photo in photos
        ]
        found = documents.of_photos(photos)
        return _nodes(found, paths, self.library.kit.limits)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _nodes(
    found: Sequence[PersonalDocument],
    paths: Iterable[str | PathLike[str] | None],
    readable: ImageLimits,
) -> list[NodeWithScore]:
    """Return nodes whose pictures may all go out in one request."""
    files = [None if path is None else Path(path) for path in paths]
    sent = sent_among(sum(path is not None for path in files))
    pictures = [None if path is None else _picture(path, sent, readable) for path in files]
    return [_node(item, picture) for item, picture in zip(found, pictures, strict=True)]


def _node(item: PersonalDocument, picture: dict[str, str] | None) -> NodeWithScore:
    """Return a node whose text, and nothing else, is what a model reads of it.

    Its score is the probability where that is known, which a cut-off of LlamaIndex can be set for.
    """
    fields: dict[str, Any] = {
        "id_": item.id,
        "text": item.text,
        "metadata": dict(item.metadata),
        "excluded_llm_metadata_keys": list(item.metadata),
        "excluded_embed_metadata_keys": [*item.metadata, _TOLD],
        "text_template": "{content}",
        "metadata_template": "{value}",
    }
    if picture is not None:
        fields["metadata"][_TOLD] = item.text
    node = TextNode(**fields) if picture is None else ImageNode(**fields, **picture)
    score = item.metadata.get("probability", item.metadata["score"])
    return NodeWithScore(node=node, score=float(score))


def _picture(path: Path, limits: SentLimits, readable: ImageLimits) -> dict[str, str] | None:
    """Return a file as an image node has it; None where no model could be shown it.

    What hosted models take stays a path; of everything else the node holds a JPEG.
    """
    try:
        if not path.is_file() or path.stat().st_size > readable.max_bytes:
            return None
        data = path.read_bytes()
        sent, mime = whole_as_sent(data, limits, readable=readable)
    except (OSError, ImageError, MissingDependency) as exc:
        _LOGGER.warning("%s is not shown: %s", path.name, exc)
        return None
    if sent is data:
        return {"image_path": str(path), "image_mimetype": mime}
    return {"image": base64.b64encode(sent).decode("ascii"), "image_mimetype": mime}
