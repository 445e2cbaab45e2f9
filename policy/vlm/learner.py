"""The learner of vision-language policies: imitation and clipped policy gradient, token by token, in one update."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from browser_env.errors import UsageError
from policy.ahead import ahead
from policy.metrics import Metrics, mean_metrics
from policy.samples import LearningSample
from policy.vlm.config import VlmConfig
from policy.vlm.encoding import Encoded
from policy.vlm.forward import Written, pack_up, reads_together
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.lessons import Lesson, Totals, loss_of
from policy.vlm.policy import VlmPolicy
from policy.vlm.pretrained import checkpoint_gradients
from policy.vlm.sharding import share_of, share_out, whole
from policy.vlm.team import LeadingTeam, Team


class Beginning(NamedTuple):
    """Where those who join a learner begin."""

    weights: dict[str, Tensor]
    version: int
    state: dict[str, Any]


class VlmLearner:
    """Updates a policy from samples that mix demonstrations and own experience."""

    def __init__(self, policy: VlmPolicy, config: VlmLearnerConfig, *, team: Team | None = None) -> None:
        self.policy, self.config = policy, config
        self.student = policy  # whose weights change; where they are sharded, another one that the policy follows
        leads = LeadingTeam(config.devices, partial(_follow, policy.config, config)) if config.devices > 1 else Team()
        self.team = team or leads
        self.masters = {  # that steps are taken on; on the processor until they are shared out
            name: nn.Parameter(tensor.detach().float().cpu()) if config.sharded else _master(tensor)
            for name, tensor in policy.trained.items()
        }
        self.optimizer = self._new_optimizer()
        self.generator = torch.Generator().manual_seed(config.seed)
        self.reference = policy.weights() if config.kl_weight else {}  # what learning began with
        self.steps = 0  # optimiser steps so far
        self._rate = 1.0
        self._spare: Encoded | None = None  # a prompt to read where there is nothing else
        self.surprises: list[float | None] = []  # of each sample of the last update, in nats; None: it was not used
        if policy.config.gradient_checkpointing:
            checkpoint_gradients(policy.model)

    def update(self, samples: Sequence[LearningSample], *, imitation_weight: float = 1.0, rate: float = 1.0) -> Metrics:
        """Learn from samples; return means over optimiser steps, and how many samples could not be used.

        A sample is imitated where its weight is positive and it is no failure, and reinforced where it has an
        advantage and a reply. All tokens of a minibatch count alike. ``rate`` is a factor of the learning rate.
        """
        again = partial(VlmLearner.update, samples=samples, imitation_weight=imitation_weight, rate=rate)
        with self.team.together(again, first=self._beginning):
            self._share_out()
            lessons = [lesson for sample in samples if (lesson := self._lesson(sample)) is not None]
            self._rate = rate
            rows: list[Metrics] = []
            surprises: dict[int, float] = {}  # by the sample's identity
            self.student.model.train(self.policy.config.gradient_checkpointing)
            for chosen, written in ahead(self._prepared(lessons)):
                metrics, log_probs = self._step(chosen, written, imitation_weight)
                rows.append(metrics)
                surprises |= {id(lesson.sample): -score for lesson, score in zip(chosen, log_probs, strict=True)}
            self.student.model.eval()
            self._hand_over()
        self.surprises = [surprises.get(id(sample)) for sample in samples]
        self.policy.version += 1
        skipped = float(len(samples) - len(lessons))
        return {"samples": float(len(lessons)), "samples_skipped": skipped, **mean_metrics(rows)}

    def close(self) -> None:
        """End the processes that learn on further devices."""
        self.team.close()

    def state(self) -> dict[str, Any]:
        """Return everything but the policy that an exact resume needs."""
        if self._is_shared:
            with self.team.together(VlmLearner.state, first=self._beginning):
                return cast(dict[str, Any], whole(self._state()))
        return self._state()

    def _state(self) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "steps": self.steps,
            "reference": self.reference,
            "masters": {name: master.detach() for name, master in self._masters_to_keep()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.steps = int(state["steps"])
        self.reference = {name: value.to(self.policy.device) for name, value in state["reference"].items()}
        with torch.no_grad():
            for name, master in self._apart():
                master.copy_(state["masters"].get(name, self.policy.trained[name]))

    def _new_optimizer(self) -> torch.optim.AdamW:
        config = self.config
        return torch.optim.AdamW(list(self.masters.values()), lr=config.learning_rate, weight_decay=config.weight_decay)

    @property
    def _is_shared(self) -> bool:
        """Whether this member holds no more than its share by now."""
        return any(isinstance(master, DTensor) for master in self.masters.values())

    def _share_out(self) -> None:
        """Where the recipe says so, and once there are others, keep a share of the weights and of the state."""
        if not self.config.sharded or self._is_shared:
            return
        state, masters = self.optimizer.state_dict(), self.masters
        self.student = self.policy.copy() if self.team.rank == 0 else self.policy  # only the leader's policy acts
        share_out(self.student, masters, size=self.team.size)
        self.masters = dict(self.student.trained)
        self.optimizer = self._new_optimizer()
        places = list(self.masters.values())
        slots = {
            index: {name: share_of(value, places[index]) for name, value in slot.items()}
            for index, slot in state["state"].items()
        }
        self.optimizer.load_state_dict({"state": slots, "param_groups": state["param_groups"]})
        self.reference = {name: share_of(value.float(), self.masters[name]) for name, value in self.reference.items()}

    @torch.no_grad()
    def _hand_over(self) -> None:
        """Give the leader's policy the weights of which all members hold shares."""
        if self._is_shared:
            for name, master in self.masters.items():
                weights = whole(master)
                if self.team.rank == 0:
                    self.policy.trained[name].copy_(weights)

    def _apart(self) -> list[tuple[str, Tensor]]:
        """Return, by name, the masters that are not the weights that gradients are of."""
        trained = self.student.trained
        return [(name, master) for name, master in self.masters.items() if master is not trained[name]]

    def _masters_to_keep(self) -> list[tuple[str, Tensor]]:
        return list(self.masters.items()) if self._is_shared else self._apart()

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
            if self._spare is None and self.config.sharded:
                self._spare = self._read(batch[:1])[0].prompt
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
        self.student.model.zero_grad(set_to_none=True)
        packs = self._packs(written)
        sums, log_probs = self._differentiate(self.team.share(minibatch), written, packs, totals, imitation_weight)
        shares = self.team.collect((sums, log_probs))
        self._gather_gradients()
        names = {name for share, _ in shares for name in share}
        together = {name: sum(share.get(name, 0.0) for share, _ in shares) for name in sorted(names)}
        return self._descend(together), _interleaved([scores for _, scores in shares])

    def _packs(self, written: Sequence[Written]) -> list[list[int]]:
        """Return which of this member's rows are read together.

        Where weights are shared out, members read together, too: who has fewer packs than others gets empty ones.
        """
        together = reads_together(self.student.model, written)
        packs = pack_up([row.length for row in written], most=self.config.pack_tokens if together else 1)
        if not self._is_shared:
            return packs
        told = self.team.collect((len(packs), {bool(row.prompt.pixels) for row in written}))
        if not self.policy.config.lora_rank and len(set().union(*(pictures for _, pictures in told))) > 1:
            raise UsageError(
                "some pages have pictures and some have none, which sharded learning of all weights cannot mix;"
                " set policy.picture=none, or learning.sharded=false"
            )
        return packs + [[]] * (max(number for number, _ in told) - len(packs))

    def _differentiate(
        self,
        lessons: Sequence[Lesson],
        written: Sequence[Written],
        packs: Sequence[Sequence[int]],
        totals: Totals,
        imitation_weight: float,
    ) -> tuple[Metrics, list[float]]:
        """Add this member's share to the gradient; return its share of the metrics, and its log-probabilities."""
        known = self._under_reference(lessons, written, packs)
        sums: Metrics = {}
        log_probs = [0.0] * len(lessons)
        for pack in packs:
            if not pack:
                (self._nothing() * 0).backward()  # type: ignore[no-untyped-call]
                continue
            scores = self._score(lessons, written, pack)
            chosen, under = [lessons[i] for i in pack], [known.get(i) for i in pack]
            loss, parts = loss_of(chosen, scores, under, totals, self.config, imitation_weight=imitation_weight)
            loss.backward()  # type: ignore[no-untyped-call]
            sums = {name: sums.get(name, 0.0) + parts.get(name, 0.0) for name in {**sums, **parts}}
            for index, row in zip(pack, scores, strict=True):
                log_probs[index] = float(row.detach().sum())
        return sums | {"packs": float(sum(map(bool, packs)))}, log_probs

    def _nothing(self) -> Tensor:
        """Read something of which nothing is learned, while others read what is."""
        prompt = self._spare
        assert prompt is not None, "an empty pack comes after a minibatch was read"
        return self.student.score([Written(prompt=prompt, reply=self.policy.reader.ends[:1])])[0].sum()

    def _gather_gradients(self) -> None:
        """Give the masters the gradient of all members."""
        if self._is_shared:
            return  # they have it from the backward passes
        trained = self.student.trained
        for name, master in self._apart():
            grad = trained[name].grad
            master.grad = None if grad is None else grad.to(master.dtype)
            trained[name].grad = None
        if self.team.size > 1:
            for master in self.masters.values():
                master.grad = torch.zeros_like(master) if master.grad is None else master.grad
            self.team.add_up([master.grad for master in self.masters.values() if master.grad is not None])

    def _descend(self, metrics: Metrics) -> Metrics:
        trained = self.student.trained
        norm = float(whole(torch.nn.utils.clip_grad_norm_(self.masters.values(), self.config.max_grad_norm)))
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
        return self.student.score([written[i] for i in pack], allowed)

    def _under_reference(
        self, lessons: Sequence[Lesson], written: Sequence[Written], packs: Sequence[Sequence[int]]
    ) -> dict[int, Tensor]:
        """Return the reinforced rows' log-probabilities under the policy that learning began with."""
        if not self.reference:
            return {}
        now, version = self.student.weights(), self.student.version
        self.student.take_over(self.reference, version=version)
        known: dict[int, Tensor] = {}
        with torch.no_grad():
            for pack in packs:
                reinforced = [i for i in pack if lessons[i].reinforced]
                if reinforced:
                    known |= dict(zip(reinforced, self._score(lessons, written, reinforced), strict=True))
                elif self._is_shared:
                    self._nothing()
        self.student.take_over(now, version=version)
        return known


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
    if device != "cpu":
        torch.cuda.set_device(device)
    learner = VlmLearner(VlmPolicy(config, seed=0, device=device), learning, team=team)
    learner.policy.take_over(beginning.weights, version=beginning.version)
    learner.load_state(beginning.state)
    while (step := team.hear()) is not None:
        step(learner)
