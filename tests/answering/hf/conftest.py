"""Tiny LVLMs with random weights and their real processors, saved the way checkpoints are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MISSING = ""
try:
    import torch
    import transformers as tf
    from tokenizers import Tokenizer, decoders, models, processors
    from tokenizers.pre_tokenizers import ByteLevel
except ImportError as exc:
    MISSING = str(exc)

#: Size of every language model below.
TEXT = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}
#: Size of every vision model below.
EYES = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
}
LLAVA = (
    "{% for m in messages %}<s>[INST] {% for c in m['content'] %}{% if c['type'] == 'image' %}"
    "<image>\n{% else %}{{ c['text'] }} {% endif %}{% endfor %}[/INST]{% endfor %}"
)
TURNS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}PICTURE{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN = TURNS.replace("PICTURE", "<|vision_start|><|image_pad|><|vision_end|>")
INTERNVL = TURNS.replace("PICTURE", "<IMG_CONTEXT>\n")
SMOLVLM = TURNS.replace("PICTURE", "<image>")
ROLES = ("<|im_start|>", "<|im_end|>")


def tokenizer(template: str, special: tuple[str, ...] = (), **named: str) -> Any:
    """Return a tokenizer of bytes: every text has tokens, and they spell it exactly."""
    letters = {char: at for at, char in enumerate(sorted(ByteLevel.alphabet()))}
    model = Tokenizer(models.BPE(vocab=letters, merges=[]))
    model.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    model.decoder = decoders.ByteLevel()
    made = tf.PreTrainedTokenizerFast(
        tokenizer_object=model,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        extra_special_tokens=named,
    )
    made.add_tokens(list(special), special_tokens=True)
    made.chat_template = template
    return made


def save(folder: Path, network: Any, words: Any, eyes: Any, **settings: Any) -> None:
    """Save the parts of a checkpoint; the model only ever says letters."""
    said = words.convert_tokens_to_ids(list("abcdefghijklmnopqrstuvwxyz\u0120"))  # the last: " "
    network.generation_config.suppress_tokens = sorted(set(range(len(words))) - set(said))
    network.save_pretrained(folder)
    words.save_pretrained(folder)
    eyes.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(words.chat_template)
    (folder / "processor_config.json").write_text(json.dumps(settings))


def llava(folder: Path) -> None:
    words = tokenizer(LLAVA, image_token="<image>")
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", words.bos_token_id)]
    )
    grid = [[28, 56], [56, 28]]
    eyes = tf.LlavaNextImageProcessorPil(
        size={"shortest_edge": 28},
        crop_size={"height": 28, "width": 28},
        image_grid_pinpoints=grid,
    )
    config = tf.LlavaNextConfig(
        vision_config=tf.CLIPVisionConfig(patch_size=14, projection_dim=16, **EYES),
        text_config=tf.MistralConfig(vocab_size=len(words), **TEXT),
        image_token_index=words.image_token_id,
        image_grid_pinpoints=grid,
        image_seq_length=4,
    )
    settings = {"processor_class": "LlavaNextProcessor", "patch_size": 14}
    settings |= {"vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    save(folder, tf.LlavaNextForConditionalGeneration(config), words, eyes, **settings)


def qwen(folder: Path) -> None:
    places = ("<|vision_start|>", "<|image_pad|>", "<|video_pad|>")
    words = tokenizer(QWEN, (*ROLES, *places, "<|vision_end|>"))
    start, image, video = words.convert_tokens_to_ids(list(places))
    eyes = tf.Qwen2VLImageProcessorPil(
        patch_size=4, merge_size=2, size={"shortest_edge": 64, "longest_edge": 4096}
    )
    config = tf.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(words),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e4,
                "mrope_section": [1, 1, 2],
            },
            **TEXT,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "patch_size": 4,
            "out_hidden_size": 16,
            "fullatt_block_indexes": [1],
            "window_size": 16,
        },
        vision_start_token_id=start,
        image_token_id=image,
        video_token_id=video,
    )
    network = tf.Qwen2_5_VLForConditionalGeneration(config)
    save(folder, network, words, eyes, processor_class="Qwen2_5_VLProcessor")


def internvl(folder: Path) -> None:
    words = tokenizer(
        INTERNVL,
        ROLES,
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    eyes = tf.GotOcr2ImageProcessorPil(
        size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=2
    )
    sizes = {**EYES, "image_size": [28, 28], "patch_size": [7, 7]}
    config = tf.InternVLConfig(
        text_config=tf.Qwen2Config(vocab_size=len(words), **TEXT),
        vision_config=tf.InternVLVisionConfig(**sizes),
        image_token_id=words.context_image_token_id,
        image_seq_length=4,
    )
    settings = {"processor_class": "InternVLProcessor", "image_seq_length": 4}
    save(folder, tf.InternVLForConditionalGeneration(config), words, eyes, **settings)


def smolvlm(folder: Path) -> None:
    words = tokenizer(
        SMOLVLM,
        ROLES,
        image_token="<image>",
        fake_image_token="<fake_token_around_image>",
        global_image_token="<global-img>",
        end_of_utterance_token="<end_of_utterance>",
        video_token="<video>",
    )
    eyes = tf.SmolVLMImageProcessorPil(
        size={"longest_edge": 56}, max_image_size={"longest_edge": 28}
    )
    config = tf.SmolVLMConfig(
        text_config=tf.LlamaConfig(vocab_size=len(words), **TEXT),
        vision_config={**EYES, "patch_size": 7},
        image_token_id=words.image_token_id,
        scale_factor=2,
        pad_token_id=words.pad_token_id,
    )
    settings = {"processor_class": "SmolVLMProcessor", "image_seq_len": 4}
    save(folder, tf.SmolVLMForConditionalGeneration(config), words, eyes, **settings)


BUILDERS = {"llava": llava, "qwen": qwen, "internvl": internvl, "smolvlm": smolvlm}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Callable[[str], Path]:
    """Return a function from a family to the folder of its checkpoint; tests only read it."""
    if MISSING:
        pytest.skip(f"torch and transformers are not installed: {MISSING}")
    folders: dict[str, Path] = {}

    def build(family: str) -> Path:
        if family == "smolvlm":
            pytest.importorskip("num2words", reason="num2words is not installed")
        if family not in folders:
            torch.manual_seed(0)
            folders[family] = tmp_path_factory.mktemp(family)
            BUILDERS[family](folders[family])
        return folders[family]

    return build
