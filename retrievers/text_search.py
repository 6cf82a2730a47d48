"""Text search over name, category and context with LanceDB, without a trace on disk.

An index file would keep the words of what was forgotten. So the index is a table in RAM, built
in milliseconds from what is remembered now, and built anew when that has changed.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import lancedb
import pyarrow as pa
from lancedb.index import FTS
from lancedb.query import MatchQuery, MultiMatchQuery

from pekit_agents.errors import InvalidInput
from pekit_agents.owner_text import QUESTION_LIMIT
from pekit_agents.prompting.naming import named_objects, words_beside_names

if TYPE_CHECKING:
    from lancedb.table import Table

    from pekit_agents.types import PersonalObject

__all__ = ["TextSearch"]

#: How much a word counts where it is found.
_BOOSTS = {"name": 3.0, "category": 2.0, "context": 1.0}
_LONGEST_QUERY = 500
_TYPO_LETTERS = 6  # in shorter words one letter makes another word: "shoes", "shows"
_PART_LETTERS = 3  # fewer are part of nearly everything
# Scripts without spaces between words: every character becomes a word. (LanceDB's ICU tokenizer
# loses some English words, "dog" among them, as of 0.40.)
_UNSPACED = re.compile(r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff])")


class TextSearch:
    """Finds remembered objects by words; safe to call from several threads."""

    def __init__(self) -> None:
        self._objects: tuple[PersonalObject, ...] = ()
        self._table: Table | None = None
        self._lock = threading.Lock()

    def search(
        self, query: str, objects: Sequence[PersonalObject], k: int
    ) -> list[tuple[PersonalObject, float]]:
        """Return the objects that a text names, and after them those that fit its words best.

        Of the words beside names, whole ones (and their English inflections) are looked for first;
        where there are none, words with a typo, and then objects that have every word as part of
        another. Common words, such as "tell", count only where there are no others.

        Args:
            query: Any text, of which the beginning counts; never read as a query language.
            objects: What is remembered now.
            k: The most to return.

        Returns:
            (object, score) pairs, the best first; scores (BM25, or the share of the text that
            the words make up; above all others for what is named) compare within one call only.

        Raises:
            InvalidInput: ``k`` is below 1.
        """
        if k < 1:
            raise InvalidInput(f"expected k of at least 1, found {k}")
        query = query[:QUESTION_LIMIT]
        named = named_objects(objects, query)
        beside = words_beside_names(objects, query)
        words = beside or ("" if named else query)
        hits = self._fitting(_plain(words[:_LONGEST_QUERY]), objects, k + len(named))
        others = [hit for hit in hits if hit[0] not in named]
        best = 1 + max((score for _, score in hits), default=0.0)
        return [*((obj, best) for obj in named), *others][:k]

    def _fitting(
        self, words: str, objects: Sequence[PersonalObject], k: int
    ) -> list[tuple[PersonalObject, float]]:
        """Return the objects that fit plain words best."""
        if not objects or not words:
            return []
        table = self._fresh(tuple(objects))
        for question in _questions(words):
            rows = table.search(question, query_type="fts").limit(k).to_list()
            if rows:
                return [(objects[row["row"]], float(row["_score"])) for row in rows]
        return _containing(words.split(), objects)[:k]

    def _fresh(self, objects: tuple[PersonalObject, ...]) -> Table:
        with self._lock:
            if self._table is None or self._objects != objects:
                self._table, self._objects = _indexed(objects), objects
            return self._table


def _questions(words: str) -> Iterable[Any]:
    match_any: Any = MultiMatchQuery  # their types leave out that the rest has defaults
    match: Any = MatchQuery
    yield match_any(words, list(_BOOSTS), boosts=list(_BOOSTS.values()))
    long = " ".join(word for word in words.split() if len(word) >= _TYPO_LETTERS)
    if long:
        yield match(long, "words", fuzziness=1, prefix_length=1)


def _containing(
    words: Sequence[str], objects: Sequence[PersonalObject]
) -> list[tuple[PersonalObject, float]]:
    words = [word for word in words if len(word) >= _PART_LETTERS or not word.isascii()]
    if not words:
        return []
    letters = sum(map(len, words))
    texts = [" ".join(_plain(getattr(obj, field)) for field in _BOOSTS) for obj in objects]
    hits = [
        (obj, letters / max(letters, len(text)))
        for obj, text in zip(objects, texts, strict=True)
        if all(word in text for word in words)
    ]
    return sorted(hits, key=lambda hit: -hit[1])


def _indexed(objects: Sequence[PersonalObject]) -> Table:
    """Return a table in RAM; every connection to ``memory://`` is a database of its own."""
    columns: dict[str, list[Any]] = {
        field: [_plain(getattr(obj, field)) for obj in objects] for field in _BOOSTS
    }
    columns["words"] = [" ".join(texts) for texts in zip(*columns.values(), strict=True)]
    columns["row"] = list(range(len(objects)))
    table = lancedb.connect("memory://").create_table("objects", pa.table(columns))
    for field in (*_BOOSTS, "words"):
        table.create_index(field, config=FTS())
    return table


def _plain(text: str) -> str:
    """Return text in lower case without accents, with the characters of CJK set apart."""
    spread = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(char for char in spread if not unicodedata.combining(char))
    return " ".join(_UNSPACED.sub(r" \1 ", bare).split())
