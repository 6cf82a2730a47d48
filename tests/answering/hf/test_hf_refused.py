"""Checkpoints that cannot be used: each is one clear sentence."""

from __future__ import annotations

import fnmatch
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

import huggingface_hub
import torch
import transformers
from safetensors.torch import load_file, save_file

from pekit_agents import MissingDependency, ModelError, ProfileError
from pekit_agents.answering import HFAnswerModel, hf_loading


@pytest.fixture
def folder(checkpoint, tmp_path) -> Path:
    """Return a copy of a checkpoint, to be damaged."""
    return Path(shutil.copytree(checkpoint("llava"), tmp_path / "model"))


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(ModelError) as caught:
        HFAnswerModel.load(source, **{"device": "cpu", **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Folders ------------------------------------------------------------------------------------


def test_no_such_folder(tmp_path):
    assert "no folder here" in refusal(tmp_path / "nothing")


def test_another_kind_of_model(tmp_path):
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = transformers.BertConfig(vocab_size=9, intermediate_size=8, **sizes)
    transformers.BertModel(config).save_pretrained(tmp_path)
    assert "found model_type 'bert'" in refusal(tmp_path)


def test_no_configuration(folder):
    (folder / "config.json").unlink()
    assert "the configuration of" in refusal(folder)


def test_a_damaged_configuration(folder):
    (folder / "config.json").write_text("{")
    assert "the configuration of" in refusal(folder)


def test_a_model_that_brings_its_own_code_is_never_run(folder):
    marker = folder / "ran"
    code = f"open({str(marker)!r}, 'w')\n"
    (folder / "configuration_own.py").write_text(code)
    own = {"model_type": "own_chat", "auto_map": {"AutoConfig": "configuration_own.Config"}}
    (folder / "config.json").write_text(json.dumps(own))
    assert 'id ends in "-hf"' in refusal(folder)
    assert not marker.exists()


def test_no_weights(folder):
    (folder / "model.safetensors").unlink()
    assert "the weights of" in refusal(folder)


def test_weights_in_a_pickle_are_not_read(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    assert "the weights of" in refusal(folder)


def test_damaged_weights(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "the weights of" in refusal(folder)


def test_weights_of_another_model(folder, checkpoint, capsys):
    shutil.copy(checkpoint("internvl") / "model.safetensors", folder)
    assert "another model's checkpoint" in refusal(folder)
    assert "MISSING" not in capsys.readouterr().err  # one sentence, no report


def test_weights_of_another_size(folder):
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 64
    (folder / "config.json").write_text(json.dumps(config))
    message = refusal(folder)
    assert "but 3 are missing or of another shape (model.language_model.layers.0.mlp" in message


def test_weights_that_are_not_all_there(folder):
    weights = load_file(folder / "model.safetensors")
    kept = {name: values for name, values in weights.items() if "projector" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    message = refusal(folder)
    assert "but 4 are missing or of another shape (model.multi_modal_projector" in message


@pytest.mark.parametrize("name", ["processor_config.json", "tokenizer.json"])
def test_a_damaged_processor(folder, name):
    (folder / name).write_text("{")
    assert "the processor of" in refusal(folder)


@pytest.mark.parametrize("family", ["llava", "qwen"])
def test_no_chat_template(checkpoint, tmp_path, family):
    folder = shutil.copytree(checkpoint(family), tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    assert "to have a chat template" in refusal(folder)


def test_a_chat_template_that_does_not_run(folder):
    (folder / "chat_template.jinja").write_text("{{ messages[0]['nothing']['there'] }}")
    assert "to have a chat template" in refusal(folder)


# The hub ------------------------------------------------------------------------------------


def test_a_hub_that_cannot_be_reached(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    message = refusal("nobody/no-such-model")
    assert "nobody/no-such-model is not on this machine and cannot be downloaded" in message


def test_all_files_of_an_lvlm_are_fetched(monkeypatch, checkpoint, photo):
    asked = []

    def download(name, *, revision=None, local_files_only=False, allow_patterns=("*",)):
        if local_files_only:
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        asked.append((name, revision, allow_patterns))
        return str(checkpoint("llava"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    model = HFAnswerModel.load("some/model", revision="v1", device="cpu", max_new_tokens=2)
    assert model.answer(photo, "?") is not None
    ((name, revision, patterns),) = asked
    assert (name, revision) == ("some/model", "v1")
    sharded = ["model-00001-of-00002.safetensors", "model.safetensors.index.json"]
    words = ["tokenizer.json", "tokenizer.model", "merges.txt"]
    for file in [*sharded, *words, "chat_template.jinja", "chat_template.json"]:
        assert any(fnmatch.fnmatch(file, pattern) for pattern in patterns), file


# Where and how to run -----------------------------------------------------------------------


def test_a_device_or_dtype_that_is_none(folder):
    assert "'warp'" in refusal(folder, device="warp")
    with pytest.raises(ProfileError, match="dtype"):
        HFAnswerModel.load(folder, device="cpu", dtype="float3")


def test_a_model_that_does_not_fit(folder, monkeypatch):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(transformers.LlavaNextForConditionalGeneration, "to", full)
    assert "does not fit in memory" in refusal(folder)


def test_four_bits_need_a_gpu(folder):
    assert "needs a CUDA GPU" in refusal(folder, load_in_4bit=True)


def test_four_bits_need_their_packages(monkeypatch):
    monkeypatch.setattr(hf_loading, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"bitsandbytes and accelerate; .*hf-4bit"):
        hf_loading._four_bits(torch.device("cuda"))


def test_four_bits_are_asked_of_bitsandbytes(monkeypatch):
    monkeypatch.setattr(hf_loading, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(transformers.BitsAndBytesConfig, "post_init", lambda self: None)
    options = hf_loading._four_bits(torch.device("cuda", 1))
    assert options["device_map"] == {"": torch.device("cuda", 1)}
    assert options["dtype"] == torch.bfloat16
    quantised = options["quantization_config"]
    assert (quantised.load_in_4bit, quantised.bnb_4bit_quant_type) == (True, "nf4")
    assert quantised.bnb_4bit_compute_dtype == torch.bfloat16
