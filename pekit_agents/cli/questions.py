"""``split_question``: photos and a question about them, as they stand on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from pekit_agents.cli.photo_files import looks_like_a_photo

__all__ = ["AskedArgument", "QuestionOption", "split_question"]

AskedArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO [QUESTION]",
        help="photos, and folders of photos; then the question, without which a caption is asked "
        "for",
    ),
]
QuestionOption = Annotated[
    str | None,
    typer.Option("--question", "-q", help="the question; all that stands alone is photos then"),
]


def split_question(words: Sequence[str], question: str | None) -> tuple[list[str], str]:
    """Return which words are photos, and the question.

    The last of several words is the question, unless it names a photo or a folder, or the
    question is an option of its own.
    """
    if question is not None:
        return list(words), question
    if len(words) > 1 and not looks_like_a_photo(words[-1]):
        return list(words[:-1]), words[-1]
    return list(words), ""
