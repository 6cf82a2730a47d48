"""``Prompts``: a question about the user's things as a prompt, with the photo it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ContentBlock,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    PromptReference,
)
from pydantic import ValidationError

from pekit_agents.errors import PeKitError
from pekit_agents.server.mcp.calls import UserOf
from pekit_agents.server.mcp.offered import offered
from pekit_agents.server.mcp.results import error_of, shown
from pekit_agents.tools.actions import LATEST, PersonalActions
from pekit_agents.tools.schemas import wrong_arguments

if TYPE_CHECKING:
    from pekit_agents.server.service import Service

__all__ = ["Prompts"]

_NAME, _VERB = "describe", "describe_personal"
_MOST = 100  # values that a completion may have


class Prompts:
    """The prompt ``describe``: what the verb tells a client's own model.

    Args:
        service: What the server works with.
        user_of: Gives the user of a request.
    """

    def __init__(self, service: Service, user_of: UserOf) -> None:
        self._service, self._user_of = service, user_of
        # Without an answerer: a prompt is to be answered by the client's model.
        self._actions = PersonalActions(
            service.actions.open_kit, service.images, mode=service.settings.mode
        )

    async def listed(
        self, context: ServerRequestContext[Any, Any], _: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        """Return the prompt and its arguments, which are those of the verb."""
        del context
        tool = offered()[_VERB]
        arguments = [
            PromptArgument(name=each.name, description=each.description, required=each.required)
            for each in tool.spec.parameters
        ]
        prompt = Prompt(
            name=_NAME,
            title="Ask about your things",
            description=tool.spec.description,
            arguments=arguments,
        )
        return ListPromptsResult(prompts=[prompt])

    async def get(
        self, context: ServerRequestContext[Any, Any], params: GetPromptRequestParams
    ) -> GetPromptResult:
        """Return the question with what is remembered and what is in the photo.

        Raises:
            MCPError: There is no such prompt, or its arguments cannot be used.
        """
        user = self._user_of(context)
        if params.name != _NAME:
            raise MCPError(INVALID_PARAMS, f"Unknown prompt: {params.name[:100]}")
        try:
            given = dict(offered()[_VERB].model.model_validate(params.arguments or {}))
            blocks = await self._service.see(user, self._asked, user, given)
        except ValidationError as exc:
            raise MCPError(INVALID_PARAMS, wrong_arguments(exc)) from exc
        except PeKitError as exc:
            raise error_of(exc) from exc
        messages = [PromptMessage(role="user", content=block) for block in blocks]
        return GetPromptResult(messages=messages)

    async def complete(
        self, context: ServerRequestContext[Any, Any], params: CompleteRequestParams
    ) -> CompleteResult:
        """Complete the last word of a question to a name, or a picture to a handle."""
        user, argument = self._user_of(context), params.argument
        values: list[str] = []
        if isinstance(params.ref, PromptReference) and params.ref.name == _NAME:
            begun = argument.value.rpartition(" ")[2] if argument.name == "question" else ""
            kept = argument.value.removesuffix(begun) if begun else ""
            try:
                known = await self._service.look_up(user, self._known, user, argument.name)
            except PeKitError:
                known = []
            start = (begun or argument.value).casefold()
            values = [f"{kept}{each}" for each in known if each.casefold().startswith(start)]
        completion = Completion(
            values=values[:_MOST], total=len(values), has_more=len(values) > _MOST
        )
        return CompleteResult(completion=completion)

    def _known(self, user: str, argument: str) -> list[str]:
        if argument == "question":
            return [obj.name for obj in self._service.kit(user).objects()]
        if argument == "image":
            return [LATEST, *self._service.latest(user)]
        return []

    def _asked(self, user: str, given: dict[str, Any]) -> list[ContentBlock]:
        recent: Iterable[str] = (each for each in self._service.latest(user))
        result = self._actions.describe_personal(user, **given, recent=recent)
        return shown(self._service, user, result, links=False).content
