"""The same work as a vision-language policy does, the way transformers alone does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from browser_env.acting import Decision
from browser_env.observation import Observation
from policy.vlm.encoding import Encoded
from policy.vlm.forward import kinds_of, pixels_of
from policy.vlm.pretrained import VISION, inner


class PlainWork:
    """Prompts and replies, written by ``generate`` and learned from by the model's own loss."""

    def __init__(
        self, policy: Any, pages: Sequence[Observation], decisions: Sequence[Decision], *, checkpointing: bool
    ) -> None:
        self._policy, self._checkpointing = policy, checkpointing
        self._prompts: list[Encoded] = [policy.reader.encode(page) for page in pages]
        self._replies = [decision.reply.tokens for decision in decisions if decision.reply is not None]
        self._optimizer = torch.optim.AdamW(list(policy.trained.values()), lr=0.0)

    @property
    def tokens(self) -> int:
        """How many tokens the prompts and replies have."""
        return sum(len(prompt.ids) for prompt in self._prompts) + sum(map(len, self._replies))

    @property
    def flops(self) -> float:
        """Return about how many operations learning from it takes at least, in products with weights alone.

        Forward, backward to activations where anything is trained below, backward to what is trained; nothing that is
        computed twice. Pictures are read patch by patch, and only the replies' tokens are compared with the vocabulary.
        """
        model = self._policy.model
        shape = inner(model).config.get_text_config()
        vision, language, trained, trained_vision = 0, 0, 0, 0
        for name, tensor in model.named_parameters():
            if any(part in name for part in VISION):
                vision += tensor.numel()
                trained_vision += tensor.numel() * tensor.requires_grad
            elif "embed_tokens" not in name and "lm_head" not in name:
                language += tensor.numel()
                trained += tensor.numel() * tensor.requires_grad
        replies = sum(map(len, self._replies))
        head = shape.vocab_size * shape.hidden_size
        return float(
            (4 * language + 2 * trained) * self.tokens
            + (2 * vision + 4 * trained_vision) * sum(map(self._patches, self._prompts))
            + 4 * head * replies
        )

    def write_one_by_one(self) -> None:
        """Write every reply alone, as long as the policy's."""
        for prompt, reply in zip(self._prompts, self._replies, strict=True):
            self._generate([prompt], most=len(reply))

    def write_together(self) -> None:
        """Write all replies side by side, as long as the policy's longest."""
        self._generate(self._prompts, most=max(map(len, self._replies)))

    def learn(self) -> None:
        """Take a step of no length on all replies, one after the other."""
        model, device = inner(self._policy.model), self._policy.device
        self._policy.model.train(self._checkpointing)
        for prompt, reply in zip(self._prompts, self._replies, strict=True):
            ids = torch.tensor([[*prompt.ids, *reply]], device=device)
            labels = torch.tensor([[-100] * len(prompt.ids) + list(reply)], device=device)
            more = {
                **pixels_of(model, [prompt]),
                **kinds_of(model, prompt, more=len(reply)),
                **self._pictures_places(prompt, ids),
            }
            output = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels, use_cache=False, **more)
            output.loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._policy.model.eval()

    @torch.no_grad()
    def _generate(self, prompts: Sequence[Encoded], *, most: int) -> None:
        model, device = inner(self._policy.model), self._policy.device
        longest = max(len(prompt.ids) for prompt in prompts)
        room = [longest - len(prompt.ids) for prompt in prompts]
        ids = torch.tensor([[0] * gap + list(prompt.ids) for gap, prompt in zip(room, prompts, strict=True)]).to(device)
        seen = torch.tensor([[0] * gap + [1] * (longest - gap) for gap in room], device=device)
        kinds = [kinds_of(model, prompt) for prompt in prompts]
        padded = {
            name: torch.cat([nn.functional.pad(kind[name], (gap, 0)) for gap, kind in zip(room, kinds, strict=True)])
            for name in kinds[0]
        }
        more = {**pixels_of(model, prompts, side_by_side=True), **padded, **self._pictures_places(prompts[0], ids)}
        model.generate(
            input_ids=ids,
            attention_mask=seen,
            **more,
            max_new_tokens=most,
            min_new_tokens=most,
            do_sample=True,
            top_k=0,
        )

    def _pictures_places(self, prompt: Encoded, ids: Tensor) -> dict[str, Tensor]:
        """Return by what models that place pictures in a plane tell them from text."""
        if "image_grid_thw" not in prompt.pixels:
            return {}
        return {"mm_token_type_ids": (ids == self._policy.image_token).int()}

    def _patches(self, prompt: Encoded) -> int:
        """Return how many patches a prompt's picture has, or tokens where that is not told."""
        grid = prompt.pixels.get("image_grid_thw")
        return prompt.ids.count(self._policy.image_token) if grid is None else int(grid.prod(dim=-1).sum())
