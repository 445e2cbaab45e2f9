"""A policy whose model is behind a server: for evaluation and for making episodes; it has no weights here."""

from __future__ import annotations

from collections.abc import Sequence

from browser_env.acting import Decision, DecisionStream, Reply, Turn, decide_all
from browser_env.action import Action, Wait
from browser_env.errors import ActionError, UsageError
from browser_env.observation import Observation
from policy.vlm.config import VlmConfig
from policy.vlm.coordinates import meant_action
from policy.vlm.prompt import build_prompt
from policy.vlm.replies import read_reply
from policy.vlm.requests import Requests
from policy.vlm.server import Completion, Server, ServerConfig

LETTERS = 3  # of a token, rather few: the server's tokenizer is not known here
UNREADABLE = Wait(0)  # done where a reply has no action


def about(text: str) -> int:
    """Return about how many tokens a text has."""
    return len(text) // LETTERS + 1


class HostedPolicy:
    """Asks a server for every decision."""

    version = 0  # it does not learn here

    def __init__(self, config: VlmConfig, server: ServerConfig) -> None:
        if config.constrained:
            raise UsageError("a server cannot be held to the language of actions; set constrained=false")
        self.config, self.server = config, Server(server)

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation as if nothing was done before; sample unless ``greedy``."""
        return self.act_after(observations, [()] * len(observations), greedy=greedy)

    def act_after(
        self, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]], *, greedy: bool = False
    ) -> list[Decision]:
        """Decide for each observation, given the turns that led to it; sample unless ``greedy``."""
        return decide_all(self.stream(greedy=greedy), observations, pasts)

    def stream(self, *, greedy: bool = False) -> DecisionStream:
        """Return a stream of decisions: each observation is asked about at once, and nobody waits for the slowest."""
        return _Asking(self, temperature=0.0 if greedy else self.config.temperature)

    def decision(self, observation: Observation, done: Completion) -> Decision:
        """Return what a completion says of an observation."""
        action: Action = UNREADABLE
        error: str | None = None
        try:
            action = meant_action(read_reply(done.text), observation, self.config)
        except ActionError as problem:
            most = self.config.max_new_tokens
            error = f"the reply was cut after {most} tokens, before its action" if done.cut else str(problem)
        # Servers tell what a token weighs at temperature 1, whatever it was drawn at.
        log_probs = done.log_probs if self.config.temperature == 1 else None
        known = done.tokens is not None and log_probs is not None
        reply = Reply(
            tokens=done.tokens or () if known else (), log_probs=log_probs or () if known else (), error=error
        )
        return Decision(
            action=action,
            log_prob=sum(log_probs) if log_probs is not None else None,
            tokens=done.tokens_read + done.tokens_written,
            reply=reply if known or error else None,
        )


class _Asking:
    """Decisions that a server is asked for side by side."""

    def __init__(self, policy: HostedPolicy, *, temperature: float) -> None:
        self._policy = policy
        self._requests = Requests[tuple[int, Observation]](
            policy.server, most=policy.config.max_new_tokens, temperature=temperature
        )

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        prompt = build_prompt(observation, past, self._policy.config, count=about)
        self._requests.ask((key, observation), prompt.parts)

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        answered = self._requests.answered(wait_s=wait_s)
        return [(key, self._policy.decision(seen, done)) for (key, seen), done in answered]

    def close(self) -> None:
        self._requests.close()
