"""A middleware that makes any LangChain agent know its user's own things.

Add it to ``create_agent`` and the agent is complete: the tools come with it, the user's pictures
are searched before the model is called, and the model sees them with boxes, names and notes, for
that call only. What stays in the conversation is handles, never bytes.

A checkpointer stores what a run is started with before any middleware can act: a picture in the
input is stored up to three times, and never again afterwards. Two ways leave none at all: start
runs with ``agent.invoke(..., durability="exit")``, or with messages that
:meth:`PersonalizationMiddleware.admit` has been over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from pekit_agents.errors import InvalidInput, MissingDependency

try:
    from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest
    from langchain.agents.middleware.types import ModelResponse, ToolCallRequest
    from langchain_core.messages import (
        AIMessage,
        BaseMessage,
        HumanMessage,
        MessageLikeRepresentation,
        SystemMessage,
        ToolMessage,
        convert_to_messages,
    )
    from langchain_core.tools import BaseTool
    from langgraph.runtime import Runtime
    from langgraph.types import Command, Send
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.tools.conversation import SYSTEM_PROMPT, PersonalConversation
from pekit_agents.tools.hidden_pictures import LeftOut
from pekit_agents.tools.identity import UserResolver, user_of
from pekit_agents.tools.langchain.messages import LangChainMessages, sendable, unwrapped
from pekit_agents.tools.langchain.pictures import inline_images, text_block
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.swept_values import swept

if TYPE_CHECKING:
    from pekit_agents.tools.actions import PersonalActions
    from pekit_agents.tools.annotated_pictures import AnnotatedPicture
    from pekit_agents.tools.open_options import OpenOptions

__all__ = ["SYSTEM_PROMPT", "PersonalizationMiddleware"]

_M = TypeVar("_M", bound=BaseMessage)
_Handler = Callable[[ModelRequest[Any]], Any]
_AsyncHandler = Callable[[ModelRequest[Any]], Awaitable[Any]]


class PersonalizationMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Personalises every model call of an agent.

    Put it first in the list of middleware. Safe to share between threads, runs and users: it
    keeps nothing of a run; findings are kept per user and picture until the memory changes.

    Example:
        >>> agent = create_agent(                                       # doctest: +SKIP
        ...     model, middleware=[PersonalizationMiddleware.open("memory", user_id="ann")]
        ... )

    Args:
        toolkit: The tools, which know whose run it is, and the memories and pictures behind them.
        auto: Whether pictures are searched before the model is called. False leaves that to
            the tools; pictures are labelled, shown and kept out of the conversation all the same.
        tools: The tools to offer; None for all of the toolkit, ``[]`` for a model that calls none.
        max_images: How many pictures a model is shown, the newest; older ones stay labels, and it
            is told how many.
        system_prompt: What the model is told about labels and tools; None for nothing.
    """

    def __init__(
        self,
        toolkit: PersonalToolkit,
        *,
        auto: bool = True,
        tools: Sequence[BaseTool] | None = None,
        max_images: int = 10,
        system_prompt: str | None = SYSTEM_PROMPT,
    ) -> None:
        super().__init__()
        self.tools = toolkit.get_tools() if tools is None else list(tools)
        self._toolkit = toolkit
        self._system_prompt = system_prompt
        # Any, since a kept message is of the type that it was of.
        self._messages: PersonalConversation[Any] = PersonalConversation(
            toolkit.actions,
            LangChainMessages(toolkit.actions.limits.max_bytes, toolkit.actions.clips.max_bytes),
            auto=auto,
            max_images=max_images,
        )

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        user_id: str | None = None,
        user_resolver: UserResolver | None = None,
        auto: bool = True,
        **options: Unpack[OpenOptions],
    ) -> PersonalizationMiddleware:
        """Open the memories in a directory; options as for :meth:`PersonalActions.open`."""
        toolkit = PersonalToolkit.open(
            path, user_id=user_id, user_resolver=user_resolver, **options
        )
        return cls(toolkit, auto=auto)

    @property
    def actions(self) -> PersonalActions:
        """The verbs, and the memories and pictures behind them."""
        return self._toolkit.actions

    def admit(
        self, messages: Sequence[MessageLikeRepresentation], user_id: str | None = None
    ) -> list[BaseMessage]:
        """Return messages with handles for pictures, to start a run with.

        Args:
            messages: Messages in any form that LangChain takes; they are not changed.
            user_id: Whose pictures; may be left out when the toolkit is bound to a user.

        Raises:
            UnknownUser: It is not known whose pictures they are.
            InvalidInput: The toolkit is bound to another user.
        """
        user = self._named_user(user_id)
        return self._kept(user, convert_to_messages(messages))

    async def aadmit(
        self, messages: Sequence[MessageLikeRepresentation], user_id: str | None = None
    ) -> list[BaseMessage]:
        """Do as :meth:`admit`, off the event loop."""
        return await asyncio.to_thread(self.admit, messages, user_id)

    def view(self, handle: str, user_id: str | None = None) -> AnnotatedPicture:
        """Return a picture as the model is shown it, to show the user the boxes and names, too.

        What was searched for the model is not searched again.

        Args:
            handle: The picture's handle, from a label in the user's messages.
            user_id: Whose picture; may be left out when the toolkit is bound to a user.

        Raises:
            UnknownUser: It is not known whose picture it is.
            InvalidInput: The toolkit is bound to another user.
            UnknownImage: This user has no such picture (any more).
            ImageError: It cannot be read.
            MissingDependency: It is a HEIC picture and ``pi-heif`` is not installed.
        """
        return self._messages.view(self._named_user(user_id), handle)

    def before_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Put handles in place of the pictures that a run was started with."""
        user = self._user(runtime)
        messages = state["messages"]
        kept = self._kept(user, messages)
        changed = [new for new, old in zip(kept, messages, strict=True) if new is not old]
        return {"messages": changed} if changed else None  # replaced by their ids

    async def abefore_agent(
        self, state: AgentState[Any], runtime: Runtime[Any]
    ) -> dict[str, Any] | None:
        """Do as :meth:`before_agent`, off the event loop."""
        return await asyncio.to_thread(self.before_agent, state, runtime)

    def wrap_model_call(self, request: ModelRequest[Any], handler: _Handler) -> ModelResponse[Any]:
        """Show the model the pictures, for this call only."""
        response: ModelResponse[Any] = handler(self._modify_request(request))
        return response

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: _AsyncHandler
    ) -> ModelResponse[Any]:
        """Do as :meth:`wrap_model_call`, off the event loop."""
        modified = await asyncio.to_thread(self._modify_request, request)
        response: ModelResponse[Any] = await handler(modified)
        return response

    def wrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]],
    ) -> ToolMessage | Command[Any]:
        """Put handles in place of the pictures that any tool returns."""
        kept: ToolMessage | Command[Any] = self._kept_result(request, handler(request))
        return kept

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Do as :meth:`wrap_tool_call`, off the event loop."""
        result = await handler(request)
        kept: ToolMessage | Command[Any] = await asyncio.to_thread(
            self._kept_result, request, result
        )
        return kept

    def _user(self, runtime: object) -> str:
        toolkit = self._toolkit
        return user_of(runtime, user_id=toolkit.user_id, resolver=toolkit.user_resolver)

    def _named_user(self, user_id: str | None) -> str:
        """Return whom the application means outside of a run."""
        user = self._user(None) if user_id is None else user_id
        if self._toolkit.user_id not in (None, user):
            raise InvalidInput("expected the user that the tools are bound to, found another")
        return user

    def _modify_request(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        user = self._user(request.runtime)
        limits, system = self.actions.limits, request.system_message
        shown = [
            sendable(message, limits) if isinstance(message, SystemMessage) else message
            for message in self._messages.shown(user, request.messages)
        ]
        system = None if system is None else sendable(system, limits)
        if self._system_prompt is not None:
            system = _extended(system, self._system_prompt)
        return request.override(messages=shown, system_message=system)

    def _kept(self, user: str, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        """Return what a run is started with, without pictures in and beside what users say."""

        def keep(picture: bytes | LeftOut) -> str:
            return self._messages.keep(user, picture)

        limit = self.actions.limits.max_bytes
        return [
            _swept_beside(message, keep, limit) if isinstance(message, HumanMessage) else message
            for message in self._messages.all_kept(user, messages)
        ]

    def _kept_result(self, request: ToolCallRequest, result: Any) -> Any:
        """Return what a tool returned without pictures: messages, artifacts and other state."""
        user, batch = self._user(request.runtime), _batch_of(request)
        limit = self.actions.limits.max_bytes

        def special(value: object) -> object:
            if isinstance(value, BaseMessage):
                told = unwrapped(value) if isinstance(value, ToolMessage) else value
                message = self._messages.kept(user, told, batch=batch)
                if not isinstance(message, ToolMessage | HumanMessage):  # a model's, by a tool
                    content = swept(message.content, keep, special, max_bytes=limit)
                    message = message.model_copy(update={"content": content})
                return _swept_beside(message, keep, limit)
            if isinstance(value, Send):
                arg = swept(value.arg, keep, special, max_bytes=limit)
                return value if arg is value.arg else Send(value.node, arg)
            # A block of a message that is no message yet, such as {"role": "user", ...}.
            block = HumanMessage([value] if type(value) is dict else [])
            picture = inline_images(block, max_bytes=limit).get(0)
            if picture is None:
                return None
            return text_block(keep(picture if isinstance(picture, LeftOut) else picture.data))

        def keep(picture: bytes | LeftOut) -> str:
            return self._messages.keep(user, picture, batch=batch)

        return swept(result, keep, special, max_bytes=limit)


def _swept_beside(message: _M, keep: Callable[[bytes | LeftOut], str], limit: int) -> _M:
    """Return a message without the pictures that stand beside its content."""
    held = {**vars(message), **(message.model_extra or {})}
    beside = {name: swept(held[name], keep, max_bytes=limit) for name in held.keys() - {"content"}}
    changed = {name: value for name, value in beside.items() if value is not held[name]}
    return message.model_copy(update=changed) if changed else message


def _batch_of(request: ToolCallRequest) -> str:
    """Return a name of the calls that the model made at once; some models number them anew."""
    state = request.state
    messages = (state.get("messages") if isinstance(state, dict) else None) or []
    calls = next((m.tool_calls for m in reversed(messages) if isinstance(m, AIMessage)), [])
    ids = [str(call["id"]) for call in calls] or [str(request.tool_call["id"])]
    return f"{len(messages)} {' '.join(ids)}"


def _extended(system: SystemMessage | None, text: str) -> SystemMessage:
    """Return the system message with a text after it."""
    if system is None:
        return SystemMessage(text)
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{text}"})
    return system.model_copy(update={"content": [*system.content, {"type": "text", "text": text}]})
