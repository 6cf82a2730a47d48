"""Options that ``pekit serve``, ``pekit mcp`` and ``pekit token`` share, and what they set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pekit_agents.server.settings import ServerSettings

__all__ = [
    "EndpointOption",
    "InboxOption",
    "ModelOption",
    "PhotosOption",
    "StateOption",
    "server_settings",
]

StateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        envvar="PEKIT_STATE",
        help="folder for pictures, tokens and the session key; .server within the memory",
    ),
]
PhotosOption = Annotated[
    list[str] | None, typer.Option("--photos", help="folder whose photos may be named by path")
]
InboxOption = Annotated[
    str | None, typer.Option("--inbox", help='folder whose newest photo is "the latest"')
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="chat model that answers questions")
]
EndpointOption = Annotated[
    str | None,
    typer.Option("--endpoint", help="its OpenAI-compatible endpoint, such as .../v1"),
]


def server_settings(**given: Any) -> ServerSettings:
    """Return the settings of a server.

    Raises:
        MissingDependency: The server is not installed.
        InvalidInput: They cannot be served.
    """
    from pekit_agents.server import ServerSettings

    return ServerSettings(**given)
