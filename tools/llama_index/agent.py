"""A LlamaIndex agent that knows its user's own things, and messages that do for chat engines.

:class:`PersonalFunctionAgent` is a ``FunctionAgent``: the tools come with it, the user's pictures
are searched before the model is called, and the model sees them with boxes, names and notes, for
that call only. What stays in the chat memory and in the ``Context`` is handles, never bytes.

LlamaIndex puts the message that a run is started with into memory before an agent can act: until
the model is first called, its pictures are in the ``Context``. Messages that
:meth:`PersonalFunctionAgent.aadmit` has been over bring none.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextvars import ContextVar
from copy import copy
from os import PathLike
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput, MissingDependency

try:
    from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ToolCallResult
    from llama_index.core.base.llms.types import (
        ChatMessage,
        ChatResponse,
        DocumentBlock,
        ImageBlock,
        MessageRole,
        TextBlock,
    )
    from llama_index.core.memory import BaseMemory, Memory
    from llama_index.core.storage.chat_store.base_db import MessageStatus
    from llama_index.core.tools import AsyncBaseTool, BaseTool, ToolOutput
    from llama_index.core.workflow import Context
    from pydantic import Field, PrivateAttr
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.tools.conversation import SYSTEM_PROMPT, PersonalConversation, drawn_pictures
from pekit_agents.tools.hidden_pictures import LeftOut
from pekit_agents.tools.llama_index.messages import LlamaIndexMessages
from pekit_agents.tools.llama_index.personal_message import (
    apersonalize_message,
    personalize_message,
)
from pekit_agents.tools.llama_index.pictures import label_block, labels_in, picture_data
from pekit_agents.tools.llama_index.tools import PersonalToolSpec
from pekit_agents.tools.message_format import Label
from pekit_agents.tools.open_options import OpenOptions
from pekit_agents.tools.swept_values import swept

if TYPE_CHECKING:
    from llama_index.core.agent.workflow.agent_context import AgentContext

    from pekit_agents.tools.actions import PersonalActions
    from pekit_agents.tools.llama_index.identity import ContextResolver

__all__ = [
    "SYSTEM_PROMPT",
    "PersonalFunctionAgent",
    "apersonalize_message",
    "personalize_message",
]

#: Whose step is being taken; the calls of the model have no Context to ask.
_USER: ContextVar[str] = ContextVar("pekit_user")
_OPENING = OpenOptions.__optional_keys__


class PersonalFunctionAgent(FunctionAgent):
    """A ``FunctionAgent`` with a personal memory.

    Works alone and within an ``AgentWorkflow``. Safe to share between runs and users: it keeps
    nothing of a run; findings are kept per user and picture until the memory changes. Whose
    memory is meant is decided by the spec for each run, see :class:`PersonalToolSpec`.

    Example:
        >>> agent = PersonalFunctionAgent.open("memory", user_id="ann", llm=llm)  # doctest: +SKIP
        >>> await agent.run(message)                                              # doctest: +SKIP

    Args:
        personal: The tools, which know whose run it is, and the memories and pictures behind them.
        tools: Further tools.
        personal_tools: The tools of the memory to offer; None for all of ``personal``, ``[]``
            for a model that is to call none.
        auto: Whether pictures are searched before the model is called. False leaves that to
            the tools; pictures are labelled, shown and kept out of the memory all the same.
        max_images: How many pictures a model is shown, the newest; older ones stay labels, and it
            is told how many.
        guide: What the model is told about labels and tools, after ``system_prompt``; None for
            nothing.
        options: Everything else that ``FunctionAgent`` takes, such as ``llm`` and ``name``.
    """

    personal: Any = Field(exclude=True, repr=False)
    _chat: PersonalConversation[ChatMessage] = PrivateAttr()

    def __init__(
        self,
        personal: PersonalToolSpec,
        *,
        tools: Sequence[Any] | None = None,
        personal_tools: Sequence[BaseTool] | None = None,
        auto: bool = True,
        max_images: int = 10,
        guide: str | None = SYSTEM_PROMPT,
        system_prompt: str | None = None,
        **options: Any,
    ) -> None:
        chat = PersonalConversation(
            personal.actions,
            LlamaIndexMessages(personal.actions.limits.max_bytes, personal.actions.clips.max_bytes),
            auto=auto,
            max_images=max_images,
        )
        own = personal.to_tool_list() if personal_tools is None else personal_tools
        told = "\n\n".join(text for text in (system_prompt, guide) if text)
        super().__init__(
            personal=personal, tools=[*own, *(tools or ())], system_prompt=told or None, **options
        )
        self._chat = chat

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        user_id: str | None = None,
        user_resolver: ContextResolver | None = None,
        **options: Any,
    ) -> PersonalFunctionAgent:
        """Open the memories in a directory.

        Args:
            path: As for :meth:`PersonalActions.open`.
            user_id: See :class:`PersonalToolSpec`.
            user_resolver: See :class:`PersonalToolSpec`.
            options: Those of :meth:`PersonalActions.open`, and all that the class takes.
        """
        opening: Any = {name: options.pop(name) for name in _OPENING & options.keys()}
        personal = PersonalToolSpec.open(
            path, user_id=user_id, user_resolver=user_resolver, **opening
        )
        return cls(personal, **options)

    @property
    def actions(self) -> PersonalActions:
        """The verbs, and the memories and pictures behind them."""
        actions: PersonalActions = self.personal.actions
        return actions

    def admit(self, message: ChatMessage, user_id: str | None = None) -> ChatMessage:
        """Return a message with handles for pictures, to start a run with.

        Args:
            message: A user's message; it is not changed.
            user_id: Whose pictures; may be left out when the tools are bound to a user.

        Raises:
            InvalidInput: It is not known whose pictures they are, or the tools are bound to
                another user.
        """
        user, bound = user_id or self.personal.user_id, self.personal.user_id
        if not isinstance(user, str) or bound not in (None, user):
            raise InvalidInput(
                "expected a user_id, and the one that the tools are bound to where they are; "
                f"found {'none' if user is None else 'another'}"
            )
        return self._kept(user, [message])[0]

    async def aadmit(self, message: ChatMessage, user_id: str | None = None) -> ChatMessage:
        """Do as :meth:`admit`, off the event loop."""
        return await asyncio.to_thread(self.admit, message, user_id)

    async def take_step(
        self,
        ctx: AgentContext,
        llm_input: list[ChatMessage],
        tools: Sequence[AsyncBaseTool],
        memory: BaseMemory,
    ) -> AgentOutput:
        """Put handles in place of pictures in the memory, then call the model."""
        user = await self.personal.user_of(ctx)
        await self._keep_handles(user, memory)
        kept = await asyncio.to_thread(self._kept, user, llm_input)
        token = _USER.set(user)
        try:
            return await super().take_step(ctx, kept, tools, memory)
        finally:
            _USER.reset(token)

    async def handle_tool_call_results(
        self, ctx: Context[Any], results: list[ToolCallResult], memory: BaseMemory
    ) -> None:
        """Put handles in place of the pictures that tools return.

        They are shown in a user message after the whole batch, whenever the model is called.
        The results are changed in place: LlamaIndex keeps the same ones in the ``Context``.
        """
        user = await self.personal.user_of(ctx)
        await asyncio.to_thread(self._keep_results, user, results)
        await super().handle_tool_call_results(ctx, results, memory)

    async def _get_response(
        self, current_llm_input: list[ChatMessage], tools: Sequence[AsyncBaseTool]
    ) -> ChatResponse:
        shown = await asyncio.to_thread(self._chat.shown, _USER.get(), current_llm_input)
        agent = self._before(current_llm_input)
        return await FunctionAgent._get_response(agent, shown, tools)

    async def _get_streaming_response(
        self,
        ctx: AgentContext,
        current_llm_input: list[ChatMessage],
        tools: Sequence[AsyncBaseTool],
    ) -> ChatResponse:
        shown = await asyncio.to_thread(self._chat.shown, _USER.get(), current_llm_input)
        agent = self._before(current_llm_input)
        return await FunctionAgent._get_streaming_response(agent, ctx, shown, tools)

    def _before(self, kept: Sequence[ChatMessage]) -> PersonalFunctionAgent:
        """Return the agent that calls the model.

        ``initial_tool_choice`` holds where the last message is the user's own. The pictures of
        tools follow as a user message, and would force the same tool again, without end.
        """
        if self.initial_tool_choice is None or kept[-1].role == "user":
            return self
        agent = copy(self)
        agent.initial_tool_choice = None
        return agent

    def _kept(self, user: str, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return messages without pictures in and beside what users say."""
        limit = self.actions.limits.max_bytes

        def keep(picture: bytes | LeftOut) -> str:
            return self._chat.keep(user, picture)

        def beside(message: ChatMessage) -> ChatMessage:
            old = message.additional_kwargs if message.role == MessageRole.USER else {}
            new = swept(old, keep, max_bytes=limit)
            update = {"additional_kwargs": new}
            return message if new is old else message.model_copy(update=update)

        return [beside(message) for message in self._chat.all_kept(user, messages)]

    async def _keep_handles(self, user: str, memory: BaseMemory) -> None:
        """Put handles in place of the pictures in a memory; it is written only when it has some."""
        if isinstance(memory, Memory):  # set() would bring back what it has archived
            archived = await memory.aget_all(status=MessageStatus.ARCHIVED)
            messages = await memory.aget_all(status=MessageStatus.ACTIVE)
        else:
            archived, messages = [], await memory.aget_all()
        kept = await asyncio.to_thread(self._kept, user, [*archived, *messages])
        if all(new is old for new, old in zip(kept, [*archived, *messages], strict=True)):
            return
        await memory.aset(kept[len(archived) :])
        if isinstance(memory, Memory) and archived:
            await _archive(memory, kept, len(archived))

    def _keep_results(self, user: str, results: Sequence[ToolCallResult]) -> None:
        batch, limit = uuid.uuid4().hex, self.actions.limits.max_bytes

        def keep(picture: bytes | LeftOut) -> str:
            return self._chat.keep(user, picture, batch=batch)

        def special(value: object) -> object:
            if isinstance(value, ImageBlock | DocumentBlock):
                data = picture_data(value, max_bytes=limit)
                return value if data is None else TextBlock(text=keep(data))
            return None

        for result in results:
            output = result.tool_output
            drawn = drawn_pictures(output.raw_output)
            # A tool that returns a ToolOutput of its own is taken for one that returns its text.
            inner = output.raw_output if isinstance(output.raw_output, ToolOutput) else output
            told = ChatMessage(role="tool", blocks=inner.blocks)
            kept = self._chat.kept(user, told, marked=bool(drawn), batch=batch)
            output.blocks = kept.blocks
            if kept is not told and isinstance(output.raw_output, list | ImageBlock):
                output.raw_output = output.content  # the same pictures again
            else:
                output.raw_output = swept(output.raw_output, keep, special, max_bytes=limit)
            present = {label.handle for block in output.blocks for label in labels_in(block)}
            missing = [Label(handle, True) for handle in drawn if handle not in present]
            output.blocks = [*output.blocks, *map(label_block, missing)]


async def _archive(memory: Memory, messages: list[ChatMessage], count: int) -> None:
    """Write a whole conversation of which the oldest messages are archived."""
    store, key = memory.sql_store, memory.session_id
    await store.set_messages(key, messages[:count], status=MessageStatus.ARCHIVED)
    await store.add_messages(key, messages[count:], status=MessageStatus.ACTIVE)
