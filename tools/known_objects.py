"""The verbs that need no picture: listing what is remembered, changing and forgetting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pekit_agents.owner_text import NAME_LIMIT, QUESTION_LIMIT, measured, quote
from pekit_agents.tools import replies
from pekit_agents.tools.action_result import ActionResult, fixable
from pekit_agents.wording.spelling import name_key

if TYPE_CHECKING:
    from pekit_agents.tools.annotated_store import AnnotatedPictures
    from pekit_agents.tools.findings import Findings
    from pekit_agents.types import PersonalObject

__all__ = ["KnownObjects", "fitting", "record_of"]


class KnownObjects:
    """The part of :class:`~pekit_agents.tools.actions.PersonalActions` that sees no picture."""

    annotated: AnnotatedPictures
    findings: Findings

    def list_personal_objects(self, user_id: str, search: str = "") -> ActionResult:
        """List the personal objects that are remembered, with categories and notes.

        Args:
            user_id: Whose memory.
            search: Only objects whose name, category or note contains this text; empty for all.

        Raises:
            ActionError: The text is too long.
        """
        with fixable():
            measured(search, "search", QUESTION_LIMIT)
        objects = fitting(self.annotated.kit(user_id).objects(), search)
        return ActionResult(replies.listed(objects, search), record_of(objects))

    def update_personal_object(
        self,
        user_id: str,
        name: str,
        new_name: str = "",
        category: str = "",
        context: str = "",
    ) -> ActionResult:
        """Change the name, category or note of a remembered object; the rest stays.

        Args:
            user_id: Whose memory.
            name: Its present name, or its id.
            new_name: Its new name; empty to keep the old one.
            category: Its new category; empty to keep the old one.
            context: Its whole new note; empty to keep the old one, "-" to remove it.

        Raises:
            ActionError: The name is unknown, the new one taken, nothing to change, or too long.
        """
        kit = self.annotated.kit(user_id)
        note = "" if context.strip() == "-" else context or None
        with fixable():
            obj = kit.update(name, name=new_name or None, category=category or None, context=note)
        return ActionResult(f"Changed. Now: {replies.introduce(obj)}", {"object": obj.to_dict()})

    def forget_personal_object(self, user_id: str, name: str) -> ActionResult:
        """Forget a personal object for good. This cannot be undone.

        Use this only when the user asks for it.

        Args:
            user_id: Whose memory.
            name: Its name, or its id.

        Raises:
            ActionError: No object has that name.
        """
        try:
            with fixable(), self.annotated.forgetting(user_id) as kit:
                obj = kit.forget(name)
        finally:  # also where the object is gone and erasing its bytes has failed
            self.findings.clear(user_id)
        text = f"Forgotten for good: {quote(obj.name, NAME_LIMIT)}."
        return ActionResult(text, {"object_id": obj.object_id, "name": obj.name})


def fitting(objects: Sequence[PersonalObject], search: str) -> list[PersonalObject]:
    """Return the objects whose name, category or note contains a text, in their order."""
    wanted, key = search.casefold(), name_key(search)
    return [
        obj
        for obj in objects
        if wanted in f"{obj.name}\n{obj.category}\n{obj.context}".casefold()
        or key in name_key(obj.name)
    ]


def record_of(objects: Sequence[PersonalObject]) -> dict[str, Any]:
    """Return objects as JSON-ready values, at most as many as a text tells of."""
    told = [obj.to_dict() for obj in objects[: replies.MOST]]
    return {"objects": told, "total": len(objects)}
