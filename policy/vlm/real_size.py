"""The shapes of real models, to measure a machine with random weights; their tokenizer is the tiny models'."""

from __future__ import annotations

from typing import Any

from policy.vlm.tiny import IMAGE, SPECIAL

PLANES: dict[str, Any] = {"rope_type": "default", "rope_theta": 1000000.0, "mrope_section": [16, 24, 24]}
ENDS: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
REAL_SIZE: dict[str, dict[str, Any]] = {  # by name: what a model of that size is made of
    "random-qwen2-vl-2b": {
        "model_type": "qwen2_vl",
        "text_config": ENDS
        | {
            "model_type": "qwen2_vl_text",
            "vocab_size": 151936,
            "hidden_size": 1536,
            "intermediate_size": 8960,
            "num_hidden_layers": 28,
            "num_attention_heads": 12,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32768,
            "rope_parameters": PLANES,
        },
        "vision_config": {"depth": 32, "embed_dim": 1280, "hidden_size": 1536, "num_heads": 16, "patch_size": 14},
        "image_token_id": SPECIAL.index(IMAGE),
        "tie_word_embeddings": True,
    },
    "random-qwen2.5-vl-7b": {
        "model_type": "qwen2_5_vl",
        "text_config": ENDS
        | {
            "model_type": "qwen2_5_vl_text",
            "vocab_size": 152064,
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "max_position_embeddings": 32768,
            "rope_parameters": PLANES,
        },
        "vision_config": {
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "out_hidden_size": 3584,
            "patch_size": 14,
            "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
        "image_token_id": SPECIAL.index(IMAGE),
        "tie_word_embeddings": False,
    },
}
