"""Reading ``.pth`` files: tensors come out, code does not run."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from pekit_agents.errors import ModelError
from pekit_agents.models.reference.weights import fill, read_weights, width_of


class Trap:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_tensors_come_out_whatever_was_put_around_their_names(tmp_path):
    weight = torch.arange(6.0).reshape(2, 3)
    for content in ({"a.b": weight}, {"model": {"module.a.b": weight}, "epoch": 3}):
        torch.save(content, tmp_path / "x.pth")
        assert list(read_weights(tmp_path / "x.pth")) == ["a.b"]
        assert torch.equal(read_weights(tmp_path / "x.pth")["a.b"], weight)


@pytest.mark.parametrize("save", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x))])
def test_a_file_with_other_objects_is_refused_and_runs_nothing(tmp_path, save):
    save({"model": {"a": torch.zeros(1)}, "args": Trap(tmp_path / "sprung")}, tmp_path / "x.pth")
    with pytest.raises(ModelError, match=r"expected tensors only in .*could run code"):
        read_weights(tmp_path / "x.pth")
    assert not (tmp_path / "sprung").exists()


def test_a_file_cut_short_is_refused(tmp_path):
    torch.save({"a": torch.zeros(10_000)}, tmp_path / "x.pth")
    content = (tmp_path / "x.pth").read_bytes()
    (tmp_path / "x.pth").write_bytes(content[:20_000])
    with pytest.raises(ModelError, match=r"cannot be read \(.*\); download the file again"):
        read_weights(tmp_path / "x.pth")


@pytest.mark.parametrize("content", [torch.zeros(3), [1, 2], {"epoch": 3}])
def test_a_file_without_named_tensors_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(ModelError, match="expected tensors by name in"):
        read_weights(tmp_path / "x.pth")


def test_weights_nobody_needs_are_left_and_others_copied(tmp_path):
    weights = {"weight": torch.ones(2, 3), "bias": torch.ones(2), "label_enc.weight": torch.ones(9)}
    network = fill(torch.nn.Linear(3, 2), weights, tmp_path)
    assert network(torch.ones(3)).tolist() == [4, 4]
    with pytest.raises(ModelError, match=r"expected the weights of a Linear.*another shape \(bias"):
        fill(torch.nn.Linear(3, 2), {**weights, "bias": torch.ones(3)}, tmp_path)


def test_the_width_of_a_tensor_that_is_not_there_is_none():
    weights = {"a": torch.zeros(2, 5), "scalar": torch.tensor(1.0)}
    assert width_of(weights, "a", -1) == 5
    assert width_of(weights, "b", 0) is None
    assert width_of(weights, "scalar", 0) is None
