"""An ingestion step for LlamaIndex that remembers personal objects from a folder of photos."""

from __future__ import annotations

import asyncio
import logging
import os
import unicodedata
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
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

from pekit_agents.images.albums import album_name, is_hidden, photo_suffixes, why_no_album
from pekit_agents.images.leaving_out import leaving_out
from pekit_agents.introduction.jobs import make_job
from pekit_agents.tools import replies
from pekit_agents.tools.actions import ActionError, PersonalActions

if TYPE_CHECKING:
    from pekit_agents.introduction.ingesting import IngestReport
    from pekit_agents.introduction.jobs import Job

__all__ = ["RememberPhotos"]

_LOGGER = logging.getLogger(__name__)
_OBJECT_IDS = uuid.UUID("4b0d6f0e-1f0e-4f57-8f0b-0d3c9a6b2f18")
_TOLD = ("name", "category", "context")


class RememberPhotos(TransformComponent):
    """Remembers one object for each name among photos, and gives a node for each object.

    A node is a photo when its metadata has a ``file_path`` within ``folder`` and an image's
    ``file_type``, as ``SimpleDirectoryReader`` writes them. Its object's name is the metadata's
    ``name``, otherwise the name of the first folder below ``folder`` (``Cup/2023/9.jpg`` is of
    Cup), or the file's where it lies in ``folder`` itself. ``category`` and ``context`` in the
    metadata of any of its photos count. What is in hidden folders and in those of systems is none.

    Other nodes pass as they are, and so do photos that gave no view; the log says why. Photos are
    replaced by one text node for each object, which says what is remembered. Running a pipeline
    again adds photos that are new and otherwise changes nothing, and is never answered from the
    pipeline's cache.

    Example:
        >>> pipeline = IngestionPipeline(transformations=[             # doctest: +SKIP
        ...     RememberPhotos(actions=actions, user_id="ann", folder="things"),
        ... ])
        >>> pipeline.run(documents=SimpleDirectoryReader("things", recursive=True).load_data())

    Attributes:
        actions: The verbs.
        user_id: Whose memory.
        folder: Holds a folder for each object; what the reader was given. Nothing outside of it is
            opened, whatever metadata say.
        on_error: Whether an object that cannot be remembered is an error, which is raised after
            all others are remembered, or is logged as a warning and its nodes pass as they are.
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
        photos: dict[str, dict[Path, BaseNode]] = {}
        passed: list[BaseNode] = []
        for node in nodes:
            path = self._photo(node)
            if path is None:
                passed.append(node)
            else:
                photos.setdefault(self._name(node, path), {})[path] = node
        jobs = [self._job(name, taken) for name, taken in photos.items()]
        report = self.actions.open_kit(self.user_id).ingest(jobs)
        self._tell(report)
        of_photos = {path: node for taken in photos.values() for path, node in taken.items()}
        passed += [of_photos.pop(path) for path, _ in report.skipped if path in of_photos]
        return [*passed, *self._told(jobs, of_photos)]

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Do as a call, off the event loop."""
        return await asyncio.to_thread(self.__call__, nodes, **kwargs)

    def _job(self, name: str, photos: Mapping[Path, BaseNode]) -> Job:
        told: dict[str, str] = {}
        for node in photos.values():
            told |= {key: str(node.metadata[key]) for key in _TOLD[1:] if node.metadata.get(key)}
        return make_job(
            self._id(name),
            name,
            list(photos),
            category=told.get("category", "object"),
            context=told.get("context", ""),
            earlier_id=self._id(unicodedata.normalize("NFD", name)),
        )

    def _tell(self, report: IngestReport) -> None:
        """Log what was left out, and raise if that is to be an error."""
        for path, why in report.skipped:
            _LOGGER.warning("a photo is left out: %s: %s", path, why)
        for obj in (*report.stored, *report.added):
            for each in obj.advice:
                _LOGGER.info("advice on %s: %s", obj.name, each.text)
        lost = [f"{name!r}: {why}" for name, why in report.failed]
        if lost and self.on_error == "raise":
            raise ActionError(f"expected photos of each object, found {'; '.join(lost)}")
        for line in lost:
            _LOGGER.warning("an object is not remembered: %s", line)

    def _told(self, jobs: Sequence[Job], photos: Mapping[Path, BaseNode]) -> Iterator[BaseNode]:
        """Yield a node for each object that is remembered, and the photos of the others."""
        known = {obj.object_id: obj for obj in self.actions.open_kit(self.user_id).objects()}
        for job in jobs:
            # As it is looked up: advice on photos is for a user, and is not said a second time.
            obj = known.get(job.object_id) or known.get(job.earlier_id)
            if obj is None:
                yield from (photos[path] for path in job.photos if path in photos)
                continue
            said = {key: getattr(obj, key) for key in ("object_id", *_TOLD)}
            yield TextNode(id_=f"{obj.object_id}:0", text=replies.remembered(obj), metadata=said)

    def _id(self, name: str) -> str:
        told = f"{self.user_id}\n{name}".encode(errors="backslashreplace").decode()
        return uuid.uuid5(_OBJECT_IDS, told).hex

    def _photo(self, node: BaseNode) -> Path | None:
        """Return the file of a node that is a photo of the folder."""
        path, photo = node.metadata.get("file_path"), None
        if not path or not _is_photo(str(path), node.metadata.get("file_type")):
            return None
        with leaving_out(partial(_LOGGER.warning, "a file is left out: %s: %s", path)):
            file = Path(path).resolve()
            if file.is_relative_to(self.folder.resolve()):
                parts = self._within(path, file)
                if not any(map(is_hidden, parts)) and not any(map(why_no_album, parts[:-1])):
                    photo = file
        return photo

    def _within(self, path: str, file: Path) -> tuple[str, ...]:
        """Return the parts of a photo's path below the folder: as written, links not followed."""
        # Not resolve(), which follows links.
        written = Path(os.path.abspath(path))  # noqa: PTH100
        folder = Path(os.path.abspath(self.folder))  # noqa: PTH100
        if written.is_relative_to(folder):
            return written.relative_to(folder).parts
        return file.relative_to(self.folder.resolve()).parts

    def _name(self, node: BaseNode, path: Path) -> str:
        name = str(node.metadata.get("name") or "")
        if not name:
            parts = self._within(node.metadata["file_path"], path)
            name = parts[0] if len(parts) > 1 else path.stem
        return album_name(name)


def _is_photo(path: str, kind: object) -> bool:
    # The type of a HEIC is unknown to most systems.
    return str(kind).startswith("image/") or Path(path).suffix.lower() in photo_suffixes()
