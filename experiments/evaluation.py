"""How good a policy is, on seeds that it never trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from browser_env.acting import Policy
from browser_env.episode import Episode
from browser_env.errors import InfraError
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import held_out_seed
from browser_env.task import Task
from rewards.outcome import Outcome

MAX_ATTEMPTS = 3  # at an episode that infrastructure breaks


def evaluate(
    policy: Policy,
    pool: Pool,
    tasks: Sequence[Task],
    *,
    episodes_per_task: int,
    greedy: bool = True,
    done: Sequence[Episode] = (),
    on_episode: Callable[[Episode], None] = lambda episode: None,
    on_step: Callable[[Episode], None] | None = None,
) -> list[Episode]:
    """Return episodes on held-out seeds; those in ``done`` are not made again.

    An episode that infrastructure broke is made again; raise :class:`InfraError` where it breaks every time. One that
    left the task's places or what its snapshot holds counts as truncated: it would leave them each time, and did not do
    the task.
    """
    have = {(e.task.name, e.seed): e for e in done if e.outcome.learnable}
    wanted = {(task.name, held_out_seed(i)): task for i in range(episodes_per_task) for task in tasks}
    for _ in range(MAX_ATTEMPTS):
        missing = [RolloutRequest(task=task, seed=key[1]) for key, task in wanted.items() if key not in have]
        for made in pool.rollout(policy, missing, greedy=greedy, on_step=on_step) if missing else ():
            episode = _cut_off(made)
            if episode.outcome.learnable:
                have[episode.task.name, episode.seed] = episode
                on_episode(episode)
    broken = sorted({task for task, seed in wanted if (task, seed) not in have})
    if broken:
        raise InfraError(f"{', '.join(broken)} cannot be evaluated: its episodes break; run `webdual doctor`")
    return [have[key] for key in wanted]


def _cut_off(episode: Episode) -> Episode:
    """Return an episode whose policy went where the task does not allow, or its snapshot has nothing, as truncated."""
    strayed = episode.outcome is Outcome.BLOCKED and episode.steps
    missed = (
        episode.outcome is Outcome.INFRA_ERROR and episode.task.snapshot is not None and episode.evidence.unanswered
    )
    return replace(episode, outcome=Outcome.TRUNCATED) if strayed or missed else episode


def tagged(episode: Episode, tag: str) -> Episode:
    """Return the episode with a tag added."""
    return replace(episode, tags=(*episode.tags, tag))
