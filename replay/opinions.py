"""What an episode is worth to who imitates it: by its verifier, or else by what people and models think of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from browser_env.episode import Episode
from browser_env.errors import DataError, UsageError
from browser_env.task import NEVER, Task
from replay.index import EpisodeInfo
from replay.notes import NoteFolder
from replay.store import ReplayStore
from rewards.judged import judged_rewards
from rewards.outcome import Outcome
from rewards.rating import preference_rewards, rating_rewards

UNVERIFIED = "unverified"  # a tag: no verifier fits the task
MARKED = "judged-by-person"  # a tag: a person said how it ended
JUDGED = "judged-by-model"  # a tag: a model said how it ended
MARKED_AS = "marked-"  # how the tag begins that says what the person said
LEAST_WORTH = 0.5  # what is worth less is not imitated


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """Whose opinions of a store's demonstrations count; a verified failure stays one whatever they are."""

    ratings: bool = False  # people's: of what no verifier judged, and how much a success is imitated
    judgements: bool = False  # models': only of what neither a verifier nor a person judged
    least_sure: float = 0.8  # a model has to be, for its judgement to count

    def __post_init__(self) -> None:
        if not 0 <= self.least_sure <= 1:
            raise UsageError(f"least_sure of opinions is from 0 to 1, not {self.least_sure}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What an episode is worth, 0 to 1, and who says so: ``verifier``, ``mark``, ``ratings`` or ``judgements``."""

    value: float
    said_by: str


def is_verified(episode: Episode) -> bool:
    """Whether a verifier said how the episode ended."""
    return (
        episode.outcome.learnable
        and has_verifier(episode.task)
        and not {UNVERIFIED, MARKED, JUDGED}.intersection(episode.tags)
    )


def has_verifier(task: Task) -> bool:
    """Whether anything can say how an episode of a task ended."""
    return task.verifier != NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The rewards that people and models give to episodes, by id."""

    rated: Mapping[str, float]
    judged: Mapping[str, float]


def hear(notes: NoteFolder, opinions: Opinions) -> Heard:
    """Return what those say of a store's episodes whose opinions count."""
    ratings = notes.ratings() if opinions.ratings else []
    judgements = notes.judgements() if opinions.judgements else []
    # `worth` asks no model about what was verified, so nothing has to be left out here.
    judged = judged_rewards(judgements, verified=(), least_sure=opinions.least_sure)
    return Heard(rated=preference_rewards(ratings) | rating_rewards(ratings), judged=judged)


def worth(episode: Episode, heard: Heard) -> Worth:
    """Return what imitating an episode is worth."""
    verified, marked = is_verified(episode), MARKED in episode.tags and episode.outcome is not Outcome.TRUNCATED
    if not episode.outcome.learnable or (verified and not episode.success):
        return Worth(value=0.0, said_by="verifier")
    if episode.id in heard.rated:
        return Worth(value=heard.rated[episode.id], said_by="ratings")
    if verified or marked or (episode.success and JUDGED not in episode.tags):
        return Worth(value=float(episode.success), said_by="verifier" if verified else "mark")
    return Worth(value=heard.judged.get(episode.id, 0.0), said_by="judgements")


def worth_imitating(
    store: ReplayStore, infos: Iterable[EpisodeInfo], heard: Heard
) -> Iterator[tuple[EpisodeInfo, Worth]]:
    """Yield those of a store's episodes that are worth to be imitated, each with what it is worth.

    What is damaged, or whose person does not agree, is left out.
    """
    thought_of = {*heard.rated, *heard.judged}
    for info in infos:
        if info.outcome is not Outcome.SUCCESS and info.id not in thought_of:
            continue
        try:
            episode = store.get(info.id)
        except DataError:
            continue
        found = worth(episode, heard)
        if found.value >= LEAST_WORTH and episode.steps:
            yield info, found
