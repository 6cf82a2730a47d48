"""A conversation as it is kept, with handles, and as a model is shown it, with pictures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, ToolMessage

from pekit_agents.errors import ImageError, MissingDependency
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.annotated_pictures import AnnotatedPicture, plain_view
from pekit_agents.tools.image_store import UnknownImage, image_label, is_handle
from pekit_agents.tools.langchain.handles import (
    attach_images,
    detach_images,
    labelled_images,
    picture_block,
)
from pekit_agents.tools.langchain.pictures import Block, text_block

__all__ = ["PersonalMessages", "hoist_tool_pictures"]

_M = TypeVar("_M", bound=BaseMessage)
_LOGGER = logging.getLogger(__name__)
_FROM_TOOLS = "Pictures that the tools returned:"


class PersonalMessages:
    """Turns the kept form of a conversation into the shown one, and back.

    Args:
        actions: The memories and pictures of all users.
        auto: Whether pictures are searched; otherwise they are shown as they are.
        max_images: How many pictures are shown, the newest first; older ones stay labels.
    """

    def __init__(self, actions: PersonalActions, max_images: int, *, auto: bool) -> None:
        self._images, self._max_images = actions.images, max_images
        self._findings = actions.findings if auto else None

    def kept(self, user_id: str, message: _M) -> _M:
        """Return a message with labels for pictures; itself when it holds none.

        Pictures in other messages than the user's and the tools' stay: a model made them.
        """
        if not isinstance(message, HumanMessage | ToolMessage):
            return message
        return detach_images(message, partial(self._images.put, user_id))

    def shown(self, user_id: str, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """Return a conversation as the model is to see it, in any form it is kept in."""
        kept = [self.kept(user_id, message) for message in messages]
        left = self._max_images
        shown: list[AnyMessage] = []
        for message, personal in reversed(list(hoist_tool_pictures(kept))):
            if isinstance(message, HumanMessage) and left > 0:
                look = partial(self._look, user_id, personal)
                attached, count = _attach(message, look, left)
                shown.append(attached)
                left -= count
            else:
                shown.append(message)
        return shown[::-1]

    def view(self, user_id: str, handle: str, *, personal: bool = True) -> AnnotatedPicture:
        """Return a picture as the model is shown it.

        Args:
            user_id: Whose picture.
            handle: Its handle.
            personal: Whether personal objects are looked for in it.

        Raises:
            UnknownImage: This user has no such picture (any more).
            ImageError: It is of no kind that a model could be shown.
        """
        image = self._images.get(user_id, handle)
        if personal and self._findings is not None:
            try:
                return self._findings.view(user_id, handle)
            except (ImageError, MissingDependency) as exc:
                _LOGGER.warning("picture %s is not searched: %s", handle, exc)
        return plain_view(image)

    def _look(self, user_id: str, personal: bool, handle: str) -> AnnotatedPicture | None:
        """Return what is shown for a handle; None where a label is all there is."""
        try:
            return self.view(user_id, handle, personal=personal)
        except UnknownImage:
            return None
        except ImageError as exc:
            _LOGGER.warning("picture %s is not shown: %s", handle, exc)
            return None


def hoist_tool_pictures(messages: Sequence[AnyMessage]) -> Iterator[tuple[AnyMessage, bool]]:
    """Yield a conversation with the pictures of tools in user messages after each whole batch.

    Providers drop pictures in tool messages, or refuse them; no message may stand between the
    tool messages that answer one model message.

    Yields:
        Each message, and whether personal objects are to be looked for in its pictures: not in
        those that a personal tool has drawn boxes on.
    """
    drawn: list[str] = []
    other: list[str] = []
    for index, message in enumerate(messages):
        yield message, True
        if not isinstance(message, ToolMessage):
            continue
        drawn += _drawn_pictures(message)
        other += labelled_images(message).values()
        if index + 1 == len(messages) or not isinstance(messages[index + 1], ToolMessage):
            for handles, personal in ((drawn, False), (other, True)):
                if handles:
                    yield _labels(dict.fromkeys(handles)), personal
            drawn, other = [], []


def _drawn_pictures(message: ToolMessage) -> list[str]:
    """Return the handles that a personal tool wants looked at."""
    artifact = message.artifact
    handles = artifact.get("images") if isinstance(artifact, dict) else None
    return [handle for handle in handles if is_handle(handle)] if isinstance(handles, list) else []


def _labels(handles: Sequence[str] | dict[str, None]) -> HumanMessage:
    labels: list[str | Block] = [text_block(image_label(handle)) for handle in handles]
    return HumanMessage([text_block(_FROM_TOOLS), *labels])


def _attach(
    message: HumanMessage, look: Callable[[str], AnnotatedPicture | None], most: int
) -> tuple[HumanMessage, int]:
    """Return the message with up to ``most`` of its pictures, and how many these are."""
    count = 0

    def blocks(handle: str, form: object) -> list[Block] | None:
        nonlocal count
        view = look(handle) if count < most else None
        if view is None:
            return None
        count += 1
        words = [text_block(view.text)] if view.text else []
        return [picture_block(form, view.data, view.mime), *words]

    return attach_images(message, blocks), count
