"""The verbs as LlamaIndex tools."""

# No "from __future__ import annotations": an agent hands a tool its Context only where the
# annotation is the class itself.
import asyncio
import contextvars
import json
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from pekit_agents.errors import ImageError, MissingDependency

try:
    from llama_index.core.llms import ImageBlock, TextBlock
    from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
    from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
    from llama_index.core.workflow import Context, Event
    from pydantic import BaseModel, ValidationError
except ImportError as exc:
    raise MissingDependency(
        'LlamaIndex is not installed; type: pip install "pekit-agents[llama-index]"'
    ) from exc

from pekit_agents.answering.pictures import as_sent
from pekit_agents.tools.actions import ActionError, ActionResult, PersonalActions
from pekit_agents.tools.annotated_pictures import why_unread
from pekit_agents.tools.image_store import UnknownImage
from pekit_agents.tools.llama_index.history import (
    Conversation,
    conversation_of,
    recent_clips,
    recent_handles,
)
from pekit_agents.tools.llama_index.identity import ContextResolver, check_key, user_of_run
from pekit_agents.tools.llama_index.image_paths import ImagePaths
from pekit_agents.tools.schemas import arguments_model, wrong_arguments
from pekit_agents.tools.specs import VERBS, ToolSpec, tool_specs
from pekit_agents.tools.waiting import Waiting

if TYPE_CHECKING:
    from pekit_agents.tools.open_options import OpenOptions

__all__ = ["ClipProgress", "PersonalTool", "PersonalToolSpec"]

_SPECS = {spec.name: spec for spec in tool_specs()}
_OBJECT_IDS = uuid.UUID("8f0f2c35-0a0e-4d0b-9f2e-7b3d1f6a4c52")


