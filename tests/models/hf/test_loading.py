"""Loading checkpoints and running them: what goes wrong is one clear error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: no hf profiles"
)

from pekit_agents.errors import ModelError  # noqa: E402
from pekit_agents.models.hf.checkpoints import load_model, load_processor, weights_hash  # noqa: E402
from pekit_agents.models.hf.torch_runtime import (  # noqa: E402
    TorchModel,
    choose_device,
    choose_dtype,
    in_batches,
)
from pekit_agents.models.spec import ModelSpec  # noqa: E402

SPEC = ModelSpec("the-model")


@pytest.fixture
def folder(checkpoint, tmp_path):
    """Return a copy of a tiny DINOv2 that a test may spoil."""
    return shutil.copytree(checkpoint("dinov2"), tmp_path / "model")


def test_weights_are_float32_in_evaluation_mode(folder):
    model = load_model(transformers.Dinov2Model, folder, SPEC)
    assert not model.network.training
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    with model.running():
        assert torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")


def test_half_precision_is_an_autocast(folder):
    model = load_model(transformers.Dinov2Model, folder, ModelSpec("x", dtype="bfloat16"))
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    with model.running():
        assert torch.is_autocast_enabled("cpu")


def test_a_damaged_file_is_an_error(folder):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="weights of the-model cannot be loaded"):
        load_model(transformers.Dinov2Model, folder, SPEC)


def test_no_weights_or_only_pickled_ones_are_an_error(folder):
    network = transformers.Dinov2Model.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"cannot be loaded.*model\.safetensors"):
        load_model(transformers.Dinov2Model, folder, SPEC)


def test_weights_of_another_model_are_an_error(folder, checkpoint):
    shutil.copy(checkpoint("sam") / "model.safetensors", folder)
    with pytest.raises(ModelError, match=r"expected the weights of a Dinov2Model.*are missing"):
        load_model(transformers.Dinov2Model, folder, SPEC)


def test_weights_of_another_size_are_an_error(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 16}))
    with pytest.raises(ModelError, match=r"cannot be loaded|of another shape"):
        load_model(transformers.Dinov2Model, folder, SPEC)


def test_a_missing_tokenizer_is_an_error(folder):
    with pytest.raises(ModelError, match="processor of the-model cannot be loaded"):
        load_processor(transformers.AutoTokenizer, folder, SPEC)


def test_loading_prints_nothing(folder, capfd):
    load_model(transformers.Dinov2Model, folder, SPEC)
    assert capfd.readouterr() == ("", "")


def test_the_hash_is_of_every_weight(folder):
    network = load_model(transformers.Dinov2Model, folder, SPEC).network
    before = weights_hash(network, "")
    assert weights_hash(network, "") == before
    assert weights_hash(network, "x") != before
    with torch.no_grad():
        next(iter(network.parameters())).view(-1)[-1] += 1e-4
    assert weights_hash(network, "") != before


@pytest.mark.parametrize("name", ["nonsense", "", "cpu:x"])
def test_an_unknown_device_is_an_error(name):
    with pytest.raises(ModelError, match='expected device "auto", "cpu"'):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU here")
def test_a_gpu_that_is_not_there_is_an_error():
    with pytest.raises(ModelError, match="expected a device 'cuda:1', but this torch"):
        choose_device("cuda:1")
    assert choose_device("auto").type in ("cpu", "mps")


def test_the_cpu_computes_in_float32():
    cpu = torch.device("cpu")
    assert choose_dtype("auto", cpu) == torch.float32
    assert choose_dtype("float16", cpu) == torch.float16


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=["cuda", "mps", "cpu", "python"],
)
def test_batches_halve_until_they_fit(error):
    sizes = []

    def run(batch):
        sizes.append(len(batch))
        if len(batch) > 1:
            raise error
        return [2 * item for item in batch]

    assert in_batches(run, [1, 2, 3], size=3, name="x") == [2, 4, 6]
    assert sizes == [3, 1, 1, 1]


def test_memory_too_small_for_one_input_is_an_error():
    def run(batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(ModelError, match="the-model ran out of memory even for one input") as info:
        in_batches(run, [1, 2, 3], size=8, name="the-model")
    assert isinstance(info.value.__cause__, torch.OutOfMemoryError)


def test_other_errors_are_not_taken_for_memory():
    def run(batch):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        in_batches(run, [1, 2], size=2, name="x")


def test_a_model_too_large_for_its_device_is_an_error():
    class Large(torch.nn.Module):
        def to(self, *args, **kwargs):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(ModelError, match="the-model does not fit in the memory of cpu"):
        TorchModel(Large(), ModelSpec("the-model", device="cpu"))


def test_without_torch_the_message_is_the_line_to_type():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pekit_agents import PeKit\n"
        "PeKit.open('memory', profile='grounded-sam')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "MissingDependency" in last
    assert 'pip install "pekit-agents[hf]"' in last
