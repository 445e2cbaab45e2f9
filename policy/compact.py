"""The compact multimodal policy: one small network, trained from nothing, for all tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from browser_env.acting import Decision, Turn
from browser_env.action import Action
from browser_env.observation import Observation
from policy.batch import Batch, collate
from policy.choice import Choice, decode, encode
from policy.config import CompactConfig
from policy.device import AUTO, device_of
from policy.distribution import build_targets, choose, entropy, expressible, log_probs
from policy.exploring import exploration_chance, explore, mixed_log_prob
from policy.features import Features
from policy.network import CompactNetwork, Encoded
from policy.page import Page
from policy.reading import Reader

GPU_PADDING = 16  # fewer distinct shapes to compile for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """An observation as the policy reads it, and the choice that stands for an action there."""

    page: Page
    features: Features
    choice: Choice


class Evaluation(NamedTuple):
    """What the policy thinks of B actions; with gradients where they are enabled."""

    log_prob: Tensor  # (B,)
    entropy: Tensor  # (B,), of kind and element, in nats
    value: Tensor  # (B,), expected return


class CompactPolicy:
    """Maps observations to actions with a :class:`CompactNetwork`."""

    def __init__(
        self,
        config: CompactConfig,
        *,
        seed: int,
        device: str | torch.device = AUTO,
        compiled: bool | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.config = config
        self._reader = reader or Reader(config)
        self.device = device_of(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = CompactNetwork(config).to(self.device)
        self.generator = torch.Generator().manual_seed(seed)
        compiled = self.device.type == "cuda" if compiled is None else compiled
        self._encode = torch.compile(self.network, dynamic=True) if compiled else self.network
        self.exploration = 0.0  # chance, where nothing is hoped for, of any click or selection; see policy.exploring
        self._version = 0

    def copy(self) -> CompactPolicy:
        """Return another policy that is the same now and changes on its own."""
        compiled = self._encode is not self.network
        twin = CompactPolicy(self.config, seed=0, device=self.device, compiled=compiled, reader=self._reader)
        twin.network.load_state_dict(self.network.state_dict())
        twin.generator.set_state(self.generator.get_state())
        twin.exploration, twin.version = self.exploration, self.version
        return twin

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights."""
        return {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}

    def take_over(self, weights: dict[str, Tensor], *, version: int) -> None:
        """Use these weights from now on."""
        self.network.load_state_dict(weights)
        self.version = version

    def practise(self, *, exploration: float, seed: int) -> None:
        """Draw from a seed and explore, with this chance where nothing is hoped for."""
        self.exploration = exploration
        self.generator.manual_seed(seed)

    @property
    def version(self) -> int:
        """The number of learner updates so far."""
        return self._version

    @version.setter
    def version(self, version: int) -> None:
        self._version = version

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation as if nothing was done before; sample unless ``greedy``."""
        return self.act_after(observations, [()] * len(observations), greedy=greedy)

    def act_after(
        self, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]], *, greedy: bool = False
    ) -> list[Decision]:
        """Decide for each observation, given the turns that led to it; sample unless ``greedy``."""
        if not observations:
            return []
        read = [self._reader.read(seen, past) for seen, past in zip(observations, pasts, strict=True)]
        pages = [page for page, _ in read]
        with torch.no_grad():
            encoded = self.encode(self.batch([features for _, features in read]))
            values: list[float] = encoded.value.tolist()
            most = 0.0 if greedy else self.exploration
            chances = [
                exploration_chance(value, most=most, turns=len(past)) for value, past in zip(values, pasts, strict=True)
            ]
            choices = choose(self.network.writing, encoded, pages, generator=None if greedy else self.generator)
            if any(chances):
                choices = explore(choices, pages, chances=chances, generator=self.generator)
            actions = [decode(c, page, self.network.grid) for c, page in zip(choices, pages, strict=True)]
            choices = [self._same(action, page) for action, page in zip(actions, pages, strict=True)]
            alone: list[float] = self._score(encoded, choices, pages).tolist()
        scores = [mixed_log_prob(*row[:3], chance=row[3]) for row in zip(alone, choices, pages, chances, strict=True)]
        rows = zip(actions, scores, values, strict=True)
        return [Decision(action=action, log_prob=score, value=value) for action, score, value in rows]

    def log_prob(
        self, observations: Sequence[Observation], actions: Sequence[Action], pasts: Sequence[Sequence[Turn]] = ()
    ) -> list[float]:
        """Return the exact log-probability of each action; minus infinity where it cannot be chosen."""
        told = pasts or [()] * len(observations)
        readings = [self.read(o, a, past=past) for o, a, past in zip(observations, actions, told, strict=True)]
        known = [reading for reading in readings if reading is not None]
        with torch.no_grad():
            scores = iter(self.evaluate(known).log_prob.tolist() if known else ())
        return [float("-inf") if reading is None else next(scores) for reading in readings]

    def read(
        self, observation: Observation, action: Action, *, past: Sequence[Turn] = (), desired_return: float = 1.0
    ) -> Reading | None:
        """Prepare an action for evaluation, or return None where the network cannot choose it.

        The network is told the return that the action is to lead to (Kumar et al. 2019); when it acts, that is 1.
        """
        page, features = self._reader.read(observation, past, desired_return=desired_return)
        choice = encode(action, page, self.network.grid)
        if choice is None or not expressible(choice, page, self.config):
            return None
        return Reading(page=page, features=features, choice=choice)

    def evaluate(self, readings: Sequence[Reading], batch: Batch | None = None) -> Evaluation:
        """Score prepared actions in one forward pass; ``batch`` replaces what their features say."""
        encoded = self.encode(self.batch([reading.features for reading in readings]) if batch is None else batch)
        scores = self._score(encoded, [r.choice for r in readings], [r.page for r in readings])
        return Evaluation(log_prob=scores, entropy=entropy(encoded), value=encoded.value)

    def batch(self, features: Sequence[Features]) -> Batch:
        """Collate features onto the policy's device."""
        return collate(features, pad_to=GPU_PADDING if self.device.type == "cuda" else 1).to(self.device)

    def encode(self, batch: Batch) -> Encoded:
        """Run the network, in bfloat16 on a GPU."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda"):
            encoded: Encoded = self._encode(batch)
        return encoded

    def _score(self, encoded: Encoded, choices: Sequence[Choice], pages: Sequence[Page]) -> Tensor:
        shape = (encoded.goal.shape[1], encoded.elements.shape[1])
        targets = build_targets(choices, pages, config=self.config, shape=shape).to(self.device)
        return log_probs(self.network.writing, encoded, targets)

    def _same(self, action: Action, page: Page) -> Choice:
        """Return the choice of an action of the policy's own, with all ways to make it."""
        choice = encode(action, page, self.network.grid)
        assert choice is not None, "every decoded action can be encoded"
        return choice
