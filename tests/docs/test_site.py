"""What the site makes of the repository's files: links between pages, notebooks as pages."""

import base64
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pekit_agents.types import Box, Mask, Proposal

ROOT = Path(__file__).parents[2]
PIXEL = b"\xff\xd8\xff"


@pytest.fixture(scope="module")
def repository():
    return _hook("repository")


@pytest.fixture(scope="module")
def notebooks():
    return _hook("notebooks")


def _hook(name):
    pytest.importorskip("mkdocs", reason="the site's tools are not installed: make docs")
    return _module(name)


def _module(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "_site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("uri", "written", "moved"),
    [
        # from the front page, which is README.md
        ("index.md", "[a](docs/models.md#time)", "[a](models.md#time)"),
        ("index.md", "![a](docs/scene.jpg)", "![a](scene.jpg)"),
        ("index.md", "[a](THREAT_MODEL.md)", "[a](threat_model.md)"),
        ("index.md", "[a](notebooks/01_langchain_agent.ipynb)",
         "[a](notebooks/01_langchain_agent.md)"),
        # from a page, up and out of docs/
        ("models.md", "[a](../pekit_agents/protocols.py)", "[a][pekit_agents.protocols]"),
        (
            "models.md",
            "[a](../tools/langchain/toolkit.py)",
            "[a][pekit_agents.tools.langchain.toolkit]",
        ),
        ("models.md", "[a](../pekit_agents/answering/__init__.py)", "[a][pekit_agents.answering]"),
        ("guides/web.md", "[a](../memory.md#ram)", "[a](../memory.md#ram)"),
        ("guides/web.md", "[a](../../THREAT_MODEL.md)", "[a](../threat_model.md)"),
        # from a notebook and from a file at the root
        ("notebooks/04_paper_walkthrough.md", "[a](../docs/paper.md)", "[a](../paper.md)"),
        ("threat_model.md", "[a](docs/langchain.md)", "[a](langchain.md)"),
        # what has no page is a name; what is no link to a file of the repository stays
        ("index.md", "[a](Makefile) [b](notebooks/)", "a b"),
        ("models.md", "[a](../pekit_agents/evaluation/draws.py)", "a"),
        ("models.md", "[a](nothing.md)", "[a](nothing.md)"),
        ("models.md", "[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("models.md", "[a](#here)", "[a](#here)"),
    ],
)  # fmt: skip
def test_links_lead_to_pages(repository, uri, written, moved):
    page = SimpleNamespace(file=SimpleNamespace(src_uri=uri))
    assert repository.on_page_markdown(written, page=page) == moved


def test_a_notebook_becomes_text_code_and_pictures(notebooks):
    picture = {"output_type": "display_data", "data": {"image/jpeg": base64.b64encode(PIXEL)}}
    picture["data"]["image/jpeg"] = picture["data"]["image/jpeg"].decode()
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "Words."]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["  1\n"]}, picture]},
        {"cell_type": "code", "source": "x = '```'", "outputs": []},
    ]
    page, pictures = notebooks.page_of({"cells": cells}, "nb")
    assert page == (
        "# Title\nWords.\n\n```python\nprint(1)\n```\n\n```text\n  1\n```\n\n"
        "![What the cell shows](nb-1-1.jpg)\n\n````python\nx = '```'\n````\n"
    )
    assert pictures == {"nb-1-1.jpg": PIXEL}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("See :class:`~a.Kit`, :func:`find`.", "See `a.Kit`, `find`."),
        ("Write::\n\n    code\n\nEnd.", "Write:\n\n    code\n\nEnd."),
        ("A tree.\n\n::\n\n    code\n\nEnd.", "A tree.\n\n\n\n    code\n\nEnd."),
        ("Example:\n    >>> 1\n\nEnd.", "Examples:\n    >>> 1\n\nEnd."),
    ],
)
def test_docstrings_become_markdown(written, read):
    griffe = pytest.importorskip("griffe")
    module = griffe.Module("m")
    module.docstring = griffe.Docstring(written, parent=module)
    _hook("docstrings").Plain().on_object(obj=module)
    assert module.docstring.value == read


def test_a_picture_of_a_view_is_dark_outside_of_its_mask():
    pictures = _module("pictures")
    left_half = Mask(np.array([[1.0, 0.0]], np.float32), Box(0, 0, 4, 2))
    white = Image.new("RGB", (4, 2), (200, 200, 200))
    shaded = pictures.shaded(white, Proposal(Box(0, 0, 2, 2), 1.0, left_half))
    assert np.asarray(shaded)[:, :, 0].tolist() == [[200, 200, 50, 50]] * 2


def test_a_picture_of_proposals_has_all_their_boxes_and_spares_the_photo():
    pictures = _module("pictures")
    photo = Image.new("RGB", (60, 40))
    regions = (Proposal(Box(2, 2, 20, 20), 1.0), Proposal(Box(30, 10, 55, 35), 0.5))
    drawn = pictures.boxed(photo, regions)
    edges = [drawn.getpixel(corner) for corner in ((2, 2), (30, 10), (0, 39))]
    assert edges == [(25, 155, 80), (25, 155, 80), (0, 0, 0)]
    assert photo.getbbox() is None


def test_a_vector_is_drawn_blue_below_zero_and_orange_above():
    sheet = _module("diagrams").Sheet.of(70, 50)
    sheet.vector((2, 2), [-3.0] * 32 + [0.0] * 32 + [3.0] * 32, (64, 45))
    drawn = [sheet.picture.getpixel((30, 2 + top)) for top in (7, 22, 37)]
    # 3 is .49 of 2.5 standard deviations: that share of the way from white to the colour
    assert drawn == [(149, 178, 223), (255, 255, 255), (230, 177, 140)]


def test_a_diagram_tells_which_bytes_lie_in_which_files(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.lance").write_bytes(b"..Ruby..")
    (tmp_path / "data" / "b.lance").write_bytes(b"..")
    (tmp_path / "log.txt").write_bytes(b"..note..")
    assert _module("diagrams")._holding(tmp_path, {"name": b"Ruby", "text": b"note"}) == {
        "rows, file 1": ["name"],
        "rows, file 2": [],
        "other files": ["text"],
    }


def test_charts_draw_what_stands_on_their_pages():
    charts = _module("charts")
    calibrating = (ROOT / "docs" / "guides" / "calibrating.md").read_text("utf-8")
    probabilities = charts.worth_of_probabilities(calibrating)
    assert len(probabilities) == 10
    assert probabilities[0] == (0.009, 0.019, 0.0, 0.05)
    measured = (ROOT / "docs" / "lab-book-recognition.md").read_text("utf-8")
    poor = charts.poor_views(measured)
    assert (len(poor), poor[1]) == (9, ("being out of focus", 2, 23))


@pytest.mark.slow
def test_diagrams_are_small_and_stand_in_the_documentation(tmp_path, embedded_model, photos):
    diagrams = _module("diagrams")
    sheets = diagrams.draw_all(tmp_path)
    assert [sheet.name for sheet in sheets if sheet.stat().st_size > 120_000] == []
    assert len(_module("ingest_picture").draw_ingest().axes) == 3 * 5
    shown = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert {sheet.name for sheet in sheets} <= shown