class PersonalTool(FunctionTool):
    """A verb as a tool: an agent's Context is optional, and nothing else can stand for it."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> ToolOutput:
        """Do as :meth:`call`."""
        return self.call(*args, **kwargs)

    def call(self, /, *args: Any, **kwargs: Any) -> ToolOutput:
        """Run the verb; an event loop that is running in this thread waits."""
        output: ToolOutput = self._fn(**self._named(args, kwargs))
        return output

    async def acall(self, /, *args: Any, **kwargs: Any) -> ToolOutput:
        """Run the verb off the event loop."""
        output: ToolOutput = await self._async_fn(**self._named(args, kwargs))
        return output

    def _named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        # Outside of an agent, "ctx" is whatever the model wrote: never a Context.
        ctx = kwargs.get("ctx")
        names = list(self.metadata.get_parameters_dict()["properties"])
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        return {**given, "ctx": ctx if isinstance(ctx, Context) else None}


class PersonalToolSpec(BaseToolSpec):
    """Nine tools over the personal memory of the user whom a run belongs to.

    The model chooses what is done and never for whom. In this order: the user that the tools are
    bound to; what the application's resolver says; what the application has set in the run's
    store with ``await ctx.store.set("user_id", "ann")``. Never put the user into
    ``initial_state``: LlamaIndex writes that into the prompt.

    A result is a text that stands alone, followed by the pictures worth looking at where the
    image store keeps files; ``raw_output`` is the record, with all pictures by handle. What the
    model can put right comes back as an error result; everything else is raised. LlamaIndex's own
    agents make error results of that, too, which tell nothing of any memory; a
    ``PersonalFunctionAgent`` stops at an unknown user.

    Example:
        >>> spec = PersonalToolSpec.open("memory", user_id="ann")      # doctest: +SKIP
        >>> agent = FunctionAgent(tools=spec.to_tool_list(), llm=llm)

    Args:
        actions: The verbs.
        user_id: The user that the tools are bound to; None leaves it to the run.
        user_resolver: Gives the user of a run from its ``Context``; may be async.
        user_key: Where in the run's store the application sets the user.
        show_images: Whether results have image blocks. LlamaIndex cannot read a message back when
            the file of a picture in it is gone, as after forgetting: an agent that keeps results
            for long is better off without, or is a ``PersonalFunctionAgent``.

    Raises:
        InvalidInput: ``user_key`` is within ``state``, which models read.
    """

    spec_functions: ClassVar[list[SPEC_FUNCTION_TYPE]] = list(VERBS)  # type: ignore[misc]

    def __init__(
        self,
        actions: PersonalActions,
        *,
        user_id: str | None = None,
        user_resolver: ContextResolver | None = None,
        user_key: str = "user_id",
        show_images: bool = True,
    ) -> None:
        self.actions, self.user_id, self.user_resolver = actions, user_id, user_resolver
        self.user_key, self.show_images = check_key(user_key), show_images

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        *,
        user_id: str | None = None,
        user_resolver: ContextResolver | None = None,
        **options: "Unpack[OpenOptions]",
    ) -> "PersonalToolSpec":
        """Open the memories in a directory; options as for :meth:`PersonalActions.open`."""
        actions = PersonalActions.open(path, **options)
        return cls(actions, user_id=user_id, user_resolver=user_resolver)

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """Return the tools, in the order of :data:`pekit_agents.tools.specs.VERBS`.

        Args:
            spec_functions: Only these, such as ``["find_personal_objects"]``.
            func_to_metadata_mapping: Other names, descriptions or schemas for some.
        """
        told = func_to_metadata_mapping or {}
        tools: list[FunctionTool] = []
        for function in spec_functions or self.spec_functions:
            name = function if isinstance(function, str) else function[0]
            if getattr(type(self), name, None) is getattr(PersonalToolSpec, name, function):
                tools.append(self._tool(_SPECS[name], told.get(name)))
            else:  # a subclass's own
                tools.extend(super().to_tool_list([function], told))
        return tools

    async def user_of(self, ctx: Context[Any] | None) -> str:
        """Return the user of a run.

        Raises:
            UnknownUser: There is no user, or it is not a text. It should stop the run.
        """
        return await user_of_run(
            ctx, user_id=self.user_id, resolver=self.user_resolver, key=self.user_key
        )

    def _tool(self, spec: ToolSpec, told: ToolMetadata | None = None) -> PersonalTool:
        model = arguments_model(spec)

        def call(*, ctx: Context = None, **arguments: Any) -> ToolOutput:  # type: ignore
            return _blocking(acall(ctx=ctx, **arguments))

        async def acall(*, ctx: Context = None, **arguments: Any) -> ToolOutput:  # type: ignore
            user_id, said = await self.user_of(ctx), await conversation_of(ctx)
            waiting = Waiting(_teller(spec, ctx))
            try:
                return await asyncio.to_thread(
                    self._run, spec, model, arguments, user_id, said, waiting
                )
            except asyncio.CancelledError:
                waiting.end()
                raise

        tool: PersonalTool = PersonalTool.from_defaults(  # type: ignore[assignment]
            fn=call,
            async_fn=acall,
            name=spec.name,
            description=spec.description,
            fn_schema=model,
            tool_metadata=told,
        )
        return tool

    def _run(
        self,
        spec: ToolSpec,
        model: type[BaseModel],
        arguments: dict[str, Any],
        user_id: str,
        said: Conversation | None,
        waiting: Waiting,
    ) -> ToolOutput:
        try:
            checked = dict(model.model_validate(arguments))  # what is no field of it is dropped
            hosted = self._hosted(spec, user_id, checked, said)
            if "progress" in spec.hosts:
                hosted["progress"] = waiting
            result = getattr(self.actions, spec.name)(user_id, **checked, **hosted)
        except ValidationError as exc:
            return _refused(spec, arguments, wrong_arguments(exc), exc)
        except ActionError as exc:
            return _refused(spec, arguments, str(exc), exc)
        return ToolOutput(
            tool_name=spec.name,
            blocks=self._blocks(user_id, result),
            raw_input={"args": (), "kwargs": checked},
            raw_output={**result.record, "images": list(result.images)},
        )

    def _hosted(
        self, spec: ToolSpec, user_id: str, arguments: dict[str, Any], said: Conversation | None
    ) -> dict[str, Any]:
        """Return the arguments that are not the model's to give."""
        hosted: dict[str, Any] = {}
        kept = user_id, self.actions.images, self.actions.limits.max_bytes
        if "recent" in spec.hosts:
            hosted["recent"] = recent_handles(said, *kept)
        if "recent_clips" in spec.hosts:
            hosted["recent_clips"] = recent_clips(said, user_id, self.actions.clips)
        if "object_id" in spec.hosts and said is not None:
            newest = next(recent_handles(said, *kept), None)
            hosted["object_id"] = _object_id(user_id, arguments, newest, said)
        return hosted

    def _blocks(self, user_id: str, result: ActionResult) -> list[Any]:
        blocks: list[Any] = [TextBlock(text=result.text)]
        for handle in result.images if self.show_images else ():
            try:
                blocks += self._picture(user_id, handle)
            except UnknownImage:  # let go of in the meantime; the text stands alone
                continue
            except (ImageError, MissingDependency) as exc:
                blocks.append(TextBlock(text=f"Picture {handle} {why_unread(exc)}"))
        return blocks

    def _picture(self, user_id: str, handle: str) -> list[Any]:
        """Return the file of a picture as models take it; nothing where the store has no files."""
        images = self.actions.images
        if not isinstance(images, ImagePaths):
            return []
        data = images.get(user_id, handle)
        sent, mime = as_sent(data, readable=self.actions.limits)
        path = images.path(user_id, handle if sent is data else images.put(user_id, sent))
        return [ImageBlock(path=path, image_mimetype=mime)]


