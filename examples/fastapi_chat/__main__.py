"""``python -m examples.fastapi_chat``: run the server with the chat."""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn

from examples.fastapi_chat.app import create_app
from pekit_agents.server import ServerSettings


def main(
    memory: Annotated[str, typer.Option("--memory", "-m", envvar="PEKIT_MEMORY")] = "pekit-memory",
    host: Annotated[str, typer.Option(help="address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8321,
) -> None:
    """Serve REST, MCP, the console and the chat."""
    # Whether strangers may come in depends on the address: server and uvicorn are told the same.
    settings = ServerSettings(memory=memory, host=host, port=port)
    uvicorn.run(create_app(settings), host=host, port=port, access_log=False, server_header=False)


if __name__ == "__main__":
    typer.run(main)
