"""The agent and its threads over a server's memories, each user's walled off from the others'."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import BaseModel

from examples.fastapi_chat.threads import Threads, connected
from pekit_agents.server import Service
from pekit_agents.tools.image_kinds import mime_of
from pekit_agents.tools.langchain import (
    PersonalizationMiddleware,
    PersonalToolkit,
    image_block,
    labelled_images,
    text_block,
)

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
        self, model: BaseChatModel, service: Service, threads: Threads, saver: AsyncSqliteSaver
    ) -> None:
        self.threads = threads
        self._service = service
        self._personal = PersonalizationMiddleware(PersonalToolkit(actions=service.actions))
        self._saver = saver
        self._agent: Any = create_agent(
            model, middleware=[self._personal], checkpointer=saver, context_schema=Context
        )
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._runs: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, service: Service, model: BaseChatModel) -> AsyncIterator[Conversations]:
        """Open what is kept beside a server's pictures; begun runs are finished at the end."""
        folder = service.settings.folder / "chat"
        async with (
            Threads.open(folder) as threads,
            connected(folder / "threads.sqlite") as connection,
        ):
            conversations = cls(model, service, threads, AsyncSqliteSaver(connection))
            service.on_forget(conversations.forgetting)
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

    @asynccontextmanager
    async def forgetting(self, user_id: str) -> AsyncIterator[None]:
        """Let a user's run end, then the server forget them, then forget their threads."""
        async with self._turns[user_id]:
            yield
            for thread_id in await self.threads.of(user_id):
                await self._saver.adelete_thread(thread_id)
                await self.threads.remove(thread_id)
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
        if thread_id not in await self.threads.of(user_id):  # while it waited its turn
            yield "error", "The thread is gone."
            return
        content = [text_block(text), *(image_block(data, mime_of(data)) for data in photos)]
        (message,) = await self._personal.aadmit([{"role": "user", "content": content}], user_id)
        pictures = list(labelled_images(message).values())
        for handle in pictures:  # for the console, REST and MCP they are the latest
            await self._service.look_up(user_id, self._service.recent.add, user_id, handle)
        stream = self._agent.astream(
            {"messages": [message]},
            _config(thread_id),
            context=Context(user_id=user_id),
            stream_mode="messages",
        )
        async for chunk, _ in stream:
            if isinstance(chunk, AIMessageChunk) and chunk.text:
                yield "token", chunk.text
        yield "done", {"pictures": pictures}


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
