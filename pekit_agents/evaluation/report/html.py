"""A report as one HTML file: pictures within, no script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pekit_agents.errors import MissingDependency
from pekit_agents.wording.messages import clause

try:
    from jinja2 import Environment, StrictUndefined
    from markdown_it import MarkdownIt
except ModuleNotFoundError as exc:
    raise MissingDependency(
        f"reports are laid out with jinja2 and markdown-it-py ({clause(exc)}); "
        'install them with: pip install "pekit-agents[eval]"'
    ) from exc

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

__all__ = ["to_html"]

_SHORT = 16  # characters of a cell that stay on one line


def to_html(markdown: str, title: str, pictures: Mapping[str, bytes], *, heading: str = "") -> str:
    """Return a whole HTML document; HTML in the Markdown shows as text.

    Args:
        markdown: What it says.
        title: Of the document.
        pictures: Those that the Markdown links to, by the names of their files.
        heading: What stands above it all.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", _image)
    tokens = parser.parse(markdown)
    _mark_cells(tokens)
    body = parser.renderer.render(tokens, parser.options, {"pictures": pictures})
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(Path(__file__).with_name("page.html").read_text("utf-8"))
    return template.render(title=title, heading=heading, body=body)


def _image(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    """Render a picture with its data in place of its link."""
    name = PurePosixPath(unquote(str(tokens[index].attrs["src"]))).name
    data = base64.b64encode(env["pictures"][name]).decode("ascii")
    kind = "png" if name.endswith(".png") else "jpeg"
    tokens[index].attrs["src"] = f"data:image/{kind};base64,{data}"
    return renderer.image(tokens, index, options, env)


def _mark_cells(tokens: Sequence[Token]) -> None:
    """Say which cells head a column or a row, and which are short."""
    for before, cell, content, end in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        if cell.type == "th_open":
            cell.attrs["scope"] = "col"
        elif cell.type == "td_open":
            if before.type == "tr_open":
                cell.tag = end.tag = "th"
                cell.attrs["scope"] = "row"
            if content.children and len(content.children[0].content) < _SHORT:
                cell.attrs["class"] = "whole"
