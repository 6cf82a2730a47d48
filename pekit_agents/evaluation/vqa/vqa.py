"""Visual question answering about personal objects (paper Table 3), with any answerer.

Each question is put to the same answerer in up to three ways: "personalised" (what ``PeKit``
finds is boxed and named), "plain" (the bare photo and the bare question) and "words" (the bare
photo, and what the owner would say about the thing). The first is the paper's method; the
others say what the answerer knows by itself, and what words do without boxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from pekit_agents.answering import as_answer_model
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.vqa.choices import ask, parse_choice
from pekit_agents.owner_text import CATEGORY_LIMIT, CONTEXT_LIMIT, NAME_LIMIT, quote
from pekit_agents.types import Prompt
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Dataset, Question, Thing
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.protocols import AnswerModel
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.types import RGBImage

__all__ = ["Reply", "Verdict", "VqaResult", "Way", "run_vqa", "summarize"]

#: How a question is put.
Way: TypeAlias = Literal["personalised", "plain", "words"]
#: What an answer is worth; an answer that names no choice or several is an abstention.
Verdict: TypeAlias = Literal["right", "wrong", "abstained"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer to one question.

    Attributes:
        photo: The photo, relative to the data set's folder, with forward slashes.
        thing: What the question is about.
        question: Its text, without the choices.
        way: How it was put.
        asked: The whole text that the answerer was given.
        answer: What it answered, as it stands.
        parsed: The letter that this means; None for an abstention.
        right: The right letter.
        recognised: Whether the thing was found in the photo.
    """

    photo: str
    thing: str
    question: str
    way: Way
    asked: str
    answer: str
    parsed: str | None
    right: str
    recognised: bool

    @property
    def verdict(self) -> Verdict:
        """What the answer is worth."""
        if self.parsed is None:
            return "abstained"
        return "right" if self.parsed == self.right else "wrong"


