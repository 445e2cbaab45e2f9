"""How much better an episode went than its siblings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from browser_env.episode import Episode


def group_advantages(
    episodes: Sequence[Episode], *, expected: Callable[[Episode], float] | None = None
) -> dict[str, float]:
    """Return, by episode id, reward minus the mean reward of the others in its group (leave-one-out, RLOO).

    Groups without variance give 0. An episode alone in its group, or in none, is compared to what was ``expected`` of
    it if that is given, else gives 0. Outcomes that teach nothing are left out.
    """
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.outcome.learnable:
            groups.setdefault(f"group {episode.group}" if episode.group else f"id {episode.id}", []).append(episode)
    advantages: dict[str, float] = {}
    for group in groups.values():
        advantages |= _leave_one_out(group) if len(group) > 1 else _alone(group[0], expected)
    return advantages


def _leave_one_out(group: list[Episode]) -> dict[str, float]:
    rewards = np.array([episode.reward for episode in group])  # (group_size,)
    if np.all(rewards == rewards[0]):  # rounding must not make a gradient
        return {episode.id: 0.0 for episode in group}
    others = (rewards.sum() - rewards) / (len(group) - 1)  # (group_size,)
    return {episode.id: float(value) for episode, value in zip(group, rewards - others, strict=True)}


def _alone(episode: Episode, expected: Callable[[Episode], float] | None) -> dict[str, float]:
    return {episode.id: 0.0 if expected is None else episode.reward - expected(episode)}
