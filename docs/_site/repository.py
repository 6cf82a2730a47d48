"""Hook of the site: pages from files outside of docs/, and links that leave docs/.

README.md is the front page. A relative link is written as the forge reads it, from one file of
the repository to another; here it becomes a link to the page that the file has on the site, and
one to a source file becomes a reference to the documentation of that module. Of what has no page
the text alone stays. What is not there is left for the strict build to refuse.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
#: Files at the root and the pages that they are.
ADOPTED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "THREAT_MODEL.md": "threat_model.md",
}
#: Folders of modules and the packages that they install as.
_PACKAGES = {
    "pekit_agents": "pekit_agents",
    "retrievers": "pekit_agents.retrievers",
    "tools": "pekit_agents.tools",
}
_DOCUMENTED = re.compile(r"^::: (\S+)$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]\n]*(?:\n[^\]\n]+)?)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files at the root."""
    for name, uri in ADOPTED.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Point the links of a page to where things are on the site."""
    source = source_of(page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        text, path, anchor = link[1], link[2], link[3] or ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if (module := module_of(target)) in documented():
            return f"[{text}][{module}]"
        uri = page_of(target)
        if uri is None:
            return text if (ROOT / target).exists() else link[0]
        here = posixpath.dirname(page.file.src_uri) or "."
        return f"[{text}]({posixpath.relpath(uri, here)}{anchor})"

    return _LINK.sub(moved, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Name source files without the folder that the package was installed in."""
    return html.replace(">.installed/", ">")


def source_of(uri: str) -> str:
    """Return which file of the repository a page is made from."""
    for name, adopted in ADOPTED.items():
        if uri == adopted:
            return name
    if uri.startswith("notebooks/"):
        return str(Path(uri).with_suffix(".ipynb"))
    return f"docs/{uri}"


def page_of(path: str) -> str | None:
    """Return which page or picture of the site a file of the repository is; None if none."""
    if not (ROOT / path).is_file():
        return None
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith("notebooks/"):
        return str(Path(path).with_suffix(".md"))
    return ADOPTED.get(path)


def module_of(path: str) -> str | None:
    """Return the dotted name of the module or package at a path of the repository."""
    folder, *rest = Path(path).with_suffix("").parts or ("",)
    if folder not in _PACKAGES or not (ROOT / path).exists():
        return None
    return ".".join((_PACKAGES[folder], *rest)).removesuffix(".__init__")


@cache
def documented() -> set[str]:
    """Return the modules that the pages of the API document."""
    pages = (ROOT / "docs" / "reference").glob("*.md")
    return {name for page in pages for name in _DOCUMENTED.findall(page.read_text("utf-8"))}
