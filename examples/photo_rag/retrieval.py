"""Photos that show what a question names, and the message that shows them to a chat model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from langchain_core.messages import HumanMessage

from pekit_agents import Finding, load_image
from pekit_agents.prompting import answer_of
from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.tools.langchain import Block, image_block, text_block

__all__ = ["Retrieved", "retrieve", "to_message"]

_SHOWN = (1568, 1568)
_TASK = (
    "Answer from the photos below and call each by its file name. All of them show, or may show, "
    "what the question names; whether they fit the rest of it is for you to see."
)
_KEPT = "Keep this in mind for the question above."


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """A photo that shows, or may show, what was asked for.

    Attributes:
        path: Where it is.
        finding: What it shows of that, and the photo with its boxes.
        sure: The probability of the least sure object among them, in [0, 1]; its score where the
            profile knows no probabilities.
    """

    path: Path
    finding: Finding
    sure: float

    @property
    def names(self) -> str:
        """What it shows, each thing once."""
        return ", ".join(dict.fromkeys(map(answer_of, self.finding.everything)))


def retrieve(library: PhotoLibrary, question: str, k: int) -> list[Retrieved]:
    """Return the photos that show or may show all that a question names, the surest first.

    Those that are no longer where they were indexed are left out.
    """
    return [
        Retrieved(
            path,
            Finding(
                load_image(path, limits=library.kit.limits),
                photo.matches,
                (),
                photo.possible,
                size_wh=photo.size_wh,
            ),
            photo.score if photo.probability is None else photo.probability,
        )
        for photo in library.search_text(question, k=k)
        if (path := Path(photo.photo_id)).is_file()
    ]


def to_message(library: PhotoLibrary, question: str, photos: Sequence[Retrieved]) -> HumanMessage:
    """Return the question with the photos: names, boxes and notes for each."""
    blocks: list[Block] = [text_block(question), text_block(_TASK)]
    for photo in photos:
        prompt = library.kit.prompt(photo.finding, _KEPT)
        picture = prompt.image.copy()
        picture.thumbnail(_SHOWN)
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        blocks.append(text_block(f"Photo {photo.path.name}:"))
        blocks.append(image_block(buffer.getvalue(), "image/jpeg"))
        blocks.append(text_block(prompt.text))
    return HumanMessage(list[str | Block](blocks))
