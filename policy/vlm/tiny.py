"""Small random models of real architectures: for tests, for trying things out, for machines without a GPU."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from browser_env.action import ACTIONS

VOCABULARY = 640  # tokens, all bytes among them
WIDTH = 64
IMAGE, END, PAD = "<image>", "<end_of_utterance>", "<pad>"
AROUND, WHOLE = "<fake_token_around_image>", "<global-img>"
SPECIAL = (PAD, "<bos>", END, IMAGE, AROUND, WHOLE)
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' }}"
    "{% for item in message['content'] %}{% if item['type'] == 'image' %}{{ '<image>' }}"
    "{% else %}{{ item['text'] }}{% endif %}{% endfor %}{{ '<end_of_utterance>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
WORDS = (
    "You work in a web browser. Reply with the next action as one function call: target path options text key",
    "A target is an element's id such as e12 or a point (x, y) from (0, 0) to (1000, 1000). Texts stand in quotes.",
    "Goal: Click on the button. Enter the text and press Submit. Select the option. Elements: Done: but (out of view)",
    "button textbox generic link checkbox radio combobox option heading paragraph editable focused checked disabled",
    *(f"{verb}(e{number}, 'text') {verb}(e{number + 1})" for number, verb in enumerate(ACTIONS, start=1)),
)
TEXT: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}
PLANES: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
IDEFICS: dict[str, Any] = {
    "text_config": TEXT,
    "vision_config": VISION | {"image_size": 64, "patch_size": 8},
    "image_token_id": SPECIAL.index(IMAGE),
    "scale_factor": 2,
    "pad_token_id": 0,
}
CONFIGS: dict[str, dict[str, Any]] = {  # by name: what a model of that architecture is made of
    "tiny-llava": {
        "model_type": "llava",
        "text_config": TEXT,
        "vision_config": VISION | {"model_type": "clip_vision_model", "image_size": 64, "patch_size": 16},
        "image_token_id": SPECIAL.index(IMAGE),
        "vision_feature_layer": -1,
    },
    "tiny-idefics3": IDEFICS | {"model_type": "idefics3"},
    "tiny-smolvlm": IDEFICS | {"model_type": "smolvlm"},
    "tiny-windowed": {  # each layer sees the last tokens only
        "model_type": "llava",
        "text_config": TEXT | {"model_type": "mistral", "sliding_window": 16},
        "vision_config": VISION | {"model_type": "clip_vision_model", "image_size": 64, "patch_size": 16},
        "image_token_id": SPECIAL.index(IMAGE),
        "vision_feature_layer": -1,
    },
    "tiny-internvl": {
        "model_type": "internvl",
        "text_config": TEXT | {"model_type": "qwen2"},
        "vision_config": VISION | {"model_type": "internvl_vision", "image_size": [64, 64], "patch_size": [16, 16]},
        "image_token_id": SPECIAL.index(IMAGE),
        "image_seq_length": 4,
        "downsample_ratio": 0.5,
    },
    "tiny-gemma3": {  # a picture's tokens see each other; every other layer sees the last tokens only
        "model_type": "gemma3",
        "text_config": TEXT
        | {
            "model_type": "gemma3_text",
            "head_dim": 16,
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention"],
        },
        "vision_config": VISION
        | {"model_type": "siglip_vision_model", "image_size": 64, "patch_size": 16, "vision_use_head": False},
        "mm_tokens_per_image": 4,
        "image_token_id": SPECIAL.index(IMAGE),
        "boi_token_index": SPECIAL.index(AROUND),
        "eoi_token_index": SPECIAL.index(WHOLE),
    },
    "tiny-qwen2-vl": {
        "model_type": "qwen2_vl",
        "text_config": TEXT | {"model_type": "qwen2_vl_text", "rope_parameters": PLANES},
        "vision_config": {"depth": 1, "embed_dim": 32, "hidden_size": WIDTH, "num_heads": 2, "patch_size": 14},
        "image_token_id": SPECIAL.index(IMAGE),
    },
    "tiny-qwen2.5-vl": {
        "model_type": "qwen2_5_vl",
        "text_config": TEXT | {"model_type": "qwen2_5_vl_text", "rope_parameters": PLANES},
        "vision_config": VISION
        | {
            "depth": 2,
            "out_hidden_size": WIDTH,
            "num_heads": 2,
            "patch_size": 14,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        },
        "image_token_id": SPECIAL.index(IMAGE),
    },
}
PICTURES = {"tiny-gemma3": {"boi_token": AROUND, "eoi_token": WHOLE, "image_token": IMAGE}}  # marks around pictures
LLAVA: dict[str, dict[str, Any]] = {
    "image": {"size": {"shortest_edge": 64}, "crop_size": {"height": 64, "width": 64}},
    "both": {"patch_size": 16, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
}
SMALL_IDEFICS: dict[str, dict[str, Any]] = {
    "image": {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 64}, "do_image_splitting": False},
    "both": {"image_seq_len": 16},
}
SMALL_QWEN: dict[str, dict[str, Any]] = {"image": {"min_pixels": 784, "max_pixels": 28 * 28 * 16}, "both": {}}
PROCESSORS: dict[str, dict[str, dict[str, Any]]] = {  # by name: arguments of the image processor and of the processor
    "tiny-llava": LLAVA,
    "tiny-windowed": LLAVA,
    "tiny-internvl": {
        "image": LLAVA["image"],
        "both": {"patch_size": 32, "vision_feature_select_strategy": "full", "num_additional_image_tokens": 0},
    },
    "tiny-idefics3": SMALL_IDEFICS,
    "tiny-smolvlm": SMALL_IDEFICS,
    "tiny-gemma3": {"image": {"size": {"height": 64, "width": 64}}, "both": {"image_seq_length": 4}},
    "tiny-qwen2-vl": SMALL_QWEN,
    "tiny-qwen2.5-vl": SMALL_QWEN,
}


def train_tokenizer() -> Tokenizer:
    """Return a byte-level tokenizer that knows the words of prompts; it is the same every time."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*WORDS, json.dumps(sorted(ACTIONS))], trainer)
    return tokenizer
