"""What a model answered, and what it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pekit_agents.types import Prompt

if TYPE_CHECKING:
    from pekit_agents.retrieval.finding import Finding

__all__ = ["Answer"]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A personalised answer.

    Attributes:
        text: What the model said.
        prompt: What it was given: picture and text, or the text of a question without picture.
        finding: What was found in the picture; None without one.
    """

    text: str
    prompt: Prompt | str
    finding: Finding | None

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON-ready values, without the picture."""
        found = self.finding.to_dict() if self.finding else {"matches": [], "possible": []}
        asked = self.prompt.text if isinstance(self.prompt, Prompt) else self.prompt
        answers = {"matches": found["matches"], "possible": found["possible"]}
        return {"text": self.text, "prompt": asked, **answers}
