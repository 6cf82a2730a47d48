"""Hook of the site: each notebook is a page, with the outputs that are committed.

Nothing is run here; that the outputs are what the cells give is for the tests of the notebooks.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_PICTURES = {"image/jpeg": "jpg", "image/png": "png"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page and its pictures for each notebook."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        page, pictures = page_of(json.loads(path.read_text("utf-8")), path.stem)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=page))
        for name, content in pictures.items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
    return files


def page_of(notebook: dict[str, Any], stem: str) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, and its pictures by file name."""
    parts, pictures = [], {}
    for index, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(_fenced(source, "python"))
        for number, output in enumerate(cell["outputs"]):
            data = output.get("data", {})
            for kind in _PICTURES.keys() & data:
                name = f"{stem}-{index}-{number}.{_PICTURES[kind]}"
                pictures[name] = base64.b64decode("".join(data[kind]))
                parts.append(f"![What the cell shows]({name})")
            if text := "".join(output.get("text", "")).strip("\n"):
                parts.append(_fenced(text, "text"))
    return "\n\n".join(parts) + "\n", pictures


def _fenced(text: str, language: str) -> str:
    ticks = max([2, *(len(run) for run in re.findall("`{3,}", text))]) + 1
    return f"{'`' * ticks}{language}\n{text}\n{'`' * ticks}"
