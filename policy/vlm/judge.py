"""A model behind a server that says whether an episode reached its goal; an opinion, kept apart from verifiers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from browser_env.acting import Turn
from browser_env.observation import Observation
from policy.vlm.config import VlmConfig
from policy.vlm.prompt import build_prompt
from policy.vlm.served import LETTERS
from policy.vlm.server import Server, ServerConfig
from rewards.judged import Verdict

QUESTION = (
    "Somebody worked on a goal in a web browser. You see what was done and the page as it is now. "
    "Say in a sentence whether the goal is reached, then end with SUCCESS or FAILURE."
)
WORD = re.compile(r"\b(SUCCESS|FAILURE)\b")
Case = tuple[str, Observation, Sequence[Turn]]  # an episode's id, its last page, what was done


class Judge:
    """Asks a server about episodes."""

    def __init__(self, server: ServerConfig, *, rater: str, shown: VlmConfig | None = None) -> None:
        """``rater`` names the judge in its verdicts; ``shown`` says what it is shown of a page."""
        self.server, self._rater, self._shown = Server(server), rater, shown or VlmConfig()

    def judge(self, cases: Sequence[Case]) -> list[Verdict]:
        """Return a verdict on each episode; raise :class:`InfraError` where the server fails."""
        prompts = [
            replace(prompt, before=f"{QUESTION}\n\n{prompt.before[prompt.before.index('Goal: ') :]}")
            for _, last, past in cases
            for prompt in [build_prompt(last, past, self._shown, count=lambda text: len(text) // LETTERS + 1)]
        ]
        answers = self.server.complete(prompts, most=self._shown.max_new_tokens, temperature=0.0)
        return [
            Verdict(episode=episode, judge=self._rater, success=_said(answer.text), reason=answer.text)
            for (episode, _, _), answer in zip(cases, answers, strict=True)
        ]


def _said(text: str) -> bool | None:
    """Return the last verdict in an answer; None where there is none."""
    words = WORD.findall(text)
    return words[-1] == "SUCCESS" if words else None
