"""Chat templates of the families that there are, in their words: pictures, turns and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from transformers import PreTrainedTokenizerFast

from browser_env.action import Click
from browser_env.observation import Observation
from policy.vlm.encoding import Reader
from policy.vlm.policy import VlmPolicy
from policy.vlm.pretrained import Tools, ends_of
from policy.vlm.prompt import build_prompt
from policy.vlm.tiny import END, IMAGE, train_tokenizer
from tests.policy.vlm.conftest import small

PARTS = (
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}PICTURE"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
)
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}PARTS{% endif %}{{ '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QWEN_PICTURE, INTERN_PICTURE = "<|vision_start|><|image_pad|><|vision_end|>", "<IMG_CONTEXT>\n"


class Family(NamedTuple):
    template: str
    picture: str
    begins: str  # how a reply is begun
    end: str  # of a turn; the tokenizer's own where the template has none
    marks: tuple[str, ...]


FAMILIES = {
    "qwen2.5-vl": Family(
        "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are helpful.<|im_end|>\n{% endif %}" + CHATML,
        *(QWEN_PICTURE, "<|im_start|>assistant\n", "<|im_end|>"),
        ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"),
    ),
    "qwen3-vl-thinking": Family(  # which looks for thoughts in replies, as texts
        CHATML.replace(
            "{% if message['content'] is string %}",
            "{% if message['role'] == 'assistant' %}{{ message['content'].split('</think>')[-1] }}"
            "{% elif message['content'] is string %}",
        ).replace("assistant\n' }}{% endif %}", "assistant\n<think>\n' }}{% endif %}"),
        *(QWEN_PICTURE, "<|im_start|>assistant\n<think>\n", "<|im_end|>"),
        ("<|im_start|>", "<|im_end|>", "<|image_pad|>", "<think>", "</think>"),
    ),
    "internvl": Family(
        CHATML, INTERN_PICTURE, "<|im_start|>assistant\n", "<|im_end|>", ("<|im_start|>", "<|im_end|>", "<IMG_CONTEXT>")
    ),
    "smolvlm": Family(
        "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
        "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
        "PARTS<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}",
        *("<image>", "Assistant:", "<end_of_utterance>"),
        ("<|im_start|>",),
    ),
    "gemma3": Family(
        "{{ bos_token }}{% for message in messages %}"
        "{% set role = 'model' if message['role'] == 'assistant' else 'user' %}"
        "{{ '<start_of_turn>' + role + '\n' }}{% if message['content'] is string %}{{ message['content'] | trim }}"
        "{% else %}PARTS{% endif %}{{ '<end_of_turn>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
        *("<start_of_image>", "<start_of_turn>model\n", "<end_of_turn>"),
        ("<start_of_turn>", "<end_of_turn>", "<start_of_image>"),
    ),
    "llama-3.2-vision": Family(
        "{{ bos_token }}{% for message in messages %}"
        "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}PARTS{{ '<|eot_id|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
        *("<|image|>", "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|image|>"),
    ),
    "pixtral": Family(
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}[INST]PARTS[/INST]"
        "{% elif message['content'] is not string %}{{ raise_exception('only texts are supported as replies') }}"
        "{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}",
        *("[IMG]", "[/INST]", END),
        ("[INST]", "[/INST]", "[IMG]"),
    ),
    "llava-1.5": Family(
        "{% for message in messages %}{{ 'USER: ' if message['role'] == 'user' else 'ASSISTANT: ' }}PARTS{{ ' ' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
        *("<image>\n", "ASSISTANT:", END),
        (),
    ),
    "glm-4.1v": Family(
        "[gMASK]<sop>{% for message in messages %}{{ '<|' + message['role'] + '|>\n' }}PARTS{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
        *("<|begin_of_image|><|image|><|end_of_image|>", "<|assistant|>\n", END),
        ("[gMASK]", "<sop>", "<|user|>", "<|assistant|>", "<|image|>"),
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_message_goes_through_a_familys_template(
    name: str, page: Callable[..., Observation], make_policy: Callable[..., VlmPolicy]
) -> None:
    family = FAMILIES[name]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=train_tokenizer(), bos_token="<bos>", eos_token=END,
        additional_special_tokens=[IMAGE, *family.marks],
        chat_template=family.template.replace("PARTS", PARTS).replace("PICTURE", family.picture),
    )  # fmt: skip
    tools = Tools(tokenizer=tokenizer, image_processor=None)
    prompt = build_prompt(page(), (), small(), count=len)
    told = str(tokenizer.apply_chat_template(prompt.messages(), add_generation_prompt=True, tokenize=False))
    assert told.count(family.picture) == 1
    assert told.index(prompt.before.strip()) < told.index(family.picture) < told.index(prompt.after.strip())
    assert told.endswith(family.begins)
    ends = ends_of(make_policy().model, tools)
    assert ends[0] == tokenizer.convert_tokens_to_ids(family.end)
    assert tokenizer.eos_token_id in ends
    reader = Reader(small(), tools, ends=ends)
    target = reader.target(page(), Click("e1"))
    assert target[-1] == ends[0]
    assert reader.action(page(), reader.text(target)) == Click("e1")
