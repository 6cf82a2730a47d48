"""``pekit serve`` and ``pekit token``: the server, and who may use it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    JsonOption,
    MemoryOption,
    ProfileOption,
    StrictnessOption,
    UserOption,
    strict,
)
from pekit_agents.cli.output import err, out, plain, print_json, say
from pekit_agents.cli.server_options import (
    EndpointOption,
    InboxOption,
    ModelOption,
    PhotosOption,
    StateOption,
    server_settings,
)
from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from pekit_agents.server.settings import ServerSettings
    from pekit_agents.server.tokens import Tokens

__all__ = ["commands"]

commands = typer.Typer()

token = typer.Typer(
    help="Say who may use `pekit serve`.", no_args_is_help=True, pretty_exceptions_enable=False
)
commands.add_typer(token, name="token")


@commands.command()
def serve(
    memory: MemoryOption = DEFAULT_MEMORY,
    profile: ProfileOption = "embedded",
    user: UserOption = "default",
    strictness: StrictnessOption = None,
    state: StateOption = None,
    host: Annotated[str, typer.Option(help="address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free")] = 8321,
    tokens: Annotated[
        list[str] | None,
        typer.Option("--token", help="USER=TOKEN, for this run; `pekit token add` keeps one"),
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="how browsers reach it, such as https://things.example")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="further host name that requests may be for")
    ] = None,
    photos: PhotosOption = None,
    inbox: InboxOption = None,
    model: ModelOption = None,
    endpoint: EndpointOption = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that share the port")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="photos searched at a time; one for each core")
    ] = None,
    keep_crops: Annotated[
        bool, typer.Option(help="store a small picture of each photo, for the console")
    ] = True,
    log_requests: Annotated[
        bool | None,
        typer.Option(help="a line of JSON for each request; by default where nobody looks on"),
    ] = None,
) -> None:
    """Serve REST, MCP and the console."""
    settings = server_settings(
        memory=memory,
        profile=profile,
        user=user,
        strictness=strict(strictness),
        state=state,
        host=host,
        port=port,
        tokens=_hashed(tokens or []),
        public_url=public_url,
        hosts=tuple(allow_host or ()),
        photos=tuple(photos or ()),
        inbox=inbox,
        model=model,
        endpoint=endpoint,
        threads=threads,
        keep_crops=keep_crops,
    )
    from pekit_agents.server.serving import serve as run

    logged = not sys.stderr.isatty() if log_requests is None else log_requests
    run(settings, workers=workers, logged=logged, ready=_welcome)


@token.command("add")
def add_token(
    user: Annotated[str, typer.Argument(help="who is to get it")],
    memory: MemoryOption = DEFAULT_MEMORY,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token of a user and print it; only its hash is kept."""
    tokens = _tokens(memory, state)
    first = not tokens.asked_for
    made = tokens.add(user)
    if as_json:
        print_json({"user": user, "token": made})
    else:
        typer.echo(made)
        err.print("It is printed this once.", style="dim")
        if first:
            err.print(
                "From now on everybody signs in, also with a browser on this machine.", style="dim"
            )


@token.command("list")
def list_tokens(
    memory: MemoryOption = DEFAULT_MEMORY, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """List who has tokens, and how many."""
    users = _tokens(memory, state).users()
    if as_json:
        print_json(users)
        return
    table = Table(title="Tokens")
    table.add_column("user")
    table.add_column("tokens", justify="right")
    for user, count in users.items():
        table.add_row(plain(user), plain(count))
    out.print(table)


@token.command("remove")
def remove_tokens(
    user: Annotated[str, typer.Argument(help="whose")],
    memory: MemoryOption = DEFAULT_MEMORY,
    state: StateOption = None,
) -> None:
    """Remove the tokens of a user, who is signed out everywhere; the memory stays."""
    removed = _tokens(memory, state).remove(user)
    if not removed:
        raise InvalidInput(
            f"user: expected one who has a token, found {user}; see pekit token list"
        )
    say(f"Removed {removed} of {user}.")


def _tokens(memory: str, state: str | None) -> Tokens:
    from pekit_agents.server import Tokens

    return Tokens(server_settings(memory=memory, state=state).token_file)


def _hashed(given: list[str]) -> dict[str, str]:
    """Return the hashes of tokens given as USER=TOKEN, and whose each is."""
    from pekit_agents.server.tokens import hash_of

    tokens = {}
    for each in given:
        user, equals, secret = each.partition("=")
        if not user or not equals:
            raise InvalidInput("--token: expected USER=TOKEN, such as ann=" + "x" * 16)
        tokens[hash_of(secret)] = user
    return tokens


def _welcome(settings: ServerSettings) -> None:
    err.print(f"Console: {settings.url}/", highlight=False)
    err.print(f"MCP:     {settings.url}/mcp", highlight=False)
    err.print(f"REST:    {settings.url}/openapi.json", highlight=False)
    err.print("Stop with Ctrl+C.", style="dim")
