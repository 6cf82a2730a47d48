"""The records of an evaluation: what is asked, and what a recognizer answered.

A data set says what is true (``Thing``, ``Photo``, ``Question``); a run says what was answered
(``Trial``, ``Draw``, ``Run``). Metrics and reports are made from the second kind alone, so a run
that was written to disk can be looked at again without a photo or a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pekit_agents.types import Box

__all__ = ["NO_CATEGORY", "Dataset", "Draw", "Named", "Photo", "Question", "Run", "Thing", "Trial"]


#: The category of a thing of which nobody said what it is.
NO_CATEGORY = "object"


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a data set.

    Attributes:
        name: Its identity within the data set.
        category: What it is, in words a detector knows.
        references: The photos that the data set sets aside for introducing it; empty where
            references are drawn at random from the photos that show it.
    """

    name: str
    category: str = NO_CATEGORY
    references: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo to search, with what is true of it.

    Attributes:
        path: Its file.
        shows: The names of the things in it; empty when it shows none of the data set's.
        boxes: Where they are, xyxy in pixels of the upright photo; a thing may be missing when
            its place is not known.
        group: The part of the data set it belongs to ("positive", "fake", ...); may be empty.
        about: The things of which ``shows`` is known to be right; empty when it is for all. A
            negative frame of This-Is-My-Img is about one thing: another may well be in view.
    """

    path: Path
    shows: frozenset[str]
    boxes: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    group: str = ""
    about: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a photo with two or more choices, of which one is right (paper Table 3).

    Attributes:
        photo: The file it asks about.
        thing: The name of the thing it asks about.
        text: The question, without the choices.
        choices: What may be answered, by letter ("A", "B", ...).
        answer: The right letter.
    """

    photo: Path
    thing: str
    text: str
    choices: Mapping[str, str]
    answer: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Things, and photos to search for them.

    Attributes:
        name: For titles and file names.
        root: The folder it was read from; photos are named relative to it.
        things: What may be remembered.
        photos: What is searched. Photos of ``Thing.references`` are not among them.
        questions: For visual question answering; empty where the data set has none.
    """

    name: str
    root: Path
    things: tuple[Thing, ...]
    photos: tuple[Photo, ...]
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a recognizer named in a photo, or said to be possible.

    Attributes:
        name: The thing; where the recognizer could not decide, its first choice.
        score: How sure it was, in its own units.
        box: Where, xyxy in pixels of the upright photo; None when it says nothing of places.
        alternatives: Further things it may be; not empty means "ambiguous", which is counted
            apart and never as a certain answer.
        probability: How likely it is ``name``, in [0, 1]; None where the recognizer knows no
            probabilities.
    """

    name: str
    score: float
    box: Box | None = None
    alternatives: tuple[str, ...] = ()
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What one recognizer answered about one photo.

    Attributes:
        photo: The file, relative to the data set's folder, with forward slashes.
        group: As in :class:`Photo`.
        shows: The names of the things in it, sorted; known to the recognizer or not.
        boxes: As in :class:`Photo`.
        named: What it named, the surest first; empty when it stayed silent.
        scores: Its best score for each thing it knows, accepted or not: what curves over
            thresholds are drawn from.
        seconds: The wall time of the answer, without what came from a cache; None if cached.
        about: As in :class:`Photo`, sorted: only these things are to be judged; empty for all.
        possible: What it said may be there and did not name, the likeliest first.
    """

    photo: str
    group: str
    shows: tuple[str, ...]
    boxes: Mapping[str, tuple[Box, ...]]
    named: tuple[Named, ...]
    scores: Mapping[str, float]
    seconds: float | None = None
    about: tuple[str, ...] = ()
    possible: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """One random draw of references, and the answers of one recognizer to every other photo.

    Attributes:
        recognizer: Its name.
        seed: Gives the same references again.
        refs: How many references each thing had.
        known: The things it was introduced to, sorted; the others are unknown to it.
        references: The files it was introduced with, by thing.
        trials: Its answers.
        condition: What else was varied ("objects=50", "tau=0.3"); empty when nothing was.
    """

    recognizer: str
    seed: int
    refs: int
    known: tuple[str, ...]
    references: Mapping[str, tuple[str, ...]]
    trials: tuple[Trial, ...]
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything one command measured.

    Attributes:
        protocol: "recognition", "references", "growth", "scenes", "kinds", ...
        dataset: The data set's name.
        root: Its folder, as given; for finding the photos again.
        settings: All settings of the command, JSON-ready.
        versions: Packages, model ids, machine: what the figures depend on, JSON-ready.
        draws: The answers.
        seconds: The wall time of the whole run.
    """

    protocol: str
    dataset: str
    root: str
    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    draws: tuple[Draw, ...]
    seconds: float
