"""How a framework writes messages: ``MessageFormat``, and the labels in place of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, TypeVar

from pekit_agents.tools.annotated_pictures import AnnotatedPicture
from pekit_agents.tools.clip_store import clip_label, is_clip_handle
from pekit_agents.tools.hidden_pictures import LeftOut, Piece
from pekit_agents.tools.image_store import image_label

__all__ = ["Label", "MessageFormat", "Parts", "Role", "Views"]

#: Who wrote a message.
Role: TypeAlias = Literal["user", "tool", "model"]
#: What stands for labels, by the index of the block that holds them: pairs of a handle and a
#: picture, or words where there is none.
Views: TypeAlias = Mapping[int, Sequence[tuple[str, AnnotatedPicture | str]]]

#: What is kept in place of a piece, by its index.
Parts: TypeAlias = Mapping[int, "Sequence[Label | str]"]

_M = TypeVar("_M")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands in a message for a picture or a clip.

    Attributes:
        handle: Its handle.
        marked: Whether boxes are drawn on it, so that nothing is to be looked for in it.
    """

    handle: str
    marked: bool = False

    @property
    def text(self) -> str:
        """The label as a model reads it."""
        return clip_label(self.handle) if self.of_clip else image_label(self.handle)

    @property
    def of_clip(self) -> bool:
        """Whether it stands for a clip, which no model is shown."""
        return is_clip_handle(self.handle)


class MessageFormat(Protocol[_M]):
    """How a framework writes messages, which are lists of blocks; no method changes a message."""

    def role(self, message: _M) -> Role:
        """Return who wrote a message."""
        ...

    def pieces(self, message: _M) -> Iterable[tuple[int, Piece]]:
        """Return the index and content of each text, and of each picture whose bytes are there."""
        ...

    def clips(self, message: _M) -> Iterable[tuple[int, bytes | LeftOut]]:
        """Return the index and content of each block that is a clip whose bytes are there."""
        ...

    def made(self, message: _M) -> Iterable[tuple[int, bytes | LeftOut]]:
        """Return the index and content of each block of a model that is a picture it made."""
        ...

    def labels(self, message: _M) -> Iterable[tuple[int, Label]]:
        """Return the index and label of each place where a picture is to be shown."""
        ...

    def returned(self, message: _M) -> Iterable[Label]:
        """Return the labels of the pictures that a tool's message brings."""
        ...

    def detach(self, message: _M, parts: Parts) -> _M:
        """Return a message with texts and labels in place of what is at some indices."""
        ...

    def attach(self, message: _M, views: Views) -> _M:
        """Return a message with pictures, or words, after the labels at some indices."""
        ...

    def user_message(self, text: str, labels: Sequence[Label]) -> _M:
        """Return a user's message of a text and after it one block for each label."""
        ...
