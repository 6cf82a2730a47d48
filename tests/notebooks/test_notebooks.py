"""Every notebook runs from top to bottom, offline, and is committed with its outputs."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
MAX_BYTES = 400_000
_VARIES = re.compile(r"img_[0-9a-f]{32}|[0-9][0-9.,]*")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_was_run(path):
    assert path.stat().st_size <= MAX_BYTES
    cells = json.loads(path.read_text("utf-8"))["cells"]
    counts = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, embedded_model, photos):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    committed = nbformat.read(path, as_version=4)
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    assert _printed(notebook) == _printed(committed)


def _printed(notebook):
    """What the cells print, without handles and numbers: they differ between Pillow versions."""
    return [
        _VARIES.sub("#", "".join(out.get("text", "") for out in cell["outputs"]))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
