"""A report as one HTML file: pictures within, no script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from pekit_agents.errors import MissingDependency
from pekit_agents.evaluation.report.content import Page

try:
    from jinja2 import Environment, StrictUndefined
except ModuleNotFoundError as exc:
    raise MissingDependency(
        f"reports are laid out with jinja2 ({exc}); "
        'install it with: pip install "pekit-agents[eval]"'
    ) from exc

__all__ = ["to_html"]


def to_html(pages: Sequence[Page], title: str) -> str:
    """Return a whole HTML document; every text in it is escaped.

    Args:
        pages: One under the other.
        title: Of the document.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(Path(__file__).with_name("page.html").read_text("utf-8"))
    return template.render(
        pages=pages,
        title=title,
        embedded=_embedded,
        kind_of=lambda block: type(block).__name__,
    )


def _embedded(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