@dataclass(frozen=True, slots=True)
class VqaResult:
    """All answers about a data set.

    Attributes:
        dataset: Its name.
        replies: The answers, question by question in the data set's order.
    """

    dataset: str
    replies: tuple[Reply, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return summary and answers as JSON-ready values."""
        rows = [asdict(reply) | {"verdict": reply.verdict} for reply in self.replies]
        return {"dataset": self.dataset, "summary": summarize(self.replies), "replies": rows}


def run_vqa(
    dataset: Dataset,
    kit_factory: Callable[[], PeKit],
    answerer: AnswerModel | Callable[[RGBImage | None, str], str] | Any,
    *,
    ways: Sequence[Way] = get_args(Way),
    contexts: Mapping[str, str] | None = None,
    previous: Iterable[Reply] = (),
    progress: Callable[[int, int, Reply], None] | None = None,
) -> VqaResult:
    """Ask an answerer a data set's questions.

    All things that questions are about are remembered at once, as in the paper, from the
    references that the data set sets aside.

    Args:
        dataset: Things with references, and questions.
        kit_factory: Returns an empty memory, for instance
            ``lambda: PeKit.open(folder, profile="embedded")``.
        answerer: As for :meth:`PeKit.describe`.
        ways: How each question is put.
        contexts: Thing -> what to know about it (c_p); it goes with "personalised" and "words".
        previous: Answers of a run that was stopped; they are kept and not asked for again.
        progress: Called after each answer with (answers so far, answers in all, the answer):
            the place to keep it, should a later one fail.

    Raises:
        InvalidInput: There are no questions, a way is unknown, a context is of another thing, a
            thing has no references or is not of the data set, or the memory is not empty.
        NoObjectFound: A reference shows no object.
        ModelError: The answerer cannot be run or reached, or gives no text.
    """
    said = contexts or {}
    things = _things_asked_about(dataset, ways, said)
    model, kit = as_answer_model(answerer), kit_factory()
    if held := len(kit.objects()):
        raise InvalidInput(
            f"expected an empty memory for the evaluation, found {counted(held, 'object')}; open "
            "another folder or user"
        )
    for thing in things:
        context = said.get(thing.name, "")
        kit.remember(thing.name, list(thing.references), category=thing.category, context=context)
    kept = {_key(reply): reply for reply in previous}
    replies: list[Reply] = []
    for question in dataset.questions:
        photo = _relative(question.photo, dataset.root)
        finding: Finding | None = None
        for way in ways:
            if reply := kept.get((photo, question.thing, question.text, way)):
                replies.append(reply)
                continue
            finding = finding or kit.find(question.photo)
            reply = _answered(question, photo, way, kit, finding, model)
            replies.append(reply)
            if progress is not None:
                progress(len(replies), len(dataset.questions) * len(ways), reply)
    return VqaResult(dataset.name, tuple(replies))


def summarize(replies: Iterable[Reply]) -> dict[str, Any]:
    """Return what came of each way of asking, JSON-ready.

    Returns:
        Way -> the counts "questions", "right", "wrong" and "abstained"; "accuracy", right of all
        questions, abstentions included; "abstention", abstained of all; the same under
        "recognised" and "not recognised" for the questions whose thing was found in the photo
        or not; and the accuracy "by thing". A share of nothing is None.
    """
    rows = list(replies)
    return {
        way: _counted(asked)
        | {
            "recognised": _counted(reply for reply in asked if reply.recognised),
            "not recognised": _counted(reply for reply in asked if not reply.recognised),
            "by thing": {
                name: _counted(reply for reply in asked if reply.thing == name)["accuracy"]
                for name in sorted({reply.thing for reply in asked})
            },
        }
        for way in get_args(Way)
        if (asked := [reply for reply in rows if reply.way == way])
    }


def _counted(replies: Iterable[Reply]) -> dict[str, Any]:
    counts = Counter(reply.verdict for reply in replies)
    total = counts.total()
    return {
        "questions": total,
        **{verdict: counts[verdict] for verdict in get_args(Verdict)},
        "accuracy": counts["right"] / total if total else None,
        "abstention": counts["abstained"] / total if total else None,
    }


def _answered(
    question: Question, photo: str, way: Way, kit: PeKit, finding: Finding, model: AnswerModel
) -> Reply:
    if way == "personalised":
        said = kit.describe(finding, ask(question), answerer=model)
        asked = said.prompt.text if isinstance(said.prompt, Prompt) else said.prompt
        answer = said.text
    else:
        asked = ask(question) if way == "plain" else f"{_told(kit, question)}\n\n{ask(question)}"
        answer = model.answer(finding.image, asked)
    return Reply(
        photo=photo,
        thing=question.thing,
        question=question.text,
        way=way,
        asked=asked,
        answer=answer,
        parsed=parse_choice(answer, question.choices),
        right=question.answer,
        recognised=any(match.object.name == question.thing for match in finding.matches),
    )


def _told(kit: PeKit, question: Question) -> str:
    """Return what the owner would say about the thing, as data in quotes."""
    thing = kit.get(question.thing)
    named = f"{quote(thing.name, NAME_LIMIT)} is a {quote(thing.category, CATEGORY_LIMIT)}"
    more = f": {quote(thing.context, CONTEXT_LIMIT)}" if thing.context else ""
    return f"In this photo, {named}{more}."


def _things_asked_about(
    dataset: Dataset, ways: Sequence[Way], contexts: Mapping[str, str]
) -> list[Thing]:
    if not ways or not set(ways) <= set(get_args(Way)):
        raise InvalidInput(f"expected ways of {get_args(Way)}, found {list(ways) or 'none'}")
    if not dataset.questions:
        raise InvalidInput(
            f"{dataset.name}: expected questions with choices, found none; Yo'LLaVA's are in "
            "yollava-visual-qa.json beside its photos"
        )
    known = {thing.name: thing for thing in dataset.things}
    if strange := sorted(set(contexts) - set(known)):
        raise InvalidInput(f"expected contexts of things of {dataset.name}, found {strange}")
    asked = sorted({question.thing for question in dataset.questions})
    if bad := [name for name in asked if name not in known or not known[name].references]:
        raise InvalidInput(
            f"{dataset.name}: expected references of everything that is asked about, found none "
            f"of {', '.join(bad)}"
        )
    return [known[name] for name in asked]


def _key(reply: Reply) -> tuple[str, str, str, str]:
    return reply.photo, reply.thing, reply.question, reply.way


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
