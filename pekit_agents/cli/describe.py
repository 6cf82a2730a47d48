"""``pekit describe``: a question about a photo, answered by a local model or a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    JsonOption,
    MemoryOption,
    ProfileOption,
    UserOption,
    limited,
    open_kit,
)

if TYPE_CHECKING:
    from pekit_agents.protocols import AnswerModel

__all__ = ["describe", "load_answerer"]

_NO_PHOTO = "-"
_err = Console(stderr=True)


@limited
def describe(
    photo: Annotated[str, typer.Argument(help="the photo, or - to ask about what is remembered")],
    question: Annotated[str, typer.Argument(help="the question; empty asks for a caption")] = "",
    model: Annotated[
        str,
        typer.Option("--model", help="LVLM: a hub id or folder; with --endpoint its name there"),
    ] = "",
    endpoint: Annotated[
        str,
        typer.Option(
            "--endpoint",
            envvar="PEKIT_ENDPOINT",
            help="OpenAI-compatible server such as http://localhost:8000/v1; key: OPENAI_API_KEY",
        ),
    ] = "",
    device: Annotated[str, typer.Option("--device", help="of a local model")] = "auto",
    dtype: Annotated[str, typer.Option("--dtype", help="of a local model's weights")] = "auto",
    four_bits: Annotated[
        bool, typer.Option("--4bit", help="quantise a local model (CUDA)")
    ] = False,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, help="longest answer of a local model")
    ] = 512,
    timeout: Annotated[float, typer.Option("--timeout", help="seconds to wait for a server")] = 120,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Answer a question about your objects in a photo."""
    if not model:
        raise typer.BadParameter(
            "name a model: --model ID_OR_FOLDER, or --endpoint URL --model NAME"
        )
    kit = open_kit(memory, user, profile)
    with _err.status("loading the model") as status:
        answerer = load_answerer(
            model,
            endpoint,
            device=device,
            dtype=dtype,
            four_bits=four_bits,
            max_tokens=max_tokens,
            timeout=timeout,
        )
        status.update("answering")
        answer = kit.describe(None if photo == _NO_PHOTO else photo, question, answerer=answerer)
    typer.echo(
        json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) if as_json else answer.text
    )


def load_answerer(
    model: str,
    endpoint: str = "",
    *,
    device: str = "auto",
    dtype: str = "auto",
    four_bits: bool = False,
    max_tokens: int = 512,
    timeout: float = 120,
) -> AnswerModel:
    """Return the LVLM that the options name: on a server, or else loaded here.

    Raises:
        MissingDependency: The extra that it needs is not installed.
        ModelError: It cannot be loaded.
    """
    if endpoint:
        from pekit_agents.answering.openai_compatible import OpenAIAnswerModel

        return OpenAIAnswerModel(endpoint, model, timeout=timeout)
    from pekit_agents.answering.hf import HFAnswerModel

    return HFAnswerModel.load(
        model, device=device, dtype=dtype, load_in_4bit=four_bits, max_new_tokens=max_tokens
    )
