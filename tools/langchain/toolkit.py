"""The verbs as LangChain tools."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Unpack

from pekit_agents.errors import MissingDependency

try:
    from langchain.tools import ToolRuntime
    from langchain_core.messages import BaseMessage
    from langchain_core.tools import BaseTool, BaseToolkit, StructuredTool, ToolException
    from pydantic import ConfigDict
except ImportError as exc:
    raise MissingDependency(
        'LangChain is not installed; type: pip install "pekit-agents[langchain]"'
    ) from exc

from pekit_agents.images.limits import DEFAULT_LIMITS
from pekit_agents.tools import conversation
from pekit_agents.tools.actions import ActionError, ActionResult, PersonalActions
from pekit_agents.tools.identity import UserResolver, user_of
from pekit_agents.tools.langchain.messages import LangChainMessages
from pekit_agents.tools.schemas import arguments_model, wrong_arguments
from pekit_agents.tools.specs import ToolSpec, tool_specs
from pekit_agents.tools.waiting import Waiting

if TYPE_CHECKING:
    from pekit_agents.tools.image_store import ImageStore
    from pekit_agents.tools.open_options import OpenOptions

__all__ = ["PersonalToolkit", "recent_handles"]

_OBJECT_IDS = uuid.UUID("5d1c5b0a-6a55-4c0e-9a3e-0c1f4e8f7b11")


class PersonalToolkit(BaseToolkit):
    """Nine tools over the personal memory of the user whom a run belongs to.

    The model chooses what is done and never for whom: see :mod:`pekit_agents.tools.identity`.
    A tool's result is a text that stands alone, with the record as a JSON artifact; pictures
    travel by handle. What the model can put right comes back as a tool error; everything else
    is raised.

    Example:
        >>> toolkit = PersonalToolkit.open("memory", user_id="ann")    # doctest: +SKIP
        >>> agent = create_agent(model, toolkit.get_tools())

    Attributes:
        actions: The verbs.
        user_id: The user that the tools are bound to; None leaves it to the run.
        user_resolver: Gives the user of a run from its ``ToolRuntime``; called with None when a
            tool is invoked outside of an agent.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    actions: PersonalActions
    user_id: str | None = None
    user_resolver: UserResolver | None = None

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        user_id: str | None = None,
        user_resolver: UserResolver | None = None,
        **options: Unpack[OpenOptions],
    ) -> PersonalToolkit:
        """Open the memories in a directory; options as for :meth:`PersonalActions.open`."""
        actions = PersonalActions.open(path, **options)
        return cls(actions=actions, user_id=user_id, user_resolver=user_resolver)

    def get_tools(self) -> list[BaseTool]:
        """Return the tools, in the order of :data:`pekit_agents.tools.specs.VERBS`."""
        return [self._tool(spec) for spec in tool_specs()]

    def _tool(self, spec: ToolSpec) -> BaseTool:
        # A runtime that the model writes is dropped: it is no field of the schema. The agent
        # injects its own because of the annotation; a subclass of BaseTool would get None.
        # A text in place of the arguments is the first of them, which LangChain does not bind.
        first, model = spec.parameters[0].name, arguments_model(spec)

        def answer(
            text: tuple[str, ...], arguments: dict[str, Any], runtime: Any, waiting: Waiting
        ) -> tuple[str, dict[str, Any]]:
            if text:
                arguments = dict(model.model_validate({first: text[0]}))
            result = self._run(spec, arguments, runtime, waiting)
            return result.text, {**result.record, "images": list(result.images)}

        def call(
            *text: str,
            runtime: ToolRuntime = None,  # type: ignore[assignment]
            **arguments: Any,
        ) -> tuple[str, dict[str, Any]]:
            return answer(text, arguments, runtime, Waiting(_teller(spec, runtime)))

        async def acall(
            *text: str,
            runtime: ToolRuntime = None,  # type: ignore[assignment]
            **arguments: Any,
        ) -> tuple[str, dict[str, Any]]:
            # Here, since a writer of the run belongs to the loop's own thread.
            waiting = Waiting(_teller(spec, runtime, asyncio.get_running_loop()))
            try:
                return await asyncio.to_thread(answer, text, arguments, runtime, waiting)
            except asyncio.CancelledError:
                waiting.end()
                raise

        return StructuredTool.from_function(
            func=call,
            coroutine=acall,
            name=spec.name,
            description=spec.description,
            args_schema=model,
            infer_schema=False,
            response_format="content_and_artifact",
            handle_tool_error=True,
            handle_validation_error=wrong_arguments,
        )

    def _run(
        self, spec: ToolSpec, arguments: dict[str, Any], runtime: Any, waiting: Waiting
    ) -> ActionResult:
        user_id = user_of(runtime, user_id=self.user_id, resolver=self.user_resolver)
        verb = getattr(self.actions, spec.name)
        try:
            hosted = self._hosted(spec, user_id, arguments, runtime)
            if "progress" in spec.hosts:
                hosted["progress"] = waiting
            result: ActionResult = verb(user_id, **arguments, **hosted)
        except ActionError as exc:
            raise ToolException(str(exc)) from exc
        return result

    def _hosted(
        self, spec: ToolSpec, user_id: str, arguments: dict[str, Any], runtime: Any
    ) -> dict[str, Any]:
        """Return the arguments that are not the model's to give."""
        hosted: dict[str, Any] = {}
        messages = _messages(runtime)
        kept = user_id, self.actions.images, self.actions.limits.max_bytes
        if "recent" in spec.hosts:
            hosted["recent"] = recent_handles(messages, *kept)
        if "recent_clips" in spec.hosts:
            clips = self.actions.clips
            form = LangChainMessages(clip_bytes=clips.max_bytes)
            hosted["recent_clips"] = conversation.recent_clips(messages, form, user_id, clips)
        if "object_id" in spec.hosts and getattr(runtime, "tool_call_id", None) is not None:
            newest = next(recent_handles(messages, *kept), None)
            hosted["object_id"] = _object_id(user_id, arguments, newest, runtime)
        return hosted


