"""Conversations in two forms: as they are kept, with handles, and as a model is shown them.

How a message is written differs between frameworks, and is all that one has to give: see
:class:`MessageFormat`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from pekit_agents.errors import ImageError, InvalidInput, MissingDependency
from pekit_agents.tools.action_result import fixable
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, plain_view
from pekit_agents.tools.image_store import UnknownImage, handles_in, is_handle

if TYPE_CHECKING:
    from pekit_agents.tools.actions import PersonalActions
    from pekit_agents.tools.image_store import ImageStore

__all__ = [
    "SYSTEM_PROMPT",
    "Label",
    "MessageFormat",
    "PersonalConversation",
    "Role",
    "Views",
    "drawn_pictures",
    "recent_handles",
]

#: What a model is told about the labels of pictures and the tools, whatever framework runs it.
SYSTEM_PROMPT = (
    "The user has things, pets and people of their own that you can learn to recognise. A label "
    "like [image img_...] names the picture that follows it: give that handle to the tools, and "
    "do not show it to the user. When the user introduces something of their own with a picture "
    "(this is ..., my ...), call remember_object; with another picture of something that is "
    "remembered already, call add_photos. When the user says that something was recognised "
    "wrongly or rightly (no, that is not ...; yes, it is ...), call correct_personal. When "
    "something only may be the user's own, ask (Is this ...?) and pass the answer to "
    "correct_personal. Call what is the user's own by its name."
)

#: Who wrote a message.
Role: TypeAlias = Literal["user", "tool", "model"]
#: Pictures by the index of the block that holds their labels: pairs of a handle and a picture.
Views: TypeAlias = Mapping[int, Sequence[tuple[str, AnnotatedPicture]]]

_M = TypeVar("_M")
_LOGGER = logging.getLogger(__name__)
_FROM_TOOLS = "Pictures that the tools returned:"


@dataclass(frozen=True, slots=True)
class Label:
    """What stands in a message for a picture.

    Attributes:
        handle: The picture's handle.
        marked: Whether boxes are drawn on it, so that nothing is to be looked for in it.
    """

    handle: str
    marked: bool = False


class MessageFormat(Protocol[_M]):
    """How a framework writes messages, which are lists of blocks; no method changes a message."""

    def role(self, message: _M) -> Role:
        """Return who wrote a message."""
        ...

    def pieces(self, message: _M) -> Iterable[tuple[int, str | bytes]]:
        """Return the index and content of each text, and of each picture whose bytes are there."""
        ...

    def labels(self, message: _M) -> Iterable[tuple[int, Label]]:
        """Return the index and label of each place where a picture is to be shown."""
        ...

    def returned(self, message: _M) -> Iterable[Label]:
        """Return the labels of the pictures that a tool's message brings."""
        ...

    def detach(self, message: _M, labels: Mapping[int, Label]) -> _M:
        """Return a message with labels in place of the pictures at some indices."""
        ...

    def attach(self, message: _M, views: Views) -> _M:
        """Return a message with pictures and their words after the labels at some indices."""
        ...

    def user_message(self, text: str, labels: Sequence[Label]) -> _M:
        """Return a user's message of a text and after it one block for each label."""
        ...


