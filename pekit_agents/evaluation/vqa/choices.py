"""Multiple choice with any model: how a question is put, and which letter an answer means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from pekit_agents.evaluation.records import Question

__all__ = ["ask", "parse_choice"]

_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"[*_`#]+|\\(?:boxed|text)|\$")
_ANNOUNCED = r"\b(?:answer|choice|option)\b(?:\s+(?:is|would be|should be))?\s*[:=]?\s*"
_ALONE = r"(?<![\w'\u2019])(?<!\b[Nn]ot )(?<!n't )(?<!n\u2019t )"
_WORDS = "AI"  # letters that are English words of their own, and count only before one of these:
_ENDS = r"(?=\s*(?:$|[.,;:!?)\]}\n/&|-]|\b(?:because|since|as|is|and|or|but|not)\b))"
_ARTICLES = frozenset({"a", "an", "the"})


def ask(question: Question) -> str:
    """Return a question with its choices that asks for a letter alone."""
    choices = [f"{letter}. {text}" for letter, text in sorted(question.choices.items())]
    letters = sorted(question.choices)
    listed = f"{', '.join(letters[:-1])} or {letters[-1]}"
    return "\n".join(
        [question.text, *choices, f"Answer with the letter of the right choice only: {listed}."]
    )


def parse_choice(answer: str, choices: Mapping[str, str]) -> str | None:
    """Return the letter that an answer means; None when it means none or several.

    What counts, the first that is found: the answer is a letter or a choice's text; a letter
    after "answer", "option" or "choice"; a letter in brackets, before a stop, or standing alone
    (a capital); the text of one choice within the answer. A letter or text after "not" does not
    count. Where letter and text disagree, the letter counts: it is what was asked for.

    Args:
        answer: What a model said.
        choices: Letter -> text.
    """
    said = _MARKUP.sub(" ", _THOUGHTS.sub(" ", unicodedata.normalize("NFKC", answer))).strip()
    bare = said.strip(" .,:;!?()[]{}\"'")
    if bare.upper() in choices:
        return bare.upper()
    whole = [letter for letter, text in choices.items() if _plain(text) == _plain(said) != ""]
    if len(whole) == 1:
        return whole[0]
    texts = {letter: _words(text) for letter, text in choices.items()}
    for found in (_announced(said, choices), _marked(said, choices), _mentioned(said, texts)):
        if found:
            return next(iter(found)) if len(found) == 1 else None
    return None


def _announced(said: str, choices: Mapping[str, str]) -> set[str]:
    letters = "".join(map(re.escape, choices))
    both = rf"(?i:{_ANNOUNCED})[(]?[{letters}][)]?\s*(?:and|or|&|/)\s*[(]?[{letters}]\b"
    if re.search(both, said):
        return set(choices)
    letter = rf"[(\[{{\"']?(?:([{letters}])\b|([{letters.lower()}])\b{_ENDS})"
    found = re.finditer(rf"(?i:{_ANNOUNCED}){letter}", said)
    return {(match[1] or match[2]).upper() for match in found}


def _marked(said: str, choices: Mapping[str, str]) -> set[str]:
    """Return the letters that stand alone, in brackets or before a stop, and are not denied."""
    capitals = "".join(map(re.escape, choices))
    words = "".join(letter for letter in capitals if letter in _WORDS)
    letters = "".join(letter for letter in capitals if letter not in _WORDS)
    found = re.findall(rf"[(\[{{]\s*([{capitals}{capitals.lower()}])\s*[)\]}}]", said)
    found += re.findall(rf"(?:^|(?<=\s))([{capitals}{capitals.lower()}])[)](?=\s|$)", said)
    if letters:
        found += re.findall(rf"{_ALONE}([{letters}])(?![\w'\u2019])", said)
    if words:
        found += re.findall(rf"{_ALONE}([{words}])(?![\w'\u2019]){_ENDS}", said)
    return {letter.upper() for letter in found}


def _mentioned(said: str, texts: Mapping[str, str]) -> set[str]:
    """Return the letters whose texts stand in the answer, the longer texts taken out first."""
    left, found = f" {_words(said)} ", set()
    for letter, words in sorted(texts.items(), key=lambda item: -len(item[1])):
        left = left.replace(f" not {words} ", " ")
        if words and f" {words} " in left:
            found.add(letter)
            left = left.replace(f" {words} ", " ; ")
    return found


def _words(text: str) -> str:
    """Return a text's words in small letters, without stops and articles."""
    words = _plain(text).split()
    return " ".join(word for word in words if word not in _ARTICLES) or " ".join(words)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
