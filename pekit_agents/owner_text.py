"""The owner's words: cleaned when an object is remembered, quoted when a prompt is written.

Names, categories and contexts are data. Cleaning removes what a reader cannot see (controls,
bidirectional overrides, zero-width and tag characters); quoting makes it impossible to leave
the quotes or to spell a model's special tokens such as ``<image>`` or ``[INST]``.
"""

from __future__ import annotations

import json
import re
import unicodedata

from pekit_agents.errors import InvalidInput

__all__ = [
    "CATEGORY_LIMIT",
    "CONTEXT_LIMIT",
    "NAME_LIMIT",
    "QUESTION_LIMIT",
    "clean_category",
    "clean_context",
    "clean_name",
    "measured",
    "quote",
    "to_ascii",
]

NAME_LIMIT = 80
CATEGORY_LIMIT = 80
CONTEXT_LIMIT = 2000
#: Questions and searches, in characters: five notes, more pages than anybody asks on.
QUESTION_LIMIT = 5 * CONTEXT_LIMIT

#: How many characters may be typed for one that counts: blanks, what is invisible, and the marks of
#: a letter that becomes one with them.
_AS_TYPED = 4
# Letters and symbols by category, yet drawn as nothing.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS = "\u200c\u200d"  # part of Persian and Indic spelling and of composed emoji
_STRAY_JOINER = re.compile(
    rf"(?<![^\x00-\x7f\s{_JOINERS}])[{_JOINERS}]+|[{_JOINERS}]+(?![^\x00-\x7f\s{_JOINERS}])"
)
_REPEATED_STYLE = re.compile("([\ufe0e\ufe0f])[\ufe0e\ufe0f]+")  # text or emoji style
# Letters that NFKD does not take apart, and curly quotes.
_FOLDED = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "Ae"}
    | {
        "œ": "oe",
        "Œ": "Oe",
        "\u0131": "i",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
    }
)
# Single angle quotes and parentheses for the characters that special tokens and markup begin with.
_DEFUSED = str.maketrans("<>[]", "\u2039\u203a()")


def clean_name(text: str) -> str:
    """Return a name fit to be remembered: one line, visible characters only, NFC.

    Args:
        text: What the owner calls the object.

    Raises:
        InvalidInput: It is not a ``str``, nothing visible is left, or more than 80 characters.
    """
    return _clean(text, "name", NAME_LIMIT)


def clean_category(text: str) -> str:
    """Return a category ("dog", "coffee mug") fit to be remembered; see :func:`clean_name`.

    Args:
        text: What the object is.

    Raises:
        InvalidInput: It is not a ``str``, nothing visible is left, or more than 80 characters.
    """
    return _clean(text, "category", CATEGORY_LIMIT)


def clean_context(text: str) -> str:
    """Return a context fit to be remembered, on one line; it may be empty.

    Args:
        text: Anything to know about the object.

    Raises:
        InvalidInput: It is not a ``str`` or has more than 2000 characters when cleaned.
    """
    return _clean(text, "context", CONTEXT_LIMIT, may_be_empty=True)


def measured(text: object, what: str, limit: int) -> str:
    """Return a text that is not too long; nothing else is done to it before.

    Normalising a text, and looking for names in it, may take far longer than its length says.

    Args:
        text: What came in.
        what: What to call it in a message.
        limit: The most characters.

    Raises:
        InvalidInput: It is not a ``str``, or longer.
    """
    if not isinstance(text, str):
        raise InvalidInput(
            f"{what}: expected text, got {type(text).__name__}", in_python="; pass a str."
        )
    if len(text) > limit:
        raise InvalidInput(
            f"{what}: expected at most {limit} characters, got {len(text)}; shorten it."
        )
    return text


def quote(text: str, limit: int) -> str:
    """Return text as one line of data in double quotes (a JSON string), cut to a length.

    Args:
        text: The owner's words, cleaned or not.
        limit: The most characters to keep; a cut shows as "…".
    """
    most = _AS_TYPED * limit
    line = _tidy(text[:most]).translate(_DEFUSED)
    if len(line) > limit or len(text) > most:
        line = line[: limit - 1].rstrip() + "…"
    return json.dumps(line, ensure_ascii=False)


def to_ascii(text: str) -> str:
    """Return text in ASCII, accents and symbols dropped, for fonts that know no more.

    Args:
        text: A name; "Łódź ✨" becomes "Lodz".

    Returns:
        The folded text; ``""`` when a letter or digit has no ASCII form, because a wrong name
        is worse than none.
    """
    folded = unicodedata.normalize("NFKD", text.translate(_FOLDED)).replace("\u2044", "/")  # 1/2
    if any(not char.isascii() and unicodedata.category(char)[0] in "LN" for char in folded):
        return ""
    return " ".join("".join(char for char in folded if " " <= char <= "~").split())


def _clean(text: object, what: str, limit: int, *, may_be_empty: bool = False) -> str:
    line = _tidy(measured(text, what, _AS_TYPED * limit))
    if not any(unicodedata.category(char)[0] in "LNPS" for char in line):
        if may_be_empty:
            return ""
        raise InvalidInput(
            f"{what}: expected some visible text, got none; say what the owner says."
        )
    if len(line) > limit:
        raise InvalidInput(
            f"{what}: expected at most {limit} characters, got {len(line)}; shorten it."
        )
    return line


def _tidy(text: str) -> str:
    shown = "".join(map(_shown, unicodedata.normalize("NFC", text)))
    shown = _REPEATED_STYLE.sub(r"\1", _STRAY_JOINER.sub("", shown))
    return " ".join(unicodedata.normalize("NFC", shown).split())


def _shown(char: str) -> str:
    """Return the character, a space for a control, nothing for the invisible."""
    if char in _JOINERS:
        return char  # judged by its neighbours
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    hidden = category in ("Cf", "Cs", "Co") or char in _BLANKS
    # Variation selectors can smuggle bytes; only the two that style emoji are of use.
    selector = "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef"
    return "" if hidden or selector else char
