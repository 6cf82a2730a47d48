"""Searching a picture that a model means: ``PictureSearch``, for the verbs that look at one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pekit_agents.tools.action_result import fixable
from pekit_agents.tools.chosen_pictures import one_picture

if TYPE_CHECKING:
    from pekit_agents.protocols import AnswerModel
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.tools.annotated_store import AnnotatedPictures
    from pekit_agents.tools.findings import Findings

__all__ = ["PictureSearch"]


class PictureSearch:
    """The part of :class:`~pekit_agents.tools.actions.PersonalActions` that searches a picture."""

    annotated: AnnotatedPictures
    findings: Findings
    opinion_model: AnswerModel | None

    def _search_annotated(
        self, user_id: str, image: str, recent: Iterable[str] = ()
    ) -> tuple[str, Finding, str | None]:
        with fixable():
            handle = one_picture(image, recent)
            found = self.annotated.of(user_id, lambda: self._search(user_id, handle)[1])
        return handle, *found

    def _search(self, user_id: str, image: str, recent: Iterable[str] = ()) -> tuple[str, Finding]:
        """Find, and ask for a second opinion where that is wanted."""
        handle, finding = self._find(user_id, image, recent)
        if self.opinion_model is not None:
            finding = self.findings.find(user_id, handle)
        return handle, finding

    def _find(self, user_id: str, image: str, recent: Iterable[str] = ()) -> tuple[str, Finding]:
        with fixable():
            handle = one_picture(image, recent)
            return handle, self.findings.find(user_id, handle, second_opinion=False)
