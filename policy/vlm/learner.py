"""The learner of vision-language policies: imitation and clipped policy gradient, token by token, in one update."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from policy.ahead import ahead
from policy.losses import clip_fraction, clipped_policy_loss, imitation_loss, importance_ratios, kl_estimate
from policy.metrics import Metrics, mean_metrics
from policy.samples import LearningSample
from policy.vlm.config import VlmConfig
from policy.vlm.forward import Written, pack_up
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.policy import VlmPolicy
from policy.vlm.pretrained import checkpoint_gradients
from policy.vlm.team import LeadingTeam, Team


class Lesson(NamedTuple):
    """A sample and the reply that it teaches."""

    sample: LearningSample
    reply: tuple[int, ...]

    @property
    def reinforced(self) -> bool:
        """Whether the policy gradient uses it."""
        return self.sample.advantage is not None and self.sample.reply is not None and bool(self.sample.reply.tokens)


class Totals(NamedTuple):
    """What the losses of a minibatch are divided by, however it is split into packs."""

    weight: float  # of all imitated tokens
    tokens: int  # reinforced


class Beginning(NamedTuple):
    """Where those who join a learner begin."""

    weights: dict[str, Tensor]
    version: int
    state: dict[str, Any]


class VlmLearner:
    """Updates a policy from samples that mix demonstrations and own experience."""

    def __init__(self, policy: VlmPolicy, config: VlmLearnerConfig, *, team: Team | None = None) -> None:
        self.policy, self.config = policy, config
        leads = LeadingTeam(config.devices, partial(_follow, policy.config, config)) if config.devices > 1 else Team()
        self.team = team or leads
        self.masters = {name: _master(tensor) for name, tensor in policy.trained.items()}  # that steps are taken on
        self.optimizer = torch.optim.AdamW(
            list(self.masters.values()), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        self.reference = policy.weights() if config.kl_weight else {}  # what learning began with
        self.steps = 0  # optimiser steps so far
        self._rate = 1.0
        self.surprises: list[float | None] = []  # of each sample of the last update, in nats; None: it was not used
        if policy.config.gradient_checkpointing:
            checkpoint_gradients(policy.model)

    def update(self, samples: Sequence[LearningSample], *, imitation_weight: float = 1.0, rate: float = 1.0) -> Metrics:
        """Learn from samples; return means over optimiser steps, and how many samples could not be used.

        A sample is imitated where its weight is positive and it is no failure, and reinforced where it has an
        advantage and a reply. All tokens of a minibatch count alike. ``rate`` is a factor of the learning rate.
        """
        with self.team.together((samples, imitation_weight, rate), first=self._beginning):
            lessons = [lesson for sample in samples if (lesson := self._lesson(sample)) is not None]
            self._rate = rate
            rows: list[Metrics] = []
            surprises: dict[int, float] = {}  # by the sample's identity
            self.policy.model.train(self.policy.config.gradient_checkpointing)
            for chosen, written in ahead(self._prepared(lessons)):
                metrics, log_probs = self._step(chosen, written, imitation_weight)
                rows.append(metrics)
                surprises |= {id(lesson.sample): -score for lesson, score in zip(chosen, log_probs, strict=True)}
        self.policy.model.eval()
        self.surprises = [surprises.get(id(sample)) for sample in samples]
        self.policy.version += 1
        skipped = float(len(samples) - len(lessons))
        return {"samples": float(len(lessons)), "samples_skipped": skipped, **mean_metrics(rows)}

    def close(self) -> None:
        """End the processes that learn on further devices."""
        self.team.close()

    def state(self) -> dict[str, Any]:
        """Return everything but the policy that an exact resume needs."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "steps": self.steps,
            "reference": self.reference,
            "masters": {name: master.detach() for name, master in self._apart()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.steps = int(state["steps"])
        self.reference = {name: value.to(self.policy.device) for name, value in state["reference"].items()}
        with torch.no_grad():
            for name, master in self._apart():
                master.copy_(state["masters"][name])

    def _apart(self) -> list[tuple[str, Tensor]]:
        """Return, by name, the masters that are not the policy's own weights."""
        trained = self.policy.trained
        return [(name, master) for name, master in self.masters.items() if master is not trained[name]]

    def _beginning(self) -> Beginning:
        return Beginning(_on_cpu(self.policy.weights()), self.policy.version, _on_cpu(self.state()))

    def _lesson(self, sample: LearningSample) -> Lesson | None:
        """Return what a sample teaches; None where there is nothing, or nothing that can be read again."""
        reply = sample.reply
        if reply is not None and self.policy.image_token in reply.tokens:
            return None  # there is no picture for it
        if sample.advantage is not None and reply is not None and reply.tokens:
            return Lesson(sample, reply.tokens)
        if sample.weight <= 0 or sample.desired_return < 1:
            return None  # it is not told what to reach, so failures are no examples
        if reply is not None and reply.tokens and reply.error is None:
            return Lesson(sample, reply.tokens)
        target = self.policy.reader.possible_target(sample.observation, sample.action)
        return None if target is None else Lesson(sample, target)

    def _batches(self, lessons: Sequence[Lesson]) -> Iterator[list[Lesson]]:
        for _ in range(self.config.epochs if lessons else 0):
            order = torch.randperm(len(lessons), generator=self.generator).tolist()
            for start in range(0, len(order), self.config.minibatch):
                yield [lessons[i] for i in order[start : start + self.config.minibatch]]

    def _prepared(self, lessons: Sequence[Lesson]) -> Iterator[tuple[list[Lesson], list[Written]]]:
        """Yield minibatches with this member's prompts of them."""
        for batch in self._batches(lessons):
            yield batch, self._read(self.team.share(batch))

    def _read(self, lessons: Sequence[Lesson]) -> list[Written]:
        encode = self.policy.reader.encode
        return [Written(prompt=encode(s.observation, s.past), reply=reply) for s, reply in lessons]

    def _step(
        self, minibatch: Sequence[Lesson], written: Sequence[Written], imitation_weight: float
    ) -> tuple[Metrics, list[float]]:
        """Take one optimiser step, unless the gradient is not finite; return also the log-probabilities before it."""
        totals = Totals(
            sum(max(lesson.sample.weight, 0.0) * len(lesson.reply) for lesson in minibatch),
            sum(len(lesson.reply) for lesson in minibatch if lesson.reinforced),
        )
        self.policy.model.zero_grad(set_to_none=True)
        sums, log_probs = self._differentiate(self.team.share(minibatch), written, totals, imitation_weight)
        shares = self.team.collect((sums, log_probs))
        self._gather_gradients()
        names = {name for share, _ in shares for name in share}
        together = {name: sum(share.get(name, 0.0) for share, _ in shares) for name in sorted(names)}
        return self._descend(together), _interleaved([scores for _, scores in shares])

    def _differentiate(
        self, lessons: Sequence[Lesson], written: Sequence[Written], totals: Totals, imitation_weight: float
    ) -> tuple[Metrics, list[float]]:
        """Add this member's share to the gradient; return its share of the metrics, and its log-probabilities."""
        packs = pack_up([row.length for row in written], most=self.config.pack_tokens)
        known = self._under_reference(lessons, written, packs)
        sums: Metrics = {}
        log_probs = [0.0] * len(lessons)
        for pack in packs:
            scores = self._score(lessons, written, pack)
            loss, parts = self._loss(
                [lessons[i] for i in pack], scores, [known.get(i) for i in pack], totals, imitation_weight
            )
            loss.backward()  # type: ignore[no-untyped-call]
            sums = {name: sums.get(name, 0.0) + parts.get(name, 0.0) for name in {**sums, **parts}}
            for index, row in zip(pack, scores, strict=True):
                log_probs[index] = float(row.detach().sum())
        return sums | {"packs": float(len(packs))}, log_probs

    def _gather_gradients(self) -> None:
        """Give the masters the gradient of all members."""
        trained = self.policy.trained
        for name, master in self._apart():
            grad = trained[name].grad
            master.grad = None if grad is None else grad.to(master.dtype)
            trained[name].grad = None
        if self.team.size > 1:
            for master in self.masters.values():
                master.grad = torch.zeros_like(master) if master.grad is None else master.grad
            self.team.add_up([master.grad for master in self.masters.values() if master.grad is not None])

    def _descend(self, metrics: Metrics) -> Metrics:
        trained = self.policy.trained
        norm = float(torch.nn.utils.clip_grad_norm_(self.masters.values(), self.config.max_grad_norm))
        if not math.isfinite(norm):
            return {**metrics, "broken_steps": 1.0}
        for group in self.optimizer.param_groups:
            group["lr"] = (
                self._rate * self.config.learning_rate * min(1.0, (self.steps + 1) / max(self.config.warmup_steps, 1))
            )
        self.optimizer.step()
        with torch.no_grad():
            for name, master in self._apart():
                trained[name].copy_(master)
        self.steps += 1
        return {**metrics, "grad_norm": norm, "broken_steps": 0.0}

    def _score(self, lessons: Sequence[Lesson], written: Sequence[Written], pack: Sequence[int]) -> list[Tensor]:
        """Return each row's log-probabilities: of own replies as they were drawn, of others as free text."""
        chosen = [lessons[i] for i in pack]
        allowed = [
            self.policy.masks(lesson.sample.observation, lesson.reply) if lesson.reinforced else None
            for lesson in chosen
        ]
        return self.policy.score([written[i] for i in pack], allowed)

    def _under_reference(
        self, lessons: Sequence[Lesson], written: Sequence[Written], packs: Sequence[Sequence[int]]
    ) -> dict[int, Tensor]:
        """Return the reinforced rows' log-probabilities under the policy that learning began with."""
        if not self.reference:
            return {}
        now, version = self.policy.weights(), self.policy.version
        self.policy.take_over(self.reference, version=version)
        known: dict[int, Tensor] = {}
        with torch.no_grad():
            for pack in packs:
                if reinforced := [i for i in pack if lessons[i].reinforced]:
                    known |= dict(zip(reinforced, self._score(lessons, written, reinforced), strict=True))
        self.policy.take_over(now, version=version)
        return known

    def _loss(
        self,
        lessons: Sequence[Lesson],
        scores: Sequence[Tensor],
        known: Sequence[Tensor | None],
        totals: Totals,
        imitation_weight: float,
    ) -> tuple[Tensor, Metrics]:
        """Return a pack's share of the loss, and of what there is to watch."""
        total = scores[0].sum() * 0
        parts: dict[str, Tensor] = {}
        weights = [max(lesson.sample.weight, 0.0) * len(lesson.reply) for lesson in lessons]
        if sum(weights):
            log_probs, spread = torch.cat(list(scores)), self._spread([w.sample.weight for w in lessons], scores)
            parts["imitation_loss"] = imitation_loss(log_probs, spread.clamp(min=0)) * sum(weights) / totals.weight
            total = total + imitation_weight * parts["imitation_loss"]
        if rows := [i for i, lesson in enumerate(lessons) if lesson.reinforced]:
            tokens = sum(len(scores[i]) for i in rows)
            reinforced = self._reinforce(
                [lessons[i] for i in rows], [scores[i] for i in rows], [known[i] for i in rows]
            )
            parts |= {name: part * tokens / totals.tokens for name, part in reinforced.items()}
            total = total + self.config.policy_weight * parts["policy_loss"]
            total = total + self.config.kl_weight * parts.get("kl_reference", 0)
        return total, {name: float(part.detach()) for name, part in (parts | {"loss": total}).items()}

    def _reinforce(
        self, lessons: Sequence[Lesson], scores: Sequence[Tensor], known: Sequence[Tensor | None]
    ) -> dict[str, Tensor]:
        """Return the policy gradient's loss over tokens and what there is to watch about it."""
        log_probs = torch.cat(list(scores))
        replies = [lesson.sample.reply for lesson in lessons]
        behaviour = log_probs.new_tensor([value for reply in replies if reply for value in reply.log_probs])
        ratios = importance_ratios(log_probs, behaviour, largest=self.config.max_ratio)
        advantages = self._spread([lesson.sample.advantage or 0.0 for lesson in lessons], scores)
        parts = {
            "policy_loss": clipped_policy_loss(ratios, advantages, clip=self.config.clip),
            "mean_ratio": ratios.detach().mean(),
            "clip_fraction": clip_fraction(ratios.detach(), clip=self.config.clip),
            "kl": kl_estimate(log_probs.detach(), behaviour),
        }
        reference = [scores for scores in known if scores is not None]
        return parts | ({"kl_reference": kl_estimate(torch.cat(reference), log_probs)} if reference else {})

    def _spread(self, values: Sequence[float], scores: Sequence[Tensor]) -> Tensor:
        """Return each row's value once for each of its tokens."""
        lengths = torch.tensor([len(row) for row in scores], device=self.policy.device)
        return torch.repeat_interleave(torch.tensor(values, device=self.policy.device), lengths)


def _master(tensor: nn.Parameter) -> nn.Parameter:
    """Return a weight, in float32 where it has fewer digits: in bfloat16 small steps would be rounded away."""
    return tensor if tensor.dtype == torch.float32 else nn.Parameter(tensor.detach().float())


def _on_cpu(value: Any) -> Any:
    """Return tensors, and dictionaries of them, without ties to a device."""
    if isinstance(value, Tensor):
        return value.cpu()
    return {key: _on_cpu(item) for key, item in value.items()} if isinstance(value, dict) else value


def _interleaved(shares: Sequence[Sequence[float]]) -> list[float]:
    """Return what members have of a minibatch in its order."""
    return [value for row in zip_longest(*shares) for value in row if value is not None]


def _follow(config: VlmConfig, learning: VlmLearnerConfig, team: Team) -> None:
    """Take the leader's updates on another device, until it says that there are no more."""
    beginning: Beginning = team.hear()
    device = f"cuda:{team.rank}" if torch.cuda.is_available() and config.device != "cpu" else "cpu"
    learner = VlmLearner(VlmPolicy(config, seed=0, device=device), learning, team=team)
    learner.policy.take_over(beginning.weights, version=beginning.version)
    learner.load_state(beginning.state)
    while (update := team.hear()) is not None:
        samples, imitation_weight, rate = update
        learner.update(samples, imitation_weight=imitation_weight, rate=rate)
