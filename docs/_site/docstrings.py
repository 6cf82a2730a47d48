"""Extension of griffe: docstrings are read as Markdown, so what is reStructuredText goes.

Editors show ``:class:`PeKit``` as a link; on the site it is the name in code type.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")
_LITERAL = re.compile(r"(\S?)::$", re.MULTILINE)
_EXAMPLE = re.compile(r"^(\s*)Example:$", re.MULTILINE)  # the section is called Examples


class Plain(griffe.Extension):
    """Turns roles and literal blocks into Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            text = _ROLE.sub(r"`\1`", obj.docstring.value)
            text = _EXAMPLE.sub(r"\1Examples:", text)
            obj.docstring.value = _LITERAL.sub(_introduced, text)


def _introduced(mark: re.Match[str]) -> str:
    """Return what stands before a literal block: a colon after words, else nothing."""
    return f"{mark[1]}:" if mark[1] else ""
