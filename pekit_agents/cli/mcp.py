"""``pekit mcp``: the memory for an MCP client that starts its servers itself."""

from __future__ import annotations

from typing import Annotated

import typer

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    MemoryOption,
    ProfileOption,
    StrictnessOption,
    UserOption,
    strict,
)
from pekit_agents.cli.server_options import (
    EndpointOption,
    InboxOption,
    ModelOption,
    PhotosOption,
    StateOption,
    server_settings,
)

__all__ = ["commands"]

commands = typer.Typer()


@commands.command()
def mcp(
    memory: MemoryOption = DEFAULT_MEMORY,
    profile: ProfileOption = "embedded",
    user: UserOption = "default",
    strictness: StrictnessOption = None,
    state: StateOption = None,
    photos: PhotosOption = None,
    inbox: InboxOption = None,
    console: Annotated[
        str | None,
        typer.Option(help="where `pekit serve` of the same memory runs: http://127.0.0.1:8321"),
    ] = None,
    model: ModelOption = None,
    endpoint: EndpointOption = None,
) -> None:
    """Speak MCP on standard input and output, for one user."""
    settings = server_settings(
        memory=memory,
        profile=profile,
        user=user,
        strictness=strict(strictness),
        state=state,
        photos=tuple(photos or ()),
        inbox=inbox,
        public_url=console,
        model=model,
        endpoint=endpoint,
    )
    from pekit_agents.server.mcp.stdio import serve_stdio

    serve_stdio(settings, console=console is not None)
