"""An ingestion step for LlamaIndex that remembers personal objects from a folder of photos."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pekit_agents.errors import MissingDependency

try:
    from llama_index.core.schema import BaseNode, TextNode, TransformComponent
    from pydantic import Field
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools import replies
from pekit_agents.tools.actions import ActionError, PersonalActions

if TYPE_CHECKING:
    from pekit_agents.tools.actions import ActionResult

__all__ = ["RememberPhotos"]

_LOGGER = logging.getLogger(__name__)
_OBJECT_IDS = uuid.UUID("4b0d6f0e-1f0e-4f57-8f0b-0d3c9a6b2f18")
_TOLD = ("name", "category", "context")


class RememberPhotos(TransformComponent):
    """Remembers one object for each name among photos, and gives a node for each object.

    A node is a photo when its metadata has a ``file_path`` within ``folder`` and an image's
    ``file_type``, as ``SimpleDirectoryReader`` writes them. Its object's name is the metadata's
    ``name``, otherwise the name of the folder that the photo is in, or the file's where that is
    ``folder`` itself. ``category`` and ``context`` in the metadata of any of its photos count.

    Other nodes pass as they are. Photos are replaced by one text node for each object, which says
    what is remembered. Running a pipeline again changes nothing, and is never answered from the
    pipeline's cache.

    Example:
        >>> pipeline = IngestionPipeline(transformations=[             # doctest: +SKIP
        ...     RememberPhotos(actions=actions, user_id="ann", folder="things"),
        ... ])
        >>> pipeline.run(documents=SimpleDirectoryReader("things", recursive=True).load_data())

    Attributes:
        actions: The verbs.
        user_id: Whose memory.
        folder: Nothing outside of it is opened, whatever metadata say.
        on_error: Whether an object that cannot be remembered stops the run, or is logged as a
            warning and its nodes pass as they are.
    """

    actions: PersonalActions = Field(exclude=True)
    user_id: str = Field(min_length=1)
    folder: Path
    on_error: Literal["raise", "skip"] = "raise"

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex knows the step."""
        return "PekitRememberPhotos"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the pipeline's cache compares; new each time, so that the step is run."""
        return {**super().to_dict(**kwargs), "run": uuid.uuid4().hex}

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Remember the photos among the nodes.

        Raises:
            ActionError: An object cannot be remembered, and ``on_error`` is ``"raise"``.
        """
        del kwargs
        photos: dict[str, list[tuple[Path, BaseNode]]] = {}
        passed: list[BaseNode] = []
        for node in nodes:
            path = self._photo(node)
            if path is None:
                passed.append(node)
            else:
                photos.setdefault(self._name(node, path), []).append((path, node))
        for name, taken in photos.items():
            passed += self._remembered(name, taken)
        return passed

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Do as a call, off the event loop."""
        return await asyncio.to_thread(self.__call__, nodes, **kwargs)

    def _remembered(self, name: str, photos: list[tuple[Path, BaseNode]]) -> list[BaseNode]:
        try:
            result = self._remember(name, photos)
        except ActionError as exc:
            if self.on_error == "raise":
                raise
            _LOGGER.warning("an object is not remembered: %s", exc)
            return [node for _, node in photos]
        known = {key: result.record["object"][key] for key in ("object_id", *_TOLD)}
        # As it is looked up: advice on photos is for a user, and is not said a second time.
        obj = self.actions.open_kit(self.user_id).get(known["object_id"])
        text = replies.remembered(obj)
        return [TextNode(id_=f"{known['object_id']}:0", text=text, metadata=known)]

    def _remember(self, name: str, photos: list[tuple[Path, BaseNode]]) -> ActionResult:
        told: dict[str, str] = {}
        for _, node in photos:
            told |= {key: str(node.metadata[key]) for key in _TOLD[1:] if node.metadata.get(key)}
        images = self.actions.images
        return self.actions.remember_object(
            self.user_id,
            name,
            told.get("category", "object"),
            told.get("context", ""),
            [images.put(self.user_id, path.read_bytes()) for path, _ in photos],
            object_id=uuid.uuid5(_OBJECT_IDS, f"{self.user_id}\n{name}").hex,
        )

    def _photo(self, node: BaseNode) -> Path | None:
        """Return the file of a node that is a photo of the folder."""
        kind, path = node.metadata.get("file_type"), node.metadata.get("file_path")
        if not path or not str(kind).startswith("image/"):
            return None
        file = Path(path).resolve()
        return file if file.is_relative_to(self.folder.resolve()) and file.is_file() else None

    def _name(self, node: BaseNode, path: Path) -> str:
        if node.metadata.get("name"):
            return str(node.metadata["name"])
        return path.stem if path.parent == self.folder.resolve() else path.parent.name
