"""Which steps of an episode show how it is done."""

from __future__ import annotations

from browser_env.episode import Episode, Source

BEFORE_TAKEOVER = 3  # an agent's steps before a person took over that led to where that was needed


def actors(episode: Episode) -> tuple[Source, ...]:
    """Return who took each step."""
    return tuple(step.actor or episode.source for step in episode.steps)


def to_imitate(episode: Episode, *, before_takeover: int = BEFORE_TAKEOVER) -> tuple[bool, ...]:
    """Return for each step whether it may be imitated: not the agent's last ones before a person took over."""
    by = actors(episode)
    takeovers = [i for i, step in enumerate(episode.steps) if step.intervention and (i == 0 or by[i - 1] is not by[i])]
    return tuple(
        actor is Source.HUMAN or not any(0 < start - index <= before_takeover for start in takeovers)
        for index, actor in enumerate(by)
    )
