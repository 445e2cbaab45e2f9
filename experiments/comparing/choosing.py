"""Which runs a comparison is of: those that names and conditions ask for, as far as they are fit for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from browser_env.errors import DataError, UsageError
from experiments.comparing.groups import Group, LeftOut, group_replicates, label_groups, unique
from experiments.comparing.replicates import PARENT, Replicate, read_replicate
from experiments.tracking import MlflowTracker, RunSummary

ARM = "arm"  # in a condition: the part of a nested run's name that its parent's lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Groups to be compared, and the runs that were left out."""

    groups: tuple[Group, ...]
    left_out: tuple[LeftOut, ...]


def choose(
    tracker: MlflowTracker, names: Sequence[str], *, where: Mapping[str, str], ignoring: Sequence[str] = ()
) -> Choice:
    """Return the groups of experiments, and named runs as groups of their own; ignored settings split no group.

    Raise :class:`UsageError` for a name that is neither, where nothing is left to compare, and for an ignored setting
    that no run has.
    """
    known = tracker.experiments()
    asked = list(dict.fromkeys(names))
    experiments = [name for name in asked if name in known]
    replicates: list[Replicate] = []
    left_out: list[LeftOut] = []
    for name in experiments:
        found, dropped = _of_experiment(tracker, name, experiment_id=known[name], where=where)
        replicates += found
        left_out += dropped
    _check_known(ignoring, replicates)
    groups, again = group_replicates(replicates, ignoring=ignoring)
    singles = [_single(tracker, name) for name in asked if name not in known]
    chosen = (*_labelled_runs(singles), *(label_groups(groups) if groups else ()))
    if not chosen:
        raise UsageError(_nothing(experiments, where=where, left_out=left_out))
    return Choice(groups=chosen, left_out=(*left_out, *again))


def _check_known(names: Sequence[str], replicates: Sequence[Replicate]) -> None:
    known = {name for replicate in replicates for name in replicate.params}
    unknown = [name for name in names if name not in known]
    if unknown and replicates:
        alike = sorted(name for name in known if name.rpartition(".")[2] == unknown[0])
        hint = f"; do you mean {', '.join(alike)}?" if alike else "; `webdual compare` lists those that differ"
        raise UsageError(f"no run has a setting {unknown[0]!r:.80} to ignore{hint}")


def _of_experiment(
    tracker: MlflowTracker, name: str, *, experiment_id: str, where: Mapping[str, str]
) -> tuple[list[Replicate], list[LeftOut]]:
    runs = tracker.runs([experiment_id])
    parents = {run.tags.get(PARENT) for run in runs}
    replicates: list[Replicate] = []
    left_out: list[LeftOut] = []
    for run in (run for run in runs if _meets(run, where)):
        if run.status != "FINISHED":
            left_out.append(LeftOut(name=run.name, why=run.status.lower()))
        elif run.id not in parents:  # a parent's results are its arms'
            try:
                replicate = read_replicate(tracker, run, experiment=name)
            except (UsageError, DataError) as error:
                left_out.append(LeftOut(name=run.name, why=str(error)))
                continue
            if replicate.scores:
                replicates.append(replicate)
            else:
                left_out.append(LeftOut(name=run.name, why="no task has an evaluated episode"))
    return replicates, left_out


def _single(tracker: MlflowTracker, name: str) -> Replicate:
    try:
        run = tracker.find(name)
    except UsageError as error:
        known = ", ".join(sorted(tracker.experiments()))
        raise UsageError(f"{name!r:.80} is no experiment ({known:.200}) and no run: {error}") from error
    if run.status != "FINISHED":
        raise UsageError(f"run {run.name} is {run.status.lower()}; compare runs that have finished")
    replicate = read_replicate(tracker, run, experiment="")
    if not replicate.scores:
        raise UsageError(f"run {run.name} has no task with an evaluated episode; evaluate it first")
    return replicate


def _labelled_runs(runs: Sequence[Replicate]) -> list[Group]:
    """Return each run as a group, named without the part before the last slash where the rest tells them apart."""
    once = list({run.id: run for run in runs}.values())
    short = [run.name.rpartition("/")[2] or run.name for run in once]
    labels = short if len(set(short)) == len(short) else unique([run.name for run in once])
    return [Group(label=label, replicates=(run,)) for label, run in zip(labels, once, strict=True)]


def _meets(run: RunSummary, where: Mapping[str, str]) -> bool:
    facts = run.params | {ARM: run.name.rpartition("/")[2] if PARENT in run.tags else ""}
    return all(facts.get(key) == value for key, value in where.items())


def _nothing(experiments: Sequence[str], *, where: Mapping[str, str], left_out: Sequence[LeftOut]) -> str:
    place = f"{', '.join(experiments):.200} has no finished run with an evaluation"
    if where:
        place += f" where {', '.join(f'{key}={value}' for key, value in where.items()):.200}"
    if left_out:
        place += f" ({len(left_out)} left out, e.g. {left_out[0].name:.80}: {left_out[0].why:.200})"
    return f"{place}; train first, or name another experiment"