def recent_handles(
    messages: Sequence[BaseMessage],
    user_id: str,
    images: ImageStore,
    max_bytes: int = DEFAULT_LIMITS.max_bytes,
) -> Iterator[str]:
    """Yield the handles of the user's pictures in a conversation, the newest first.

    Args:
        messages: The conversation, the oldest first.
        user_id: Whose pictures.
        images: Where they are kept.
        max_bytes: Larger pictures are not read.

    Raises:
        ActionError: A picture cannot be kept.
    """
    return conversation.recent_handles(
        messages, LangChainMessages(max_bytes), user_id, images, max_bytes
    )


def _teller(
    spec: ToolSpec, runtime: Any, loop: asyncio.AbstractEventLoop | None = None
) -> Callable[[float, float | None], None] | None:
    """Return what writes how far a search is to the run's stream of the mode "custom"."""
    write = getattr(runtime, "stream_writer", None)
    if write is None or "progress" not in spec.hosts:
        return None

    def tell(seconds: float, total: float | None) -> None:
        event = {"tool": spec.name, "seconds": seconds, "total": total}
        if loop is None:
            write(event)
        else:
            loop.call_soon_threadsafe(write, event)

    return tell


def _messages(runtime: Any) -> Sequence[BaseMessage]:
    state = getattr(runtime, "state", None)
    found = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", None)
    return found or ()


def _object_id(user_id: str, arguments: dict[str, Any], newest: str | None, runtime: Any) -> str:
    """Return the same id for the same call when an interrupted run is resumed.

    Some models number their calls anew in every turn, so the call's id alone is not enough.
    """
    thread = (runtime.config or {}).get("configurable", {}).get("thread_id")
    turns = sum(message.type == "human" for message in _messages(runtime))
    call = [user_id, str(thread), turns, runtime.tool_call_id, newest, arguments]
    return uuid.uuid5(_OBJECT_IDS, json.dumps(call, sort_keys=True, default=str)).hex
