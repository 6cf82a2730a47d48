"""Photos and clips that show what a question names, and the message that shows them to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from langchain_core.messages import HumanMessage

from pekit_agents import Finding, load_image
from pekit_agents.prompting import answer_of
from pekit_agents.retrievers.photo_library import FoundClip, FoundPhoto, PhotoLibrary
from pekit_agents.tools.langchain import Block, image_block, text_block
from pekit_agents.video.clock import clock

__all__ = ["Retrieved", "retrieve", "to_message"]

_SHOWN = (1568, 1568)
_TASK = (
    "Answer from the photos below and call each by its file name. All of them show, or may show, "
    "what the question names; whether they fit the rest of it is for you to see."
)
_KEPT = "Keep this in mind for the question above."


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """A photo or clip that shows, or may show, what was asked for.

    Attributes:
        path: Where it is.
        finding: What it shows of that, and the photo with its boxes; of a clip its best frame.
        sure: The probability of the least sure object among them, in [0, 1]; its score where the
            profile knows no probabilities.
        times: Of a clip, from when to when each thing is in it, in words.
    """

    path: Path
    finding: Finding
    sure: float
    times: str = ""

    @property
    def names(self) -> str:
        """What it shows, each thing once."""
        return ", ".join(dict.fromkeys(map(answer_of, self.finding.everything)))


def retrieve(library: PhotoLibrary, question: str, k: int) -> list[Retrieved]:
    """Return photos and clips that show or may show all that a question names, the surest first.

    Those that are no longer where they were indexed are left out.
    """
    return [
        Retrieved(
            path,
            _shown(photo, path, library),
            photo.score if photo.probability is None else photo.probability,
            _times(photo),
        )
        for photo in library.search_text(question, k=k)
        if (path := Path(photo.photo_id)).is_file()
    ]


def _shown(photo: FoundPhoto, path: Path, library: PhotoLibrary) -> Finding:
    matches, possible = photo.matches, photo.possible
    if isinstance(photo, FoundClip):
        from pekit_agents.video.decoding import frames_of

        best = photo.times[0].time
        image = next(frames_of(path, start=best)).image
        here = [each.match for each in photo.times if each.time == best]
        matches = tuple(match for match in here if not match.possible)
        possible = tuple(match for match in here if match.possible)
    else:
        image = load_image(path, limits=library.kit.limits)
    return Finding(image, matches, (), possible, size_wh=photo.size_wh)


def _times(photo: FoundPhoto) -> str:
    if not isinstance(photo, FoundClip):
        return ""
    return "; ".join(
        f"{answer_of(each.match)} {', '.join(f'{clock(a)}-{clock(b)}' for a, b in each.spans)}"
        for each in photo.times
    )


def to_message(library: PhotoLibrary, question: str, photos: Sequence[Retrieved]) -> HumanMessage:
    """Return the question with the photos: names, boxes and notes for each."""
    blocks: list[Block] = [text_block(question), text_block(_TASK)]
    for photo in photos:
        prompt = library.kit.prompt(photo.finding, _KEPT)
        picture = prompt.image.copy()
        picture.thumbnail(_SHOWN)
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        kind = (
            f"A frame of the clip {photo.path.name} ({photo.times})"
            if photo.times
            else (f"Photo {photo.path.name}")
        )
        blocks.append(text_block(f"{kind}:"))
        blocks.append(image_block(buffer.getvalue(), "image/jpeg"))
        blocks.append(text_block(prompt.text))
    return HumanMessage(list[str | Block](blocks))
