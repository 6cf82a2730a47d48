"""The verb that answers questions: about a photo, a clip, or what is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from pekit_agents.kit.videos import VideoProgress
from pekit_agents.owner_text import QUESTION_LIMIT, measured
from pekit_agents.prompting.from_memory import not_understood
from pekit_agents.prompting.instruction import instruction
from pekit_agents.prompting.naming import named_objects
from pekit_agents.protocols import AnswerModel
from pekit_agents.tools import replies
from pekit_agents.tools.action_result import ActionResult, fixable
from pekit_agents.tools.chosen_pictures import LATEST, NONE, is_none, one_clip, one_picture
from pekit_agents.tools.clip_actions import clip_record, ids_in
from pekit_agents.tools.clip_store import clips_named
from pekit_agents.tools.known_objects import record_of
from pekit_agents.tools.picture_search import PictureSearch
from pekit_agents.video.asking import prompt as prompt_about

if TYPE_CHECKING:
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.tools.clip_findings import ClipFindings

__all__ = ["PersonalAnswers"]


class PersonalAnswers(PictureSearch):
    """The part of :class:`~pekit_agents.tools.actions.PersonalActions` that answers questions."""

    clip_findings: ClipFindings
    answerer: AnswerModel | None

    def describe_personal(
        self,
        user_id: str,
        question: str,
        image: str = LATEST,
        *,
        recent: Iterable[str] = (),
        progress: VideoProgress | None = None,
    ) -> ActionResult:
        """Answer a question about the user's personal objects, in a photo, a clip or from memory.

        Use this for questions such as "what is Biscuit doing here?" or "what do you know about
        my mug?". The names and notes the user gave are taken into account.

        Args:
            user_id: Whose memory.
            question: The user's question, in the user's words.
            image: The photo it is about: its handle such as "img_..." from the conversation,
                "latest" for the newest photo, or "none" to answer from memory. A clip is taken by
                its handle, too, such as "clip_...".
            recent: Handles of the conversation, the newest first.
            progress: Called while a clip is searched; what it raises ends the search.

        Raises:
            ActionError: The photo is unknown or cannot be read, or the question is too long.
        """
        kit = self.annotated.kit(user_id)
        with fixable():
            measured(question, "question", QUESTION_LIMIT)
            if clips_named(image):
                return self._describe_clip(user_id, question, one_clip(image, ()), progress)
        if is_none(image):
            return self._from_memory(kit, question)
        with fixable():
            image = one_picture(image, [*islice(recent, 1), NONE])
        if image == NONE:
            return self._from_memory(kit, question)
        handle, finding, annotated = self._search_annotated(user_id, image)
        shown = annotated or handle
        prompt = instruction(finding.everything, question)
        record = {"image": handle, "annotated_image": shown, **finding.to_dict()}
        if self.answerer is not None:
            answer = self.answerer.answer(finding.annotated, prompt)
            return ActionResult(answer, {**record, "answer": answer}, (shown,))
        head = (
            replies.found(finding, handle, shown)
            if finding.everything
            else replies.nothing_found(handle, kit.objects())
        )
        text = f"{head}\n\nLook at picture {shown} and answer:\n\n{prompt}"
        return ActionResult(text, record, (shown,))

    def _describe_clip(
        self, user_id: str, question: str, handle: str, progress: VideoProgress | None
    ) -> ActionResult:
        with fixable():
            timeline, rest = self.clip_findings.find(user_id, handle, progress=progress)
            asked = prompt_about(timeline, question)
            shown = self.annotated.keep_picture(user_id, asked.image, ids_in(timeline))
        record = {**clip_record(handle, timeline, rest), "image": None, "contact_sheet": shown}
        if self.answerer is not None:
            answer = self.answerer.answer(asked.image, asked.text)
            return ActionResult(answer, {**record, "answer": answer}, (shown,))
        text = f"Look at picture {shown}, which is made of clip {handle}, and answer:\n\n"
        return ActionResult(f"{text}{asked.text}", record, (shown,))

    def _from_memory(self, kit: PeKit, question: str) -> ActionResult:
        objects = kit.objects()
        named = named_objects(objects, question)
        unknown = not_understood(objects, named, question)
        objects = named or objects
        text = replies.from_memory(objects, question, unknown)
        record = {"image": None, **record_of(objects)}
        if self.answerer is None:
            return ActionResult(text, record)
        answer = self.answerer.answer(None, text)
        return ActionResult(answer, {**record, "answer": answer})
