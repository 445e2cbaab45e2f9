"""Which steps of an episode show how it is done."""

from __future__ import annotations

from browser_env.episode import Episode, Source

BEFORE_TAKEOVER = 3  # an agent's steps before a person took over that led to where that was needed
CUT_BEFORE = "cut-before-takeover-"  # a tag; how many steps there were between the last one left and the takeover


def actors(episode: Episode) -> tuple[Source, ...]:
    """Return who took each step."""
    return tuple(step.actor or episode.source for step in episode.steps)


def to_imitate(episode: Episode, *, before_takeover: int = BEFORE_TAKEOVER) -> tuple[bool, ...]:
    """Return for each step whether it may be imitated: not the agent's last ones before a person took over."""
    takeovers = [*_takeovers(episode), *(len(episode.steps) + gap for gap in _cut_off(episode))]
    if not takeovers:
        return (True,) * len(episode.steps)
    return tuple(
        actor is Source.HUMAN or not any(0 < start - index <= before_takeover for start in takeovers)
        for index, actor in enumerate(actors(episode))
    )


def cut_tags(episode: Episode, *, last: int) -> tuple[str, ...]:
    """Return the tags by which the steps before ``last`` keep knowing of a takeover that is cut off after them."""
    takeovers = [*_takeovers(episode), *(len(episode.steps) + gap for gap in _cut_off(episode))]
    return tuple(f"{CUT_BEFORE}{start - last}" for start in takeovers if start >= last)[:1]


def _takeovers(episode: Episode) -> list[int]:
    """Return where a person took over."""
    relieved = [i for i, step in enumerate(episode.steps) if step.intervention]
    by = actors(episode) if relieved else ()
    return [i for i in relieved if i == 0 or by[i - 1] is not by[i]]


def _cut_off(episode: Episode) -> list[int]:
    gaps = [tag.removeprefix(CUT_BEFORE) for tag in episode.tags if tag.startswith(CUT_BEFORE)]
    return [int(gap) for gap in gaps if gap.isdecimal()]
