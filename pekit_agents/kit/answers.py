"""What a kit lets an LVLM say: ``Answers`` are prompts, answers and second opinions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pekit_agents.answering.adapting import as_answer_model
from pekit_agents.answering.answer import Answer
from pekit_agents.answering.second_opinion import second_opinion
from pekit_agents.errors import InvalidInput
from pekit_agents.images.loading import ImageSource
from pekit_agents.kit.arguments import a_finding, a_text
from pekit_agents.prompting.from_memory import context_prompt
from pekit_agents.protocols import AnswerModel
from pekit_agents.retrieval.finding import Finding

if TYPE_CHECKING:
    from pekit_agents.memory import Memory
    from pekit_agents.types import Prompt, RGBImage

__all__ = ["Answers"]


class Answers:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that speaks to an LVLM."""

    _memory: Memory

    if TYPE_CHECKING:

        def find(self, image: ImageSource) -> Finding:
            """Search a photo."""
            ...

    def second_opinion(
        self, finding: Finding, answerer: AnswerModel | Callable[[RGBImage | None, str], str] | Any
    ) -> Finding:
        """Let an LVLM compare what is possible in a photo with remembered views.

        Nothing calls this unless it is asked to. Needs objects that were remembered with
        ``keep_crops``; of others, and of matches that may be one of several objects, nothing is
        asked. Each of the likeliest 3 possible matches costs one call to the model, which is sent
        a kept crop, the region and the category, but no name and no note. Nothing is learnt.

        Args:
            finding: What :meth:`find` returned.
            answerer: Who is asked; as for :meth:`describe`.

        Returns:
            The finding with the model's word in ``Match.opinion``. What it takes for the object is
            among ``matches`` now, with the probability that it had; what it takes for another
            thing is in ``denied``. Where it is unsure, says something else or fails with
            ``ModelError``, a match stays possible.

        Raises:
            InvalidInput: ``answerer`` cannot answer.
            ImageError: A kept crop is damaged.
        """
        return second_opinion(a_finding(finding), as_answer_model(answerer), self._memory.get)

    def prompt(self, image: ImageSource | Finding, question: str = "") -> Prompt:
        """Return the picture and the words that let any LVLM answer personally (paper 3.4).

        Without a match it is the plain picture and the bare question (paper 3.6).

        Args:
            image: A photo, or what :meth:`find` returned for it.
            question: What to ask; empty asks for a caption.

        Raises:
            ImageError: The photo cannot be read.
            InvalidInput: The question is no text.
        """
        finding = image if isinstance(image, Finding) else self.find(image)
        return finding.prompt(a_text("question", question))

    def describe(
        self,
        image: ImageSource | Finding | None,
        question: str = "",
        *,
        answerer: AnswerModel | Callable[[RGBImage | None, str], str] | Any,
    ) -> Answer:
        """Let an LVLM answer a question about a photo, or about remembered objects alone.

        With matches it is given the annotated picture and the instruction, without any the
        plain picture and the bare question (paper 3.6).

        Args:
            image: A photo, what :meth:`find` returned for it, or None to answer from what is
                remembered about the objects that the question names.
            question: What to ask; empty asks for a caption of the photo.
            answerer: Who answers: an answer model of :mod:`pekit_agents.answering`, a LangChain
                chat model, a LlamaIndex LLM, or a function of (picture or None, text).

        Raises:
            ImageError: The photo cannot be read.
            InvalidInput: There is neither photo nor question, or ``answerer`` cannot answer.
            ModelError: The model cannot be run or reached, or gives no text.
        """
        model = as_answer_model(answerer)
        if image is None:
            if not a_text("question", question).strip():
                raise InvalidInput("expected a photo, a question or both, found neither")
            text = context_prompt(self._memory.objects(), question)
            return Answer(model.answer(None, text), text, None)
        finding = image if isinstance(image, Finding) else self.find(image)
        prompt = self.prompt(finding, question)
        return Answer(model.answer(prompt.image, prompt.text), prompt, finding)
