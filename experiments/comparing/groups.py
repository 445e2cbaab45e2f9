"""Runs of one configuration but for the seed form a group; groups are what is compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.comparing.replicates import Curve, Replicate
from experiments.statistics import Sample

SEED, VARIANT = "seed", "variant"
LONGEST_VALUE = 24  # characters of a setting in a label
Configuration = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A run that takes no part, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Replicates of one configuration."""

    label: str
    replicates: tuple[Replicate, ...]  # by seed

    @property
    def arm(self) -> str:
        """The arm that the runs are of; empty where they are no part of a larger run."""
        return self.replicates[0].arm

    @property
    def settings(self) -> dict[str, str]:
        """What the runs have in common: every setting but the seed, and but those that were ignored."""
        apart = {SEED, *self.varied}
        return {key: value for key, value in self.replicates[0].params.items() if key not in apart}

    @property
    def varied(self) -> list[str]:
        """The settings beside the seed that the runs do not have in common."""
        return [key for key in differing([replicate.params for replicate in self.replicates]) if key != SEED]

    @property
    def seeds(self) -> list[str]:
        """The runs' seeds."""
        return [replicate.seed for replicate in self.replicates]

    @property
    def curves(self) -> list[Curve]:
        """The learning curves of the runs that logged one."""
        return [replicate.curve for replicate in self.replicates if replicate.curve.success]

    @property
    def tasks(self) -> set[str]:
        """The tasks that every run was evaluated on."""
        return set.intersection(*(set(replicate.scores) for replicate in self.replicates))

    def sample(self, tasks: Sequence[str]) -> Sample:
        """Return the runs' success rates on some tasks."""
        scores = [[replicate.scores[task] for task in tasks] for replicate in self.replicates]
        return Sample(
            scores=np.array([[score.successes / score.episodes for score in row] for row in scores], dtype=np.float64),
            episodes=np.array([[score.episodes for score in row] for row in scores], dtype=np.int64),
        )


def configuration(replicate: Replicate, *, without: Iterable[str] = ()) -> Configuration:
    """Return what makes runs replicates of one another where it is equal; the seed is no part of it."""
    dropped = {SEED, *without}
    settings = ((key, value) for key, value in replicate.params.items() if key not in dropped)
    return (("", replicate.experiment), ("", replicate.arm), *sorted(settings))


def group_replicates(
    replicates: Sequence[Replicate], *, ignoring: Iterable[str] = ()
) -> tuple[list[Group], list[LeftOut]]:
    """Return the groups, not labelled yet; of a seed that was run twice the first one given counts.

    Settings that are ignored do not tell groups apart.
    """
    ignored = tuple(ignoring)
    members: dict[Configuration, dict[str, Replicate]] = {}
    again: list[LeftOut] = []
    for replicate in replicates:
        found = members.setdefault(configuration(replicate, without=ignored), {})
        if replicate.seed in found:
            again.append(
                LeftOut(name=replicate.name, why=f"a newer run has the same settings and seed {replicate.seed}")
            )
        else:
            found[replicate.seed] = replicate
    groups = [Group(label="", replicates=_by_seed(found.values())) for found in members.values()]
    return groups, again


def label_groups(groups: Sequence[Group]) -> list[Group]:
    """Return the groups in the order of their labels, which say as little as tells them apart."""
    labels = _primary_labels(groups)
    for label, count in Counter(labels).items():
        if count > 1:
            clash = [position for position, other in enumerate(labels) if other == label]
            for position, more in zip(clash, _settings_labels([groups[i] for i in clash]), strict=True):
                labels[position] = " ".join(filter(None, (label, more)))
    named = [replace(group, label=label) for group, label in zip(groups, unique(labels), strict=True)]
    return sorted(named, key=lambda group: natural(group.label))


def unique(labels: Sequence[str]) -> list[str]:
    """Return the labels with a number behind those that came before."""
    seen: Counter[str] = Counter()
    numbered = []
    for label in labels:
        seen[label] += 1
        numbered.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return numbered


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts numbers inside texts by their size."""
    parts = re.split(r"(\d+)", text)
    return tuple((int(part), "") if part.isdecimal() and len(part) < 19 else (0, part) for part in parts)


def differing(settings: Sequence[Mapping[str, str]]) -> dict[str, tuple[str | None, ...]]:
    """Return the settings that are not the same everywhere, with each one's values."""
    rows = {
        key: tuple(each.get(key) for each in settings) for key in sorted({key for each in settings for key in each})
    }
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _primary_labels(groups: Sequence[Group]) -> list[str]:
    """Return experiment, recipe, variant and arm, as far as they differ."""
    rows = [
        (g.replicates[0].experiment, g.settings.get("name", ""), g.settings.get(VARIANT, ""), g.arm) for g in groups
    ]
    told = [column for column in range(4) if len({row[column] for row in rows}) > 1]
    if not told:
        told = [3 if rows[0][3] else 1]
    return ["/".join(filter(None, (row[column] for column in told))) for row in rows]


def _settings_labels(groups: Sequence[Group]) -> list[str]:
    rows = _telling_apart(differing([group.settings for group in groups]))
    parts = [
        [f"{key.rpartition('.')[2]}={_short(value)}" for key, value in zip(rows, column, strict=True)]
        for column in zip(*rows.values(), strict=True)
    ] or [[""]] * len(groups)
    return [", ".join(each) for each in parts]


def _telling_apart(rows: Mapping[str, tuple[str | None, ...]]) -> dict[str, tuple[str | None, ...]]:
    """Return as few of the settings as tell the groups apart; those come first that all have, and that tell more."""
    chosen: dict[str, tuple[str | None, ...]] = {}
    for key in sorted(rows, key=lambda key: (None in rows[key], -len(set(rows[key])), key)):
        told = len(set(zip(*chosen.values(), strict=True))) if chosen else 1
        if len(set(zip(*chosen.values(), rows[key], strict=True))) > told:
            chosen[key] = rows[key]
    return {key: values for key, values in rows.items() if key in chosen}


def _short(value: str | None) -> str:
    if value is None:
        return "none"
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def _by_seed(replicates: Iterable[Replicate]) -> tuple[Replicate, ...]:
    return tuple(sorted(replicates, key=lambda replicate: natural(replicate.seed)))
