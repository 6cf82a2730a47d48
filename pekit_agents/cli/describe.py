"""``pekit describe``: a question about photos, answered by a local model or a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pekit_agents.cli.options import (
    DEFAULT_MEMORY,
    ForceOption,
    JsonOption,
    MemoryOption,
    ProfileOption,
    UserOption,
    limited,
    open_filled_kit,
)
from pekit_agents.cli.output import shown, working
from pekit_agents.cli.photo_files import Photos, concerns_one_photo, each_photo, photos_of
from pekit_agents.cli.questions import QuestionOption, split_question
from pekit_agents.cli.records import FormOption, target_of
from pekit_agents.errors import ModelError

if TYPE_CHECKING:
    from pekit_agents.answering.answer import Answer
    from pekit_agents.errors import PeKitError
    from pekit_agents.protocols import AnswerModel

__all__ = ["commands", "describe", "load_answerer"]

commands = typer.Typer()

_NO_PHOTO = "-"
_COLUMNS = ("photo", "answer", "names", "error")


@commands.command()
@limited
def describe(
    photos: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO [QUESTION]",
            help="photos, and folders of photos, or - to ask about what is remembered; then the "
            "question, without which a caption is asked for",
        ),
    ],
    question: QuestionOption = None,
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
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="the answers (.csv, .jsonl, .json)")
    ] = None,
    form: FormOption = None,
    force: ForceOption = False,
    memory: MemoryOption = DEFAULT_MEMORY,
    user: UserOption = "default",
    profile: ProfileOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Answer a question about your objects in photos, or about what is remembered."""
    from pekit_agents.prompting.match_text import answer_of

    if not model:
        raise typer.BadParameter(
            "name a model: --model ID_OR_FOLDER, or --endpoint URL --model NAME"
        )
    names, asked = split_question(photos, question)
    given = Photos() if names == [_NO_PHOTO] else photos_of(names)
    target = target_of(out, form, as_json, several=given.several, force=force)
    kit = open_filled_kit(memory, user, profile)
    with working("loading the model"):
        answerer = load_answerer(
            model,
            endpoint,
            device=device,
            dtype=dtype,
            four_bits=four_bits,
            max_tokens=max_tokens,
            timeout=timeout,
        )

    with target.records(_COLUMNS) as records:

        def tell(answer: Answer, name: str | None) -> None:
            if records.form == "table":
                typer.echo(f"{name}:\n{answer.text}\n" if given.several else answer.text)
                return
            found = () if answer.finding is None else answer.finding.everything
            record = {"photo": name, **answer.to_dict()}
            names = "; ".join(map(answer_of, found))
            records.put(record, [{"photo": name, "answer": answer.text, "names": names}])

        def ask(photo: Path) -> None:
            answer = kit.describe(photo, asked, answerer=answerer)
            answered.append(photo)
            tell(answer, shown(photo))

        def bearable(exc: PeKitError) -> bool:
            """Of a model that has answered nothing yet, no more is asked."""
            return concerns_one_photo(exc) or (isinstance(exc, ModelError) and bool(answered))

        def refused(name: str, why: str) -> None:
            record = {"photo": name, "error": why}
            if records.form != "table":
                records.put(record, [record])

        answered = list[Path]()
        if names == [_NO_PHOTO]:
            with working("answering"):
                answer = kit.describe(None, asked, answerer=answerer)
            tell(answer, None)
        failed = each_photo(given, ask, doing="answering", refused=refused, bearable=bearable)
    if failed:
        raise typer.Exit(1)


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
