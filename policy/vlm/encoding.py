"""Prompts as tokens and pixels, through a model's own chat template and image processor."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from browser_env.acting import Turn
from browser_env.action import Action
from browser_env.errors import UsageError
from browser_env.observation import Observation, Screenshot
from policy.vlm.config import VlmConfig
from policy.vlm.coordinates import can_be_written, meant_action, written_action
from policy.vlm.pretrained import Tools, special_texts
from policy.vlm.prompt import Prompt, build_prompt, marks_of, plain
from policy.vlm.replies import THOUGHT_BEGINS, THOUGHT_ENDS, ends_in_thought, read_reply

IMAGE_TOKENS = ("<|image_pad|>", "<image>")  # that stand for a picture, in families whose processors need torchvision
NO_THOUGHT = f"\n{THOUGHT_ENDS}\n\n"  # goes on where a template begins a thought
KINDS = ("token_type_ids", "mm_token_type_ids")  # by which some models tell a picture's tokens from others
TEXT_INPUTS = ("input_ids", "attention_mask", *KINDS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """A prompt as a model takes it."""

    ids: tuple[int, ...]
    pixels: dict[str, Tensor] = field(default_factory=dict)  # what the model takes of the picture
    kinds: dict[str, Tensor] = field(default_factory=dict)  # of its tokens, each (1, length)
    picture: str = ""  # the picture's digest
    asked: Prompt | None = None  # what was encoded

    @cached_property
    def array(self) -> NDArray[np.int64]:
        """The tokens, quick to compare (length,)."""
        return np.array(self.ids, dtype=np.int64)


class Reader:
    """Encodes observations and reads replies; threads may share one."""

    def __init__(self, config: VlmConfig, tools: Tools, *, ends: Sequence[int]) -> None:
        self.config, self.tools, self.ends = config, tools, tuple(ends)
        self._marks = marks_of(special_texts(tools.tokenizer))
        self._lock = threading.Lock()  # tokenizers are not made for two threads at once
        self._count = lru_cache(maxsize=8192)(
            lambda text: len(tools.tokenizer(text, add_special_tokens=False)["input_ids"])
        )

    def encode(self, observation: Observation, past: Sequence[Turn] = ()) -> Encoded:
        """Return the prompt for a decision."""
        with self._lock:
            prompt = build_prompt(observation, past, self.config, count=self._count, marks=self._marks)
            inputs = self._inputs(prompt.messages(), [] if prompt.image is None else [prompt.image])
        return replace(_encoded(inputs, [] if prompt.image is None else [prompt.image]), asked=prompt)

    def encode_message(self, parts: Sequence[str | Screenshot], *, system: str) -> Encoded:
        """Return a message of texts and pictures as a prompt, after what the system says."""
        marks, images = self._marks, [part for part in parts if not isinstance(part, str)]
        content = [
            {"type": "text", "text": plain(part, marks)} if isinstance(part, str) else {"type": "image"}
            for part in parts
        ]
        messages: list[dict[str, object]] = [
            {"role": "system", "content": [{"type": "text", "text": system}]},
            {"role": "user", "content": content},
        ]
        with self._lock:
            return _encoded(self._inputs(messages, images), images)

    def target(self, observation: Observation, action: Action) -> tuple[int, ...]:
        """Return the reply that stands for an action, with the token that ends it."""
        text = NO_THOUGHT * self._begins_in_thought + self._action_text(observation, action)
        with self._lock:
            tokens = self.tools.tokenizer(text, add_special_tokens=False)["input_ids"]
        return (*tokens, *self.ends[:1])

    def possible_target(self, observation: Observation, action: Action) -> tuple[int, ...] | None:
        """Return the reply that stands for an action; None where it cannot be written.

        It is not offered then, longer than replies may be, or has marks in it that would be taken for more than text.
        """
        if not can_be_written(action, observation, self.config):
            return None
        if self._marks is not None and self._marks.search(self._action_text(observation, action)):
            return None
        target = self.target(observation, action)
        return target if len(target) <= self.config.max_new_tokens else None

    def _action_text(self, observation: Observation, action: Action) -> str:
        return written_action(action, observation, self.config).to_text()

    def text(self, tokens: Sequence[int]) -> str:
        """Return what a reply says."""
        said, tokenizer = [token for token in tokens if token not in self.ends], self.tools.tokenizer
        hidden = THOUGHT_ENDS not in tokenizer.all_special_tokens  # else thoughts could not be told from the reply
        with self._lock:
            return str(tokenizer.decode(said, skip_special_tokens=hidden, clean_up_tokenization_spaces=False))

    def action(self, observation: Observation, text: str) -> Action:
        """Return the action in a reply; raise :class:`ActionError` where there is none."""
        return meant_action(read_reply(THOUGHT_BEGINS * self._begins_in_thought + text), observation, self.config)

    @cached_property
    def _template_thinks(self) -> bool:
        """Whether the chat template begins a thought for the reply to go on with."""
        return ends_in_thought(self._told([{"role": "user", "content": [{"type": "text", "text": ""}]}]))

    @property
    def _begins_in_thought(self) -> bool:
        """Whether a reply begins within a thought; one that is held to actions has no room for any."""
        return self._template_thinks and not self.config.constrained

    def _told(self, messages: list[dict[str, object]]) -> str:
        """Return messages as the model's chat template writes them."""
        template = (self.tools.processor or self.tools.tokenizer).apply_chat_template
        return str(template(messages, add_generation_prompt=True, tokenize=False))

    def _inputs(self, messages: list[dict[str, object]], images: Sequence[Screenshot]) -> dict[str, Any]:
        tools, text = self.tools, self._told(messages)
        if self._template_thinks and self.config.constrained:
            text += NO_THOUGHT
        if tools.processor is not None:
            pictures = {"images": [list(images)]} if images else {}
            return dict(tools.processor(text=[text], **pictures, return_tensors="pt", add_special_tokens=False))
        pixels = dict(tools.image_processor(list(images), return_tensors="pt")) if images else {}
        ids = tools.tokenizer([self._with_room(text, pixels)], add_special_tokens=False)["input_ids"]
        return pixels | {"input_ids": ids}

    def _with_room(self, text: str, pixels: dict[str, Any]) -> str:
        """Repeat the tokens that stand for pictures as often as the model reads tokens of each."""
        if not pixels:
            return text
        if "image_grid_thw" not in pixels:
            raise UsageError(
                f"the processor of {self.config.model} cannot be loaded here ({self.tools.missing:.300});"
                " install what it needs, torchvision mostly"
            )
        size = self.tools.image_processor.merge_size**2
        counts = [int(grid.prod()) // size for grid in pixels["image_grid_thw"]]
        known = [token for token in IMAGE_TOKENS if token in text]
        between = text.split(known[0]) if known else [text]
        if len(between) != len(counts) + 1:
            raise UsageError(f"the chat template of {self.config.model} leaves pictures out; use picture=none")
        rooms = [known[0] * count for count in counts]
        return "".join(part + room for part, room in zip(between, [*rooms, ""], strict=True))


def _encoded(inputs: dict[str, Any], images: Sequence[Screenshot]) -> Encoded:
    pixels = {name: torch.as_tensor(value) for name, value in inputs.items() if name not in TEXT_INPUTS}
    kinds = {name: torch.as_tensor(inputs[name]) for name in KINDS if name in inputs}
    ids = tuple(int(token) for token in inputs["input_ids"][0])
    return Encoded(ids=ids, pixels=pixels, kinds=kinds, picture=_digest(images))


def _digest(images: Sequence[Screenshot]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for image in images:
        digest.update(image.tobytes())
    return digest.hexdigest() if images else ""
