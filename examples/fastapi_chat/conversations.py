"""The agent, its threads and the memories behind it, each walled off per user."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import BaseModel

from examples.fastapi_chat.accounts import Accounts, connected
from examples.fastapi_chat.uploads import PHOTO_LIMITS
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_kinds import mime_of
from pekit_agents.tools.langchain import (
    PersonalizationMiddleware,
    image_block,
    labelled_images,
    text_block,
)

if TYPE_CHECKING:
    from pekit_agents.profiles import Profile

__all__ = ["Conversations", "Event", "Said"]

_LOGGER = logging.getLogger(__name__)

#: ("token", text), ("done", handles of the user's pictures) or ("error", text).
Event: TypeAlias = tuple[str, Any]
_SPOKEN = (HumanMessage, AIMessage)


@dataclass(frozen=True, slots=True)
class Context:
    """What a run is told by the application."""

    user_id: str


class Said(BaseModel):
    """One message of a thread, as its owner reads it."""

    role: str
    text: str
    pictures: list[str]


class Conversations:
    """What users say to one agent; one run for each user at a time, in one process."""

    def __init__(
        self,
        model: BaseChatModel,
        personal: PersonalizationMiddleware,
        accounts: Accounts,
        saver: AsyncSqliteSaver,
    ) -> None:
        self.personal = personal
        self._accounts, self._saver = accounts, saver
        self._agent: Any = create_agent(
            model, middleware=[personal], checkpointer=saver, context_schema=Context
        )
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._runs: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, model: BaseChatModel, profile: str | Profile, accounts: Accounts
    ) -> AsyncIterator[Conversations]:
        """Open what is kept in a folder; runs that were begun are finished before it is closed."""
        images = DirectoryImageStore(folder / "pictures")
        personal = PersonalizationMiddleware.open(
            folder / "memory", profile=profile, images=images, limits=PHOTO_LIMITS
        )
        async with connected(folder / "threads.sqlite") as connection:
            conversations = cls(model, personal, accounts, AsyncSqliteSaver(connection))
            yield conversations
            await asyncio.gather(*conversations._runs)

    async def say(
        self, user_id: str, thread_id: str, text: str, photos: Sequence[bytes]
    ) -> AsyncIterator[Event]:
        """Say something on a thread and yield the reply as it comes.

        The run goes on when nobody listens any more. Were it cancelled, the thread would end in a
        call without a result, and a tool could still write after the user was forgotten.
        """
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        run = asyncio.create_task(self._run(user_id, thread_id, text, photos, events))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        while (event := await events.get()) is not None:
            yield event

    async def history(self, thread_id: str) -> list[Said]:
        """Return what was said on a thread."""
        state = await self._agent.aget_state(_config(thread_id))
        spoken = [m for m in state.values.get("messages", []) if isinstance(m, _SPOKEN) and m.text]
        return [_said(message) for message in spoken]

    async def forget_user(self, user_id: str) -> None:
        """Forget a user's things, pictures and threads; what failed half-way may be repeated."""
        async with self._turns[user_id]:
            actions = self.personal.actions
            await asyncio.to_thread(lambda: actions.open_kit(user_id).forget_everything())
            actions.findings.clear(user_id)
            await asyncio.to_thread(actions.images.clear, user_id)
            for thread_id in await self._accounts.threads_of(user_id):
                await self._saver.adelete_thread(thread_id)
                await self._accounts.remove_thread(thread_id)
            # What was deleted stands in the write-ahead log until that is emptied.
            await self._saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _run(
        self,
        user_id: str,
        thread_id: str,
        text: str,
        photos: Sequence[bytes],
        events: asyncio.Queue[Event | None],
    ) -> None:
        async with self._turns[user_id]:
            try:
                async for event in self._events(user_id, thread_id, text, photos):
                    events.put_nowait(event)
            except Exception:
                _LOGGER.exception("a run on thread %s failed", thread_id)
                events.put_nowait(("error", "The reply could not be finished."))
            finally:
                events.put_nowait(None)

    async def _events(
        self, user_id: str, thread_id: str, text: str, photos: Sequence[bytes]
    ) -> AsyncIterator[Event]:
        if thread_id not in await self._accounts.threads_of(user_id):  # while it waited its turn
            yield "error", "The thread is gone."
            return
        content = [text_block(text), *(image_block(data, mime_of(data)) for data in photos)]
        (message,) = await self.personal.aadmit([{"role": "user", "content": content}], user_id)
        stream = self._agent.astream(
            {"messages": [message]},
            _config(thread_id),
            context=Context(user_id=user_id),
            stream_mode="messages",
        )
        async for chunk, _ in stream:
            if isinstance(chunk, AIMessageChunk) and chunk.text:
                yield "token", chunk.text
        yield "done", {"pictures": list(labelled_images(message).values())}


def _config(thread_id: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread_id}}


def _said(message: BaseMessage) -> Said:
    """Return a message without the labels of its pictures."""
    labels = labelled_images(message)
    blocks = [message.content] if isinstance(message.content, str) else message.content
    texts = [
        block if isinstance(block, str) else block.get("text", "")
        for index, block in enumerate(blocks)
        if index not in labels
    ]
    role = "user" if isinstance(message, HumanMessage) else "assistant"
    return Said(role=role, text="".join(texts), pictures=list(labels.values()))