class PersonalConversation(Generic[_M]):
    """Turns the kept form of a conversation into the shown one, and back.

    Args:
        actions: The memories and pictures of all users.
        form: How the framework writes messages.
        auto: Whether pictures are searched; otherwise they are shown as they are.
        max_images: How many pictures are shown, the newest first; older ones stay labels.

    Raises:
        InvalidInput: ``max_images`` is below 0.
    """

    def __init__(
        self, actions: PersonalActions, form: MessageFormat[_M], *, auto: bool, max_images: int
    ) -> None:
        if max_images < 0:
            raise InvalidInput(f"max_images: expected 0 or more, found {max_images}")
        self._images, self._form, self._max_images = actions.images, form, max_images
        self._findings = actions.findings if auto else None

    def kept(self, user_id: str, message: _M, *, marked: bool = False) -> _M:
        """Return a message with labels for pictures; itself when it holds none.

        Pictures in other messages than the user's and the tools' stay: a model made them.

        Args:
            user_id: Whose pictures.
            message: Any message; a picture that cannot be kept stays in it.
            marked: Whether boxes are drawn on its pictures.
        """
        labels: dict[int, Label] = {}
        pieces = () if self._form.role(message) == "model" else self._form.pieces(message)
        for index, piece in pieces:
            if isinstance(piece, bytes):
                try:
                    labels[index] = Label(self._images.put(user_id, piece), marked)
                except InvalidInput as exc:
                    _LOGGER.warning("a picture stays in its message: %s", exc)
        return self._form.detach(message, labels) if labels else message

    def shown(self, user_id: str, messages: Sequence[_M]) -> list[_M]:
        """Return a conversation as the model is to see it, in any form it is kept in."""
        kept = [self.kept(user_id, message) for message in messages]
        left = self._max_images
        shown: list[_M] = []
        for message, labels in reversed(list(self._hoisted(kept))):
            views = self._views(user_id, labels, left)
            left -= sum(map(len, views.values()))
            shown.append(self._form.attach(message, views) if views else message)
        return shown[::-1]

    def view(self, user_id: str, handle: str, *, marked: bool = False) -> AnnotatedPicture:
        """Return a picture as the model is shown it.

        Args:
            user_id: Whose picture.
            handle: Its handle.
            marked: Whether boxes are drawn on it already.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It is of no kind that a model could be shown.
        """
        if self._findings is not None and not marked:
            try:
                return self._findings.view(user_id, handle)
            except (ImageError, MissingDependency) as exc:
                _LOGGER.warning("picture %s is not searched: %s", handle, exc)
        return plain_view(self._images.get(user_id, handle))

    def _views(self, user_id: str, labels: Iterable[tuple[int, Label]], most: int) -> Views:
        """Return up to ``most`` of the pictures that labels stand for."""
        views: dict[int, list[tuple[str, AnnotatedPicture]]] = {}
        for index, label in labels:
            if most > 0 and (view := self._look(user_id, label)) is not None:
                views.setdefault(index, []).append((label.handle, view))
                most -= 1
        return views

    def _look(self, user_id: str, label: Label) -> AnnotatedPicture | None:
        """Return what is shown for a label; None where the label is all there is."""
        try:
            return self.view(user_id, label.handle, marked=label.marked)
        except UnknownImage:
            return None
        except ImageError as exc:
            _LOGGER.warning("picture %s is not shown: %s", label.handle, exc)
            return None

    def _hoisted(self, messages: Sequence[_M]) -> Iterator[tuple[_M, list[tuple[int, Label]]]]:
        """Yield a conversation with the pictures of tools in a user message after each batch.

        Providers drop pictures in tool messages, or refuse them; no message may stand between the
        tool messages that answer one model message.

        Yields:
            Each message, and where in it pictures are to be shown: in the user's own only.
        """
        roles = [*map(self._form.role, messages), None]
        returned: list[Label] = []
        for message, role, following in zip(messages, roles, roles[1:], strict=False):
            yield message, list(self._form.labels(message)) if role == "user" else []
            if role == "tool":
                returned += self._form.returned(message)
                if returned and following != "tool":
                    labels = list(dict.fromkeys(returned))
                    yield self._form.user_message(_FROM_TOOLS, labels), list(enumerate(labels, 1))
                    returned = []


def recent_handles(
    messages: Sequence[_M], form: MessageFormat[_M], user_id: str, images: ImageStore
) -> Iterator[str]:
    """Yield the handles of the user's pictures in a conversation, the newest first.

    Only what stands in the user's own messages counts. A picture that is still in its message is
    put into the store when its turn comes; URLs are never fetched.

    Args:
        messages: The conversation, the oldest first.
        form: How the framework writes messages.
        user_id: Whose pictures.
        images: Where they are kept.

    Raises:
        ActionError: A picture cannot be kept.
    """
    for message in reversed(messages):
        if form.role(message) == "user":
            handles: list[str] = []
            for _, piece in form.pieces(message):
                if isinstance(piece, str):
                    handles += handles_in(piece)
                else:
                    handles.append(_put(piece, user_id, images))
            yield from reversed(handles)


def drawn_pictures(record: Any) -> list[str]:
    """Return the handles in a personal tool's record that it wants looked at."""
    handles = record.get("images") if isinstance(record, dict) else None
    return [handle for handle in handles if is_handle(handle)] if isinstance(handles, list) else []


def _put(picture: bytes, user_id: str, images: ImageStore) -> str:
    with fixable():
        return images.put(user_id, picture)
