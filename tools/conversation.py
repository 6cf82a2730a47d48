"""Conversations in two forms: as they are kept, with handles, and as a model is shown them.

How a message is written differs between frameworks, and is all that one has to give: see
:class:`~pekit_agents.tools.message_format.MessageFormat`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pekit_agents.answering.pictures import sent_among, whole_as_sent
from pekit_agents.errors import ImageError, InvalidInput, MissingDependency
from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools.action_result import ActionError, fixable
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, why_unread
from pekit_agents.tools.clip_store import ClipStore, clips_in, put_clip
from pekit_agents.tools.hidden_pictures import LeftOut, Piece, parts_of
from pekit_agents.tools.image_albums import put_album
from pekit_agents.tools.image_store import (
    UnknownImage,
    handle_of,
    handles_in,
    image_label,
    is_handle,
)
from pekit_agents.tools.message_format import Label, MessageFormat

if TYPE_CHECKING:
    from pekit_agents.tools.actions import PersonalActions
    from pekit_agents.tools.image_store import ImageStore

__all__ = [
    "SYSTEM_PROMPT",
    "PersonalConversation",
    "drawn_pictures",
    "recent_clips",
    "recent_handles",
]

#: What a model is told about the labels of pictures and the tools, whatever framework runs it.
SYSTEM_PROMPT = (
    "The user has things, pets and people of their own that you can learn to recognise. A label "
    "like [image img_...] names the picture that follows it, and one like [clip clip_...] a "
    "video clip that you are not shown: give that handle to the tools, and do not show it to "
    "the user. What a clip shows is found out with find_in_video and describe_personal. When "
    "the user introduces something of their own with a picture (this is ..., my ...), call "
    "remember_object; with another picture of something that is remembered already, call "
    "add_photos. When the user says that something was recognised wrongly or rightly (no, "
    "that is not ...; yes, it is ...), call correct_personal. When something only may be the "
    "user's own, ask (Is this ...?) and pass the answer to correct_personal. Call what is the"
    " user's own by its name."
)

_M = TypeVar("_M")
_LOGGER = logging.getLogger(__name__)
_FROM_TOOLS = "Pictures that the tools returned:"
_FROM_MODEL = "Pictures that you made:"


class PersonalConversation(Generic[_M]):
    """Turns the kept form of a conversation into the shown one, and back.

    Args:
        actions: The memories and pictures of all users.
        form: How the framework writes messages.
        auto: Whether pictures are searched; otherwise they are shown as they are.
        max_images: How many pictures are shown, the newest; older ones stay labels, and the model
            is told how many.

    Raises:
        InvalidInput: ``max_images`` is below 0.
    """

    def __init__(
        self, actions: PersonalActions, form: MessageFormat[_M], *, auto: bool, max_images: int
    ) -> None:
        if max_images < 0:
            raise InvalidInput(f"max_images: expected 0 or more, found {max_images}")
        self._images, self._form, self._max_images = actions.images, form, max_images
        self._findings, self._auto = actions.findings, auto
        self._max_bytes, self._clips = actions.limits.max_bytes, actions.clips

    def kept(
        self, user_id: str, message: _M, *, marked: bool = False, batch: str | None = None
    ) -> _M:
        """Return a message with labels for pictures; itself when it holds none.

        Pictures in other messages than the user's and the tools' stay: a model made them.

        Args:
            user_id: Whose pictures.
            message: Any message. In place of a picture that cannot be kept it gets words.
            marked: Whether boxes are drawn on its pictures.
            batch: For what a tool returned, a name of the calls that a model made at once.
        """
        return self.all_kept(user_id, [message], marked=marked, batch=batch)[0]

    def all_kept(
        self,
        user_id: str,
        messages: Sequence[_M],
        *,
        marked: bool = False,
        batch: str | None = None,
    ) -> list[_M]:
        """Do as :meth:`kept` for messages that come at once, whose pictures stay together."""
        messages = [self._without_clips(user_id, message) for message in messages]
        groups: dict[int, list[bytes]] = {}
        found: list[tuple[int, dict[int, list[Piece]]]] = []
        before, group = "", 0
        for at, message in enumerate(messages, 1):
            role = self._form.role(message)
            if role != "tool" or before != "tool":  # the tools of one batch answer in a row
                group = at if role == "tool" else 0
            pieces = self._pictures_of(message) if role != "model" else {}
            parts = [part for each in pieces.values() for part in each]
            groups.setdefault(group, []).extend(p for p in parts if isinstance(p, bytes))
            found.append((group, pieces))
            before = role
        put = {
            group: iter(
                self._put(user_id, pictures, batch, of_tools=group > 0 or batch is not None)
            )
            for group, pictures in groups.items()
        }

        def stand_in(part: Piece, group: int) -> Label | str:
            if isinstance(part, str):
                return part
            handle = next(put[group]) if isinstance(part, bytes) else part
            return Label(handle, marked) if isinstance(handle, str) else left_out(handle)

        def kept(message: _M, group: int, pieces: dict[int, list[Piece]]) -> _M:
            parts = {index: [stand_in(part, group) for part in of] for index, of in pieces.items()}
            return self._form.detach(message, parts) if parts else message

        return [
            kept(message, group, pieces)
            for message, (group, pieces) in zip(messages, found, strict=True)
        ]

    def keep(self, user_id: str, picture: bytes | LeftOut, *, batch: str | None = None) -> str:
        """Keep a picture that stands where no message is, and return the text in its place."""
        if isinstance(picture, LeftOut):
            return left_out(picture)
        (handle,) = self._put(user_id, [picture], batch, of_tools=True)
        return image_label(handle) if isinstance(handle, str) else left_out(handle)

    def shown(self, user_id: str, messages: Sequence[_M]) -> list[_M]:
        """Return a conversation as the model is to see it, in any form it is kept in."""
        told, made = self._without_made(user_id, messages)
        kept = list(self._hoisted(self.all_kept(user_id, told), made))
        newest = [
            (at, index, label)
            for at in reversed(range(len(kept)))
            for index, label in reversed(kept[at][1])
        ]
        views: dict[int, dict[int, list[tuple[str, AnnotatedPicture | str]]]] = {}
        for (at, index, label), look in zip(newest, self._looks(user_id, newest), strict=True):
            if look is not None:
                views.setdefault(at, {}).setdefault(index, []).insert(0, (label.handle, look))
        return [
            self._form.attach(message, views[at]) if at in views else message
            for at, (message, _) in enumerate(kept)
        ]

    def view(self, user_id: str, handle: str, *, marked: bool = False) -> AnnotatedPicture:
        """Return a picture as the model is shown it.

        Args:
            user_id: Whose picture.
            handle: Its handle.
            marked: Whether boxes are drawn on it already.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It cannot be read.
            MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
        """
        if self._auto and not marked:
            try:
                return self._findings.view(user_id, handle)
            except ImageError as exc:  # too small to search, perhaps
                _LOGGER.debug("picture %s is not searched: %s", handle, exc)
        return self._findings.plain(user_id, handle)

    def _without_made(
        self, user_id: str, messages: Sequence[_M]
    ) -> tuple[list[_M], dict[int, list[Label]]]:
        """Return messages without pictures that a model made, which providers refuse, and those."""
        told, made = list(messages), dict[int, list[Label]]()
        for at, message in enumerate(messages):
            parts: dict[int, list[Label | str]] = {}
            for index, picture in self._form.made(message):
                parts[index] = [self._made_label(user_id, picture)]
            if parts:
                told[at] = self._form.detach(message, parts)
                made[at] = [each for (each,) in parts.values() if isinstance(each, Label)]
        return told, made

    def _made_label(self, user_id: str, picture: bytes | LeftOut) -> Label | str:
        if isinstance(picture, LeftOut):
            return left_out(picture)
        (put,) = self._put(user_id, [picture], None, of_tools=True)
        return Label(put, marked=True) if isinstance(put, str) else left_out(put)

    def _without_clips(self, user_id: str, message: _M) -> _M:
        """Return a message with labels for clips; what a model made stays."""
        if self._form.role(message) == "model":
            return message
        parts: dict[int, list[Label | str]] = {}
        for index, clip in self._form.clips(message):
            put = clip if isinstance(clip, LeftOut) else put_clip(self._clips, user_id, clip)
            if isinstance(put, MissingDependency):
                _LOGGER.warning("a clip was left out of a conversation: %s", put)
            parts[index] = [Label(put) if isinstance(put, str) else left_out(put, "clip")]
        return self._form.detach(message, parts) if parts else message

    def _pictures_of(self, message: _M) -> dict[int, list[Piece]]:
        """Return the parts of those pieces of a message that hold pictures, by index."""
        parts = {
            index: parts_of(piece, max_bytes=self._max_bytes)
            for index, piece in self._form.pieces(message)
        }
        return {
            index: each
            for index, each in parts.items()
            if not all(isinstance(part, str) for part in each)
        }

    def _put(
        self, user_id: str, pictures: Sequence[bytes], batch: str | None, *, of_tools: bool
    ) -> list[str | InvalidInput]:
        """Return handles; pictures of tools do not take the place of those that the user sent."""
        if not pictures:
            return []
        name = (batch or handle_of(pictures[0])) if of_tools else None
        return put_album(self._images, user_id, pictures, batch=name)

    def _looks(
        self, user_id: str, newest: Sequence[tuple[int, int, Label]]
    ) -> list[AnnotatedPicture | str | None]:
        """Return a picture or words for each label, the newest first; None for the label alone."""
        limits = sent_among(min(len(newest), self._max_images))
        looks: list[AnnotatedPicture | str | None] = []
        left, shown = self._max_images, set[str]()
        for _, _, label in newest:
            if left == 0:
                break
            look = self._look(user_id, label)
            if isinstance(look, AnnotatedPicture):
                left -= 1
                data, mime = whole_as_sent(look.data, limits)
                look = replace(look, data=data, mime=mime)
            shown.add(label.handle)
            looks.append(look)
        hidden = {label.handle for _, _, label in newest[len(looks) :]} - shown
        told = (
            f"Pictures of this conversation that you are not shown: {len(hidden)}, this one and "
            "older ones. Give a tool the handle of one to have it looked at."
        )
        rest = [None] * (len(newest) - len(looks))
        return [*looks, *([told, *rest[1:]] if hidden else rest)]

    def _look(self, user_id: str, label: Label) -> AnnotatedPicture | str:
        """Return what is shown for a label; words where the picture cannot be."""
        try:
            return self.view(user_id, label.handle, marked=label.marked)
        except UnknownImage:
            why = "is no longer kept; ask for it again where it is needed"
        except (ImageError, MissingDependency) as exc:
            why = why_unread(exc)
        return f"Picture {label.handle} {why}"

    def _hoisted(
        self, messages: Sequence[_M], made: Mapping[int, Sequence[Label]]
    ) -> Iterator[tuple[_M, list[tuple[int, Label]]]]:
        """Yield a conversation with the pictures of tools in a user message after each batch.

        Providers drop pictures in tool messages, or refuse them; no message may stand between the
        tool messages that answer one model message. What the model made stands there, too.

        Yields:
            Each message, and where in it pictures are to be shown: in the user's own only.
        """
        roles = [*map(self._form.role, messages), None]
        waiting: dict[str, list[Label]] = {}
        for at, message in enumerate(messages):
            role, following = roles[at : at + 2]
            yield message, list(self._form.labels(message)) if role == "user" else []
            if role == "tool":
                waiting.setdefault(_FROM_TOOLS, []).extend(self._form.returned(message))
            waiting.setdefault(_FROM_MODEL, []).extend(made.get(at, ()))
            for text, labels in waiting.items() if following != "tool" else ():
                if labels := list(dict.fromkeys(labels)):
                    yield self._form.user_message(text, labels), list(enumerate(labels, 1))
            if following != "tool":
                waiting = {}


def recent_handles(
    messages: Sequence[_M],
    form: MessageFormat[_M],
    user_id: str,
    images: ImageStore,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
) -> Iterator[str]:
    """Yield the handles of the user's pictures in a conversation, the newest first.

    Only what stands in the user's own messages counts. A picture that is still in its message is
    put into the store when its turn comes; URLs are never fetched.

    Args:
        messages: The conversation, the oldest first.
        form: How the framework writes messages.
        user_id: Whose pictures.
        images: Where they are kept.
        max_bytes: Larger pictures are not read.

    Raises:
        ActionError: A picture cannot be kept.
    """
    for message in reversed(messages):
        if form.role(message) == "user":
            handles: list[str] = []
            for _, piece in form.pieces(message):
                for part in parts_of(piece, max_bytes=max_bytes):
                    if isinstance(part, str):
                        handles += handles_in(part)
                    else:
                        handles.append(_put(part, user_id, images))
            yield from reversed(handles)


def drawn_pictures(record: Any) -> list[str]:
    """Return the handles in a personal tool's record that it wants looked at."""
    handles = record.get("images") if isinstance(record, dict) else None
    return [handle for handle in handles if is_handle(handle)] if isinstance(handles, list) else []


