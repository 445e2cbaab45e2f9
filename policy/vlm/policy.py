"""A vision-language model as a policy: it reads a page, writes a reply, and acts by it."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from browser_env.acting import Decision, DecisionStream, Reply, Turn, decide_all
from browser_env.action import Action, Wait
from browser_env.errors import ActionError, UsageError
from browser_env.observation import Observation
from policy.device import device_of
from policy.vlm.automaton import Automaton
from policy.vlm.config import VlmConfig
from policy.vlm.constraint import Vocabulary, Writing, masks
from policy.vlm.encoding import Reader
from policy.vlm.forward import Written, pack_up, reply_logits
from policy.vlm.generation import Generation, Replies, Row, log_distribution
from policy.vlm.grammar import action_automaton
from policy.vlm.prefixes import Prefixes
from policy.vlm.pretrained import ends_of, inner, load_model, load_tools, spelling
from policy.vlm.remote import RemoteGeneration, RemoteReplies
from policy.vlm.server import Server, ServerConfig

UNREADABLE = Wait(0)  # done where a reply has no action
SCORED_AT_ONCE = 4096  # tokens, or a single longer prompt, when actions are scored


class VlmPolicy:
    """Maps observations, and what was done before, to actions by an image-text-to-text model."""

    def __init__(self, config: VlmConfig, *, seed: int, device: str | torch.device | None = None) -> None:
        self.device = device_of(config.device if device is None else device)
        tools = load_tools(config)
        model = load_model(config, seed=seed, device=self.device)
        reader = Reader(config, tools, ends=ends_of(model, tools))
        self._equip(config, model, reader, _vocabulary(model, reader) if config.constrained else None)
        self.generator = torch.Generator().manual_seed(seed)

    def _equip(self, config: VlmConfig, model: nn.Module, reader: Reader, vocabulary: Vocabulary | None) -> None:
        self.config, self.model, self.reader, self.vocabulary = config, model, reader, vocabulary
        self.image_token: int = inner(model).config.image_token_id  # stands for a part of a picture
        self.prefixes = Prefixes(most=config.prefixes, image_token=self.image_token)
        self._version = 0
        self._generation = self._engine()

    def _engine(self) -> Generation | RemoteGeneration:
        """Return what writes replies: the model here, or a server that is sent its weights."""
        config = self.config
        if config.server:
            server = Server(ServerConfig(url=config.server, model=config.model))
            return RemoteGeneration(server, folder=Path(config.server_folder), most=config.max_new_tokens)
        return Generation(
            self.model,
            ends=self.reader.ends,
            prefixes=self.prefixes,
            most=config.max_new_tokens,
            temperature=config.temperature,
            batch=config.batch,
        )

    def copy(self) -> VlmPolicy:
        """Return another policy that is the same now and changes on its own; frozen weights are shared."""
        frozen = {id(tensor): tensor for tensor in self.model.parameters() if not tensor.requires_grad}
        twin = copy.copy(self)
        twin._equip(self.config, copy.deepcopy(self.model, dict(frozen)), self.reader, self.vocabulary)
        twin.generator = torch.Generator()
        twin.generator.set_state(self.generator.get_state())
        twin.version = self.version
        return twin

    @property
    def version(self) -> int:
        """The number of learner updates so far."""
        return self._version

    @version.setter
    def version(self, version: int) -> None:
        self._version = version
        self.prefixes.clear()

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        """The weights that a learner changes, by name."""
        return {name: tensor for name, tensor in self.model.named_parameters() if tensor.requires_grad}

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights that a learner changes."""
        return {name: tensor.detach().clone() for name, tensor in self.trained.items()}

    def take_over(self, weights: dict[str, Tensor], *, version: int) -> None:
        """Use these weights from now on."""
        with torch.no_grad():
            for name, tensor in self.trained.items():
                tensor.copy_(weights[name])
        self.version = version

    def practise(self, *, exploration: float, seed: int) -> None:
        """Draw from a seed; a language model explores by its temperature alone."""
        if exploration:
            raise UsageError("a vision-language policy explores by policy.temperature; set exploration=0")
        self.generator.manual_seed(seed)

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation as if nothing was done before; sample unless ``greedy``."""
        return self.act_after(observations, [()] * len(observations), greedy=greedy)

    def act_after(
        self, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]], *, greedy: bool = False
    ) -> list[Decision]:
        """Decide for each observation, given the turns that led to it; sample unless ``greedy``."""
        return decide_all(self.stream(greedy=greedy), observations, pasts)

    def stream(self, *, greedy: bool = False) -> DecisionStream:
        """Return a stream of decisions: a page that comes while replies to others are written joins them."""
        return _Writer(self, self._generation.begin(None if greedy else self.generator))

    def row(self, observation: Observation, past: Sequence[Turn]) -> Row:
        """Return the beginning of a reply to an observation, to be written by the weights as they are now."""
        self._generation.renew(self.model, version=self.version)
        return Row(prompt=self.reader.encode(observation, past), writing=self._writing(observation))

    def decision(self, observation: Observation, row: Row) -> Decision:
        """Return what a finished reply says of an observation."""
        action: Action = UNREADABLE
        error: str | None = None
        try:
            action = self.reader.action(observation, self.reader.text(row.tokens))
        except ActionError as problem:
            error = str(problem)
        reply = Reply(tokens=tuple(row.tokens), log_probs=tuple(row.log_probs), error=error)
        return Decision(
            action=action,
            log_prob=sum(row.log_probs),
            tokens=len(row.prompt.ids) + len(row.tokens),
            reply=reply,
        )

    def log_prob(
        self, observations: Sequence[Observation], actions: Sequence[Action], pasts: Sequence[Sequence[Turn]] = ()
    ) -> list[float]:
        """Return the log-probability of each action's plain form; minus infinity where it cannot be written."""
        told = pasts or [()] * len(observations)
        seen = list(zip(observations, actions, told, strict=True))
        rows = {
            index: Written(prompt=self.reader.encode(observation, past), reply=target)
            for index, (observation, action, past) in enumerate(seen)
            if (target := self.reader.possible_target(observation, action)) is not None
        }
        scores = dict(zip(rows, self._totals(list(rows.values())), strict=True))
        return [scores.get(index, -math.inf) for index in range(len(seen))]

    @torch.no_grad()
    def _totals(self, rows: Sequence[Written]) -> list[float]:
        """Return each row's log-probability, reading a bounded number of tokens in one pass."""
        totals = [0.0] * len(rows)
        for pack in pack_up([row.length for row in rows], most=SCORED_AT_ONCE):
            for index, scores in zip(pack, self.score([rows[i] for i in pack]), strict=True):
                totals[index] = float(scores.sum())
        return totals

    def score(self, rows: Sequence[Written], allowed: Sequence[Tensor | None] = ()) -> list[Tensor]:
        """Return each row's log-probabilities of its reply's tokens, in one pass, with gradients where enabled.

        ``allowed`` holds the masks under which replies were drawn; those without one are scored as free text.
        """
        logits = torch.split(reply_logits(self.model, rows), [len(row.reply) for row in rows])
        scored: list[Tensor] = []
        for part, row, mask in zip(logits, rows, allowed or [None] * len(rows), strict=True):
            scores = log_distribution(part, temperature=self.config.temperature, allowed=mask)
            replies = torch.tensor(row.reply, device=scores.device)
            scored.append(scores.gather(1, replies[:, None])[:, 0])
        return scored

    def masks(self, observation: Observation, reply: Sequence[int]) -> Tensor | None:
        """Return which tokens might have come at each place of an own reply; None where all might."""
        if self.vocabulary is None:
            return None
        return masks(self.vocabulary, self._automaton(observation), reply, room=self.config.max_new_tokens)

    def _automaton(self, observation: Observation) -> Automaton:
        return action_automaton(observation, self.config)

    def _writing(self, observation: Observation) -> Writing | None:
        if self.vocabulary is None:
            return None
        return Writing(self.vocabulary, self._automaton(observation), room=self.config.max_new_tokens)


class _Writer:
    """Decisions whose replies are written side by side."""

    def __init__(self, policy: VlmPolicy, replies: Replies | RemoteReplies) -> None:
        self._policy, self._replies = policy, replies
        self._asked: dict[Row, tuple[int, Observation]] = {}

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        row = self._policy.row(observation, past)
        self._asked[row] = key, observation
        self._replies.add(row)

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        finished = {row: self._asked.pop(row) for row in self._replies.advance(wait_s=wait_s)}
        return [(key, self._policy.decision(seen, row)) for row, (key, seen) in finished.items()]

    def close(self) -> None:
        self._replies.close()
        self._asked.clear()


def _vocabulary(model: Any, reader: Reader) -> Vocabulary:
    size = int(inner(model).config.get_text_config().vocab_size)
    return Vocabulary(spelling(reader.tools.tokenizer, size), ends=reader.ends, size=size)
