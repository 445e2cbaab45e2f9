"""Whether the suite's tasks can be done here, and are the same elsewhere: their experts, on many seeds."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser_env.branching import digest
from browser_env.episode import Episode, Source
from browser_env.errors import UsageError
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import demonstration_seed
from experiments.experts.policy import EXPERTS, ExpertPolicy
from policy.compact import CompactPolicy
from policy.config import CompactConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How an expert did on a task."""

    task: str
    episodes: int = 0  # 0: the task has no expert
    solved: int = 0
    mean_steps: float = 0.0
    expressible: float = 0.0  # share of its steps that the compact policy could take
    reasons: tuple[tuple[str, int], ...] = ()  # why it failed, and how often
    digest: str = ""  # of all that was seen, done and earned, 32 hexadecimal digits: equal where the task was the same

    @property
    def is_solvable(self) -> bool:
        """Whether some episode shows that the task can be done."""
        return self.solved > 0

    def to_row(self) -> dict[str, Any]:
        """Return the proof as a row of a table."""
        return {
            "task": self.task,
            "episodes": self.episodes,
            "solved": self.solved,
            "mean_steps": round(self.mean_steps, 2),
            "expressible": round(self.expressible, 3),
            "reasons": dict(self.reasons),
            "digest": self.digest,
        }


def audit_suite(
    pool: Pool, names: Sequence[str], *, seeds: int, tell: Callable[[str], None] = lambda task: None
) -> list[Proof]:
    """Return a proof for each task, by its expert on the first ``seeds`` demonstration seeds.

    ``tell`` is called with the task's name at the end of each episode.
    """
    reader = CompactPolicy(CompactConfig(), seed=0, device="cpu")
    return [_prove(pool, f"miniwob/{name.removeprefix('miniwob/')}", seeds, reader, tell) for name in names]


def read_audit(path: Path, *, browser: str) -> dict[str, tuple[int, str]]:
    """Return how many episodes of each task an earlier audit played, and their digest.

    Raises:
        UsageError: If the file is none of an audit, or one with another browser, which may draw otherwise.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        then = str(data["chromium"])
        found = {str(row["task"]): (int(row["episodes"]), str(row["digest"])) for row in data["tasks"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not what `webdual tasks audit miniwob --json F` wrote ({error})") from error
    if then != browser:
        raise UsageError(f"{path} is of Chromium {then}, and this is {browser}; only the same browser draws the same")
    return found


def differences(before: Mapping[str, tuple[int, str]], proofs: Sequence[Proof]) -> list[str]:
    """Return the tasks that were not seen, done and rewarded as before.

    Raises:
        UsageError: If a task was not audited then, or with another number of seeds.
    """
    for proof in proofs:
        if proof.task not in before:
            raise UsageError(f"{proof.task} was not audited then; name with --tasks what was")
        if before[proof.task][0] != proof.episodes:
            raise UsageError(f"{proof.task} was played {before[proof.task][0]} times then; give that as --sample")
    return [proof.task for proof in proofs if before[proof.task][1] != proof.digest]


def digest_of_all(proofs: Sequence[Proof]) -> str:
    """Return one digest of all tasks' digests, to be compared by eye."""
    rows = sorted(f"{proof.task} {proof.digest}\n" for proof in proofs)
    return hashlib.blake2b("".join(rows).encode(), digest_size=8).hexdigest()


def _prove(pool: Pool, task: str, seeds: int, reader: CompactPolicy, tell: Callable[[str], None]) -> Proof:
    if task not in EXPERTS:
        return Proof(task=task)
    requests = [RolloutRequest(task=miniwob_task(task), seed=demonstration_seed(i)) for i in range(seeds)]
    episodes = []
    for episode in pool.rollout(ExpertPolicy(task), requests, source=Source.SCRIPT):
        episodes.append(episode)
        tell(task)
    steps = [step for episode in episodes for step in episode.steps]
    expressible = sum(reader.read(step.observation, step.action) is not None for step in steps)
    return Proof(
        task=task,
        episodes=len(episodes),
        solved=sum(episode.success for episode in episodes),
        mean_steps=len(steps) / len(episodes),
        expressible=expressible / max(len(steps), 1),
        reasons=_reasons(episodes),
        digest=_digest(sorted(episodes, key=lambda episode: episode.seed)),
    )


def _reasons(episodes: Sequence[Episode]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(episode.reason for episode in episodes if not episode.success).most_common())


def _digest(episodes: Sequence[Episode]) -> str:
    whole = hashlib.blake2b(digest_size=16)
    for episode in episodes:
        for step in episode.steps:
            whole.update(f"{digest(step.observation)} {step.action.to_text()}\n".encode())
        whole.update(f"{digest(episode.final)} {episode.reward!r}\n".encode())
    return whole.hexdigest()
