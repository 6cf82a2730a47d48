"""What a text names: ``named_objects``, and ``read_names`` with "or", "not" and what is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.owner_text import QUESTION_LIMIT, measured
from pekit_agents.prompting.name_pieces import Piece, cut_at_names, unknown_quotes
from pekit_agents.prompting.name_reading import NamesInText, Reading
from pekit_agents.prompting.name_words import COMMON, IDIOMS
from pekit_agents.wording.spelling import fold

if TYPE_CHECKING:
    from pekit_agents.types import PersonalObject

__all__ = ["named_objects", "read_names", "words_beside_names"]


def named_objects(objects: Sequence[PersonalObject], text: str) -> list[PersonalObject]:
    """Return the objects whose names stand in a text as whole words, in their own order.

    Names are folded as :func:`~pekit_agents.wording.spelling.name_key` says, and a leading
    "my", "our" or "the" does not count. Where one name is part of another, the longer is meant:
    "Biscuit Junior" is not "Biscuit". A name may have an ending after an apostrophe, or a
    particle of Chinese, Japanese, Korean, Thai, Arabic or Hebrew. A name that is a common word,
    such as "Will", is meant where it is written like a name or stands where one would.

    Args:
        objects: What is remembered.
        text: A question or another text of the user.

    Raises:
        InvalidInput: The text is none or too long.
    """
    found = {obj.object_id for piece in _pieces(objects, text)[0] for obj in piece.objects}
    return [obj for obj in objects if obj.object_id in found]


def read_names(objects: Sequence[PersonalObject], text: str) -> NamesInText:
    """Return what a text asks for by name, with "and", "or" and "not", and what is not known.

    Of the words beside names one is unknown where two of three hold: it is joined to a name by
    "and", "or", "not", "with" or a comma; it is written like a name; its spelling is nearly that
    of a known name. Where the text writes no name with a capital letter, or every word with one,
    a single word that "and" or "or" joins is enough. So is what stands in quotes, after "who is",
    after the category of something ("my dog Rex") or joined to one ("the dog and the unicorn").
    All other words that say something are passed over, and returned as that. Instead of a name
    a part may say the category of something: "Ruby and the dog".

    Args:
        objects: What is remembered.
        text: A question or another text of the user.

    Raises:
        InvalidInput: The text is none or too long.
    """
    pieces, quotes = _pieces(objects, text)
    return Reading(objects, pieces).read(quotes)


def words_beside_names(objects: Sequence[PersonalObject], text: str) -> str:
    """Return the words of a text that are neither names in it nor common, as they are written.

    Args:
        objects: What is remembered.
        text: A question or another text of the user.

    Raises:
        InvalidInput: The text is none or too long.
    """
    pieces, _ = _pieces(objects, text)
    return " ".join(each.said for each in pieces if not each.objects and each.word not in COMMON)


def _pieces(objects: Sequence[PersonalObject], text: str) -> tuple[list[Piece], list[str]]:
    plain = measured(text, "question", QUESTION_LIMIT)
    for word, idiom in IDIOMS.items():
        plain = idiom.sub(word, plain)
    folded = fold(plain)
    pieces = cut_at_names(objects, folded)
    return pieces, unknown_quotes(folded, pieces)