def recent_clips(
    messages: Sequence[_M], form: MessageFormat[_M], user_id: str, clips: ClipStore
) -> Iterator[str]:
    """Yield the handles of the user's clips in a conversation, the newest first.

    As with :func:`recent_handles`, only what stands in the user's own messages counts.

    Args:
        messages: The conversation, the oldest first.
        form: How the framework writes messages.
        user_id: Whose clips.
        clips: Where they are kept.

    Raises:
        ActionError: A clip cannot be kept.
    """
    for message in reversed(messages):
        if form.role(message) == "user":
            held: list[tuple[int, str | bytes | LeftOut]] = [*form.clips(message)]
            for index, piece in form.pieces(message):
                if isinstance(piece, str):
                    held += [(index, handle) for handle in clips_in(piece)]
            for _, clip in sorted(held, key=lambda each: each[0], reverse=True):
                if isinstance(clip, LeftOut):
                    raise ActionError(f"the newest clip cannot be read: {clip.reason}")
                with fixable():
                    yield clips.put(user_id, clip) if isinstance(clip, bytes) else clip


def left_out(why: LeftOut | InvalidInput, what: str = "picture") -> str:
    """Return the words in place of a picture or a clip that is not kept."""
    reason = why.reason if isinstance(why, LeftOut) else why.message.partition(";")[0]
    return f"[A {what} was left out here: {reason}]"


def _put(picture: bytes | LeftOut, user_id: str, images: ImageStore) -> str:
    if isinstance(picture, LeftOut):
        raise ActionError(f"the newest photo cannot be read: {picture.reason}")
    with fixable():
        return images.put(user_id, picture)
