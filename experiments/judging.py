"""Episodes judged by a model: where no verifier can, and, to see whether it may be trusted, where one did."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from browser_env.episode import Episode, Source
from experiments.statistics import Estimate, wilson
from policy.vlm.judge import Judge
from replay import ConsentError, EpisodeInfo, ReplayStore
from replay.errors import DamageError
from replay.notes import NoteFolder
from replay.opinions import is_verified
from rewards.judged import Judgement
from rewards.outcome import Outcome

SAY_NOTHING = (Outcome.INFRA_ERROR, Outcome.BLOCKED)  # outcomes of episodes that were broken off from outside
PUBLIC = "public-dataset"  # the basis of consents to what everybody may read anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """Which episodes of a store are judged."""

    verified: bool = False  # those that a verifier judged, instead of those that none could
    task: str | None = None
    most: int | None = None  # so many new ones, drawn by chance; None: all
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of judging a store."""

    judgements: tuple[Judgement, ...]  # by this judge, of the episodes asked for, now and before
    outcomes: Mapping[str, bool]  # whether the verifier accepted the episode, where one judged it
    new: int
    kept_back: int  # episodes of people, that are not sent to another machine
    tokens: int  # read and written for the new ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a judge compares with verifiers on the same episodes; who could not tell is left out of all rates."""

    right_passes: int
    right_fails: int
    false_passes: int  # called a success, and none by the verifier
    false_fails: int  # called a failure, and a success by the verifier
    undecided: int

    @property
    def decided(self) -> int:
        """How many episodes have both."""
        return self.right_passes + self.right_fails + self.false_passes + self.false_fails

    @property
    def accuracy(self) -> Estimate:
        """The share of right judgements."""
        return wilson(self.right_passes + self.right_fails, self.decided)

    @property
    def false_pass_rate(self) -> Estimate:
        """The share of the verifiers' failures that the judge calls successes."""
        return wilson(self.false_passes, self.false_passes + self.right_fails)

    @property
    def false_fail_rate(self) -> Estimate:
        """The share of the verifiers' successes that the judge calls failures."""
        return wilson(self.false_fails, self.false_fails + self.right_passes)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa (1960): agreement beyond chance, 1 at most; None where chance alone agrees always."""
        total = self.decided
        said, was = self.right_passes + self.false_passes, self.right_passes + self.false_fails
        by_chance = said * was + (total - said) * (total - was)  # times total, squared
        if by_chance == total * total:
            return None
        return ((self.right_passes + self.right_fails) * total - by_chance) / (total * total - by_chance)

    def to_json(self) -> dict[str, Any]:
        """Return counts, rates with their 95% intervals, and kappa as JSON-serialisable data."""
        rates = {name: getattr(self, name) for name in ("accuracy", "false_pass_rate", "false_fail_rate")}
        return {name: getattr(self, name) for name in self.__slots__} | {
            "decided": self.decided,
            "kappa": self.kappa,
            **{name: {"value": rate.value, "low": rate.low, "high": rate.high} for name, rate in rates.items()},
        }


def agreement(judgements: Iterable[Judgement], outcomes: Mapping[str, bool]) -> Agreement:
    """Compare judgements with verified outcomes; judgements of other episodes are passed over."""
    pairs = [(item.success, outcomes[item.episode]) for item in judgements if item.episode in outcomes]
    return Agreement(
        right_passes=pairs.count((True, True)),
        right_fails=pairs.count((False, False)),
        false_passes=pairs.count((True, False)),
        false_fails=pairs.count((False, True)),
        undecided=sum(said is None for said, _ in pairs),
    )


def judge_store(
    path: Path, judge: Judge, options: JudgeOptions, *, tell: Callable[[int, int], None] = lambda done, total: None
) -> Judged:
    """Have the episodes judged that this judge, asked the same, has not judged; each batch is kept at once.

    ``tell`` gets how many have been judged, and of how many at most. People's episodes go to no other machine, unless
    they are public.
    """
    notes, engine = NoteFolder(path), judge.engine
    with ReplayStore(path) as store:
        known = {
            item.episode: item
            for item in notes.judgements()
            if (item.judge, item.asked) == (engine.name, judge.config.digest)
        }
        infos = [info for info in store.query(task=options.task) if info.outcome not in SAY_NOTHING]
        unknown = [info for info in infos if info.id not in known]
        sent = [info for info in unknown if engine.is_here or _may_leave(store, info)]
        random.Random(options.seed).shuffle(sent)
        outcomes: dict[str, bool] = {}
        for episode in _episodes(store, [info for info in infos if info.id in known], options):
            outcomes[episode.id] = episode.success
        judgements = [known[name] for name in outcomes]
        before = len(judgements)
        chosen = islice(_episodes(store, sent, options), options.most)
        while batch := list(islice(chosen, engine.parallel)):
            for judgement in judge.judge(batch):
                notes.add(judgement)
                judgements.append(judgement)
            outcomes |= {episode.id: episode.success for episode in batch}
            tell(len(judgements) - before, min(len(sent), options.most or len(sent)))
    return Judged(
        judgements=tuple(judgements),
        outcomes=outcomes if options.verified else {},
        new=len(judgements) - before,
        kept_back=len(unknown) - len(sent),
        tokens=sum(item.tokens for item in judgements[before:]),
    )


def _episodes(store: ReplayStore, infos: Iterable[EpisodeInfo], options: JudgeOptions) -> Iterator[Episode]:
    """Yield those episodes of the kind that is asked for; what may not be read, or cannot, is left out."""
    for info in infos:
        try:
            episode = store.get(info.id)
        except (ConsentError, DamageError):
            continue
        if is_verified(episode) == options.verified:
            yield episode


def _may_leave(store: ReplayStore, info: EpisodeInfo) -> bool:
    """Whether an episode may go to another machine: no person is in it, or what the person did is public."""
    if info.consent is None:
        return info.source is not Source.HUMAN
    try:
        return store.consent(info.consent).basis == PUBLIC
    except ConsentError:
        return False