def _method(spec: ToolSpec) -> Callable[..., ToolOutput]:
    def method(self: PersonalToolSpec, /, **arguments: Any) -> ToolOutput:
        return self._tool(spec)(**arguments)

    method.__name__, method.__doc__ = spec.name, spec.description
    return method


for _spec in tool_specs():  # so that spec_functions name methods, as LlamaIndex expects
    setattr(PersonalToolSpec, _spec.name, _method(_spec))


class ClipProgress(Event):
    """How far the search of a clip is, in the stream of a run's events.

    Attributes:
        tool: Which tool searches.
        seconds: The seconds of the clip that were searched.
        total: The seconds that there are; None where that is not known.
    """

    tool: str
    seconds: float
    total: float | None


def _teller(
    spec: ToolSpec, ctx: "Context[Any] | None"
) -> Callable[[float, float | None], None] | None:
    """Return what writes how far a search is to the events of a run."""
    if ctx is None or "progress" not in spec.hosts:
        return None
    loop = asyncio.get_running_loop()

    def tell(seconds: float, total: float | None) -> None:
        event = ClipProgress(tool=spec.name, seconds=seconds, total=total)
        loop.call_soon_threadsafe(ctx.write_event_to_stream, event)

    return tell


def _object_id(
    user_id: str, arguments: dict[str, Any], newest: str | None, said: Conversation
) -> str:
    """Return the same id for the same call when an interrupted run is resumed.

    LlamaIndex tells a tool nothing of its call, but a call is the same when all it can see is.
    """
    call = [user_id, said.session, len(said.said), newest, arguments]
    return uuid.uuid5(_OBJECT_IDS, json.dumps(call, sort_keys=True, default=str)).hex


def _refused(spec: ToolSpec, arguments: dict[str, Any], text: str, exc: Exception) -> ToolOutput:
    return ToolOutput(
        tool_name=spec.name,
        content=text,
        raw_input={"args": (), "kwargs": arguments},
        raw_output=text,
        is_error=True,
        exception=exc,
    )


def _blocking(coroutine: Coroutine[Any, Any, ToolOutput]) -> ToolOutput:
    """Run a coroutine to its end, also where an event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(contextvars.copy_context().run, asyncio.run, coroutine).result()
