"""Relative links lead somewhere as a forge reads them; the strict build of the site checks its own.

Files and headings are looked up, nothing is asked of the network.
"""

import json
import posixpath
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)")
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)


@cache
def tracked():
    """Every file and folder that a clone of the repository has."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    folders = {str(parent) for name in files for parent in Path(name).parents}
    return set(files) | folders


def text_of(name):
    """What people read in a file: of a notebook the cells of text."""
    content = (ROOT / name).read_text("utf-8")
    if not name.endswith(".ipynb"):
        return content
    cells = json.loads(content)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def links_in(text):
    """The targets of the links and pictures in a text, outside of code."""
    prose = re.sub(r"`[^`\n]+`(?!\])", "", FENCE.sub("", text))
    return [
        target for target in LINK.findall(prose) if not re.match(r"[a-z]+:", target, re.IGNORECASE)
    ]


def anchors_in(text):
    """The anchors of a text's headings, as forges make them."""
    found = []
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return found


def broken(name, target):
    """Why a link of a file leads nowhere; an empty text when it does lead somewhere."""
    path, _, anchor = target.partition("#")
    to = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
    if to not in tracked():
        return f"{target}: no file {to}"
    if anchor and anchor not in anchors_in(text_of(to)):
        return f"{target}: no heading {anchor} in {to}"
    return ""


def pages():
    """Every Markdown file and notebook of the repository."""
    return sorted(name for name in tracked() if name.endswith((".md", ".ipynb")))


def test_there_are_links_to_check():
    assert {"README.md", "CONTRIBUTING.md", "docs/paper.md"} <= set(pages())
    assert len([link for page in pages() for link in links_in(text_of(page))]) > 100


@pytest.mark.parametrize("name", pages())
def test_every_relative_link_leads_somewhere(name):
    reasons = [broken(name, target) for target in links_in(text_of(name))]
    assert [reason for reason in reasons if reason] == []


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("", []),
        ("[a](b.md) ![c](d.jpg)", ["b.md", "d.jpg"]),
        ("[`code`](a.md#b)", ["a.md#b"]),
        ("`[a](b)` and\n```python\n[a](c)\n```\n", []),
        ("[web](https://example.org) [mail](mailto:a@b.c)", []),
    ],
)
def test_what_counts_as_a_link(text, links):
    assert links_in(text) == links


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("# One's own combination", "ones-own-combination"),
        ("## What it does not do (yet)", "what-it-does-not-do-yet"),
        ("## 2. Remember", "2-remember"),
        ("## The `pekit` command", "the-pekit-command"),
    ],
)
def test_how_a_forge_makes_anchors(heading, anchor):
    assert anchors_in(heading) == [anchor]


def test_a_heading_in_a_fence_is_none():
    assert anchors_in("```console\n# a comment\n```\n") == []


def test_a_missing_file_and_a_missing_heading_are_named():
    assert broken("docs/models.md", "nothing.md") == "nothing.md: no file docs/nothing.md"
    assert broken("README.md", "docs/models.md#none") == (
        "docs/models.md#none: no heading none in docs/models.md"
    )
