"""Practice of tasks that have no verifier, rewarded by a model; never beside verified rewards without a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from browser_env.episode import Episode
from browser_env.errors import UsageError
from browser_env.task import Task
from policy.metrics import Metrics
from policy.vlm.judge import Judge
from replay.notes import NoteFolder
from replay.opinions import JUDGED, LEAST_WORTH, has_verifier
from rewards.judged import Judgement, judged_rewards
from rewards.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRecipe:
    """Which model rewards the practice of tasks that have no verifier."""

    model: str = ""  # what its server calls it, or its name or folder; empty: no model does
    server: str = ""  # its address, up to and with /v1; empty: it is loaded here
    least_sure: float = 0.8  # it has to be; of an episode about which it is less, nothing is learned
    beside_verifiers: bool = False  # whether tasks that have verifiers may be practised, too

    def __post_init__(self) -> None:
        if not 0 <= self.least_sure <= 1:
            raise UsageError(f"least_sure of a judge is from 0 to 1, not {self.least_sure}")
        if not self.model and (self.server or self.beside_verifiers):
            raise UsageError("a judge needs a model; set judge.model")

    def judged(self, tasks: Sequence[Task]) -> frozenset[str]:
        """Return the names of the tasks that the model judges.

        Raise :class:`UsageError` where there are none, and where there are others but the recipe does not say so.
        """
        if not self.model:
            return frozenset()
        names = frozenset(task.name for task in tasks if not has_verifier(task))
        if not names:
            raise UsageError("all tasks of the recipe have verifiers, so a judge has nothing to say; leave judge out")
        if len(names) < len(tasks) and not self.beside_verifiers:
            raise UsageError(
                f"{len(tasks) - len(names)} of {len(tasks)} tasks have verifiers, the others would be judged by"
                f" {self.model}; set judge.beside_verifiers=true to learn from both, or leave some out"
            )
        return names


class PracticeJudge:
    """Says how episodes ended that no verifier can judge; its judgements are notes beside them in a store.

    What it was asked before is not asked again. Stored episodes stay as they are.
    """

    def __init__(self, judge: Judge, store: Path, *, tasks: frozenset[str], least_sure: float) -> None:
        self.tasks = tasks
        self._judge, self._least_sure = judge, least_sure
        self._notes = NoteFolder(store)
        self._known: dict[str, Judgement] = {}  # by the episode's id
        for judgement in self._notes.judgements():
            if (judgement.judge, judgement.asked) == (judge.engine.name, judge.config.digest):
                self._known[judgement.episode] = judgement

    def judged(self, episodes: Sequence[Episode]) -> list[Episode]:
        """Return the episodes, its own ones with the outcome and the reward that the model gives.

        Where it cannot tell, or is not sure, the outcome is one that teaches nothing. Raise :class:`InfraError` where
        the model's server fails.
        """
        mine = [episode for episode in episodes if episode.task.name in self.tasks and episode.outcome.learnable]
        unknown = [episode for episode in mine if episode.id not in self._known]
        for start in range(0, len(unknown), self._judge.engine.parallel):
            for judgement in self._judge.judge(unknown[start : start + self._judge.engine.parallel]):
                self._notes.add(judgement)
                self._known[judgement.episode] = judgement
        ids = {episode.id for episode in mine}
        return [self._ended(episode) if episode.id in ids else episode for episode in episodes]

    def metrics(self, episodes: Iterable[Episode]) -> Metrics:
        """Return what there is to watch of judged episodes, apart from all that was verified; nothing without any."""
        mine = [episode for episode in episodes if JUDGED in episode.tags]
        if not mine:
            return {}
        undecided = sum(not episode.outcome.learnable for episode in mine)
        return {
            "episodes": float(len(mine)),
            "undecided": float(undecided),
            "tokens": float(sum(self._known[episode.id].tokens for episode in mine)),
        }

    def _ended(self, episode: Episode) -> Episode:
        judgement = self._known[episode.id]
        rewards = judged_rewards([judgement], verified=(), least_sure=self._least_sure)
        reward = rewards.get(episode.id)
        if reward is None:
            outcome = Outcome.VERIFIER_ERROR
        elif reward >= LEAST_WORTH:
            outcome = Outcome.SUCCESS
        else:
            outcome = Outcome.TRUNCATED if episode.outcome is Outcome.TRUNCATED else Outcome.FAILURE
        return replace(
            episode,
            outcome=outcome,
            reward=reward or 0.0,
            reason=f"{judgement.judge} judged: {judgement.reason}",
            tags=(*episode.tags, JUDGED),
        )
