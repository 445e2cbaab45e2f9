"""What a comparison says in words, on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.comparing.comparison import BETTER, UNCLEAR, WORSE, Comparison, Total
from experiments.comparing.formats import NOTHING, format_rate
from experiments.comparing.groups import Group
from experiments.comparing.learning import DemonstrationLine

FEW_SEEDS = 5  # below, bootstrap intervals over seeds tend to be too narrow


def subject(comparison: Comparison) -> str:
    """Return what was compared, in one line."""
    runs = sum(len(group.replicates) for group in comparison.groups)
    tasks = counted(len(comparison.shared), "task")
    return (
        f"{counted(len(comparison.groups), 'group')}, {counted(runs, 'run')}, {tasks} that every run was evaluated on"
    )


def sentences(comparison: Comparison) -> list[str]:
    """Return what may be said of the other groups beside the first: a sentence for each verdict."""
    first = comparison.labels[0]
    named = {
        BETTER: f"Better than {first}",
        WORSE: f"Worse than {first}",
        UNCLEAR: f"Cannot be told apart from {first}",
    }
    found = []
    for verdict, beginning in named.items():
        pairs = zip(comparison.labels, comparison.totals, strict=True)
        said = [
            f"{label}, {format_rate(t.improvement)}" for label, t in pairs if t.improvement and t.verdict == verdict
        ]
        if said:
            found.append(f"{beginning}, with the probability of improvement: {'; '.join(said)}.")
    return found


def caution(comparison: Comparison) -> str:
    """Return what the intervals do not cover, if anything."""
    seeds = [len(group.replicates) for group in comparison.groups]
    texts = []
    if min(seeds) == 1:
        texts.append("A group of one seed speaks of that trained policy, not of the configuration behind it.")
    if max(seeds) > 1 and min(count for count in seeds if count > 1) < FEW_SEEDS:
        texts.append(f"With fewer than {FEW_SEEDS} seeds, intervals over seeds tend to be too narrow.")
    varied = sorted({name for group in comparison.groups for name in group.varied})
    if varied:
        texts.append(f"Runs of one group differ in {listed(varied)}.")
    if len({run.commit for group in comparison.groups for run in group.replicates}) > 1:
        texts.append("The runs were made by different versions of the code.")
    return " ".join(texts)


def resampled(group: Group, total: Total) -> str:
    """Return what the intervals of a group come from."""
    if total.of_seeds:
        return f"{len(group.replicates)} seeds"
    return "episodes of one seed"


def needed_demonstrations(line: DemonstrationLine) -> str:
    """Return the fewest demonstrations that were enough."""
    return NOTHING if line.needed is None else f"{line.needed:g}"


def listed(names: Iterable[str], *, most: int = 8) -> str:
    """Return names with commas; the rest is counted."""
    names = list(names)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
