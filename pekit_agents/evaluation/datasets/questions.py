"""Multiple-choice questions as Yo'LLaVA publishes them, and This-Is-My-Img after it.

One JSON object: thing -> photo -> question, with ``<sks>`` standing for the thing's name::

    {"bo": {"./yollava-data/test/bo/0.png": {
        "question": "What is the primary color of <sks>'s fur?",
        "options": {"A": "Brown", "B": "Grey"},
        "correct_answer": "A"}}}

The README of Yo'LLaVA draws it without the outer level; that is read as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.datasets.files import read_json
from pekit_agents.evaluation.records import Question

__all__ = ["read_questions"]

_LOGGER = logging.getLogger(__name__)
_PLACEHOLDER = "<sks>"


def read_questions(
    path: Path, photo_of: Callable[[str], Path], names_of: Callable[[str], list[str]]
) -> list[Question]:
    """Return the multiple-choice questions of a file in its order; open ones are left out.

    Args:
        path: The JSON file.
        photo_of: Returns the photo's file for its path in the JSON file.
        names_of: Returns the names of the things for a key of the outer level, or for the folder
            of a photo where there is no such level. A question about several is asked of the
            first and speaks of all.

    Raises:
        InvalidInput: The file cannot be read, a question is not complete, or its photo or thing
            is missing; the message lists the first of them.
    """
    questions, wrong, left_out = [], [], 0
    for key, file, entry in _entries(path):
        names, photo = names_of(key), photo_of(file)
        choices = entry.get("options") or {}
        if not choices:
            left_out += 1
            continue
        answer = entry.get("correct_answer")
        if not names:
            wrong.append(f"{file}: there is no thing {key!r}")
        elif not photo.is_file():
            wrong.append(f"{file}: the photo is missing")
        elif answer not in choices or not entry.get("question"):
            wrong.append(f"{file}: expected a question and one of its options as correct_answer")
        else:
            text = str(entry["question"]).replace(_PLACEHOLDER, " and ".join(names))
            said = {str(letter): str(choice) for letter, choice in sorted(choices.items())}
            questions.append(Question(photo, names[0], text, said, str(answer)))
    if wrong:
        listed = "\n".join(f"- {line}" for line in wrong[:5])
        raise InvalidInput(
            f"{path}: expected questions about this data set's photos, cannot use {len(wrong)}; "
            f"get the data set again as a whole, or delete these entries:\n{listed}"
        )
    if left_out:
        _LOGGER.info("%s: %d questions without choices are left out", path, left_out)
    return questions


def _entries(path: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (key, photo, question) of a file with or without the outer level."""
    said = read_json(path)
    if not isinstance(said, Mapping) or not all(isinstance(v, Mapping) for v in said.values()):
        raise InvalidInput(
            f"{path}: expected thing -> photo -> question, found another structure; was the file "
            "changed?"
        )
    for key, value in said.items():
        if "question" in value:
            yield Path(key).parent.name, key, value
            continue
        for file, entry in value.items():
            if not isinstance(entry, Mapping):
                raise InvalidInput(f"{path}: {key!r}, {file!r}: expected a question's object.")
            yield key, file, entry
