"""Writes proved tasks as a set: JSON lines, the snapshot, demonstrations, what was dropped and where all is from."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browser_env.episode import Episode
from browser_env.errors import UsageError
from browser_env.snapshot.har import PIN, open_snapshot
from browser_env.snapshot.robots import is_own
from browser_env.task import Task
from browser_env.task_set import DEMONSTRATIONS, FORMAT, SITE, TASKS, VERSION, TaskSet
from experiments.compiler.graph import SiteGraph
from experiments.compiler.judging import Dropped
from experiments.compiler.trial import Proved
from experiments.journal import write_atomically
from replay.store import ReplayStore

SNAPSHOT, DROPPED, REPORT = "snapshot.har.zip", "dropped.jsonl", "report.html"
DEMONSTRATION = "demonstration"  # tag of the golden episodes
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A proved task as the set has it."""

    proved: Proved
    task: Task  # with its name, and its snapshot's path from the set's folder
    episode: Episode  # its golden run

    def to_row(self) -> Json:
        """Return the line of ``tasks.jsonl``."""
        candidate = self.proved.candidate
        return {
            "task": self.task.to_json(),
            "family": candidate.family,
            "golden": [move.to_json() for move in candidate.golden],
            "difficulty": self.proved.difficulty.to_json(),
            "proof": dict(self.proved.proof),
            "decoys": list(candidate.decoys),
            "near_misses": [
                {"why": miss.why, "moves": [move.to_json() for move in miss.moves]} for miss in candidate.near_misses
            ],
            "demonstration": self.episode.id,
        }


def new_folder(folder: Path) -> None:
    """Make the folder of a set; raise :class:`UsageError` where it holds something already."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty; choose another folder, or remove it first")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder} ({error.strerror}); choose another folder") from error


def keep_snapshot(source: Path, folder: Path) -> str:
    """Copy a snapshot into a set's folder; return its place with its digest, as a task names it."""
    place = folder / SNAPSHOT
    if source != place:
        shutil.copyfile(source, place)
    return f"{place}{PIN}{open_snapshot(str(place)).digest}"


def pack(kept: Iterable[Proved], *, slug: str, snapshot: str, provenance: str) -> list[Packed]:
    """Name the tasks, ``SLUG/FAMILY-NUMBER``, by family and difficulty."""
    numbers: Counter[str] = Counter()
    packed = []
    for proved in sorted(kept, key=lambda one: (one.candidate.family, one.difficulty.value, one.candidate.goal)):
        family = proved.candidate.family
        numbers[family] += 1
        name = f"{slug}/{family}-{numbers[family]}"
        task = replace(proved.task, name=name, snapshot=snapshot, provenance=provenance)
        episode = replace(proved.demonstration, task=task, tags=(DEMONSTRATION,))
        packed.append(Packed(proved=proved, task=task, episode=episode))
    return packed


def slug_of(url: str, title: str) -> str:
    """Return a short name for a site: its host's, or for this machine's own sites the first page's title."""
    text = title if is_own(url) and title.strip() else (urlsplit(url).hostname or "site").removeprefix("www.")
    return "-".join(re.findall(r"[a-z0-9]+", text.casefold()))[:30].strip("-") or "site"


def write_set(
    folder: Path, packed: Sequence[Packed], *, dropped: Iterable[Dropped], graph: SiteGraph, site: Json
) -> None:
    """Write all files of a set but the snapshot and the report."""
    write_rows(folder, [one.to_row() for one in packed], sites=[site])
    lines = [_dropped_row(one, graph) for one in dropped]
    write_atomically(folder / DROPPED, _lines(lines))
    with ReplayStore(folder / DEMONSTRATIONS) as store:
        store.add(one.episode for one in packed)


def write_rows(folder: Path, rows: Sequence[Mapping[str, Any]], *, sites: Sequence[Mapping[str, Any]]) -> None:
    """Write a set's tasks and where they are from."""
    head = {"format": FORMAT, "version": VERSION, "sites": list(sites)}
    write_atomically(folder / SITE, json.dumps(head, indent=1).encode())
    write_atomically(folder / TASKS, _lines(rows))


def read_dropped(folder: Path) -> list[Json]:
    """Return the lines about dropped candidates; none where the file is not there."""
    path = folder / DROPPED
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _dropped_row(dropped: Dropped, graph: SiteGraph) -> Json:
    candidate = dropped.candidate
    start = graph.states.get(candidate.start)
    return {
        "family": candidate.family,
        "goal": candidate.goal,
        "start": start.url if start is not None else candidate.start,
        "golden": [move.action.to_text() for move in candidate.golden],
        "reason": dropped.reason,
        "detail": dropped.detail,
    }


# Merging


def merge(folders: Sequence[Path], out: Path) -> TaskSet:
    """Write the tasks of several sets as one: names stay unique, each site keeps its snapshot."""
    sets = [TaskSet.read(folder) for folder in folders]
    new_folder(out)
    rows: list[Json] = []
    sites: list[Mapping[str, Any]] = []
    dropped: list[Json] = []
    names: set[str] = set()
    ids: set[str] = set()
    with ReplayStore(out / DEMONSTRATIONS) as store:
        for number, tasks in enumerate(sets, start=1):
            renamed = _unique({task.name for task in tasks.tasks}, names, number=number)
            names |= set(renamed.values())
            places = _copy_snapshots(tasks, out, number=number)
            made = [_moved(row, renamed, places) for row in tasks.rows]
            rows += made
            sites += [{**site, "snapshot": places.get(site.get("snapshot", ""), "")} for site in tasks.sites]
            dropped += read_dropped(tasks.folder)
            for row, old in zip(made, tasks.rows, strict=True):
                row["demonstration"] = uuid.uuid4().hex if old["demonstration"] in ids else old["demonstration"]
            ids |= {row["demonstration"] for row in made}
            _copy_demonstrations(tasks, store, made)
    write_rows(out, rows, sites=sites)
    write_atomically(out / DROPPED, _lines(dropped))
    return TaskSet.read(out)


def _unique(names: Iterable[str], taken: set[str], *, number: int) -> dict[str, str]:
    """Return new names; where one is taken, all of the set's get a number after their site's."""
    names = list(names)
    renamed = {name: name for name in names}
    while taken & set(renamed.values()):
        renamed = {name: "/".join([f"{name.partition('/')[0]}-{number}", name.partition("/")[2]]) for name in names}
        number += 1
    return renamed


def _copy_snapshots(tasks: TaskSet, out: Path, *, number: int) -> dict[str, str]:
    """Copy the snapshots; return their old paths in the set with the new ones."""
    old = {row["task"]["snapshot"].partition("#")[0] for row in tasks.rows if row["task"]["snapshot"]}
    places = {}
    for index, path in enumerate(sorted(old)):
        places[path] = f"snapshots/{number}{f'-{index}' if index else ''}.har.zip"
        (out / "snapshots").mkdir(exist_ok=True)
        shutil.copyfile(tasks.folder / path, out / places[path])
    return places


def _moved(row: Mapping[str, Any], names: Mapping[str, str], places: Mapping[str, str]) -> Json:
    task = dict(row["task"])
    path, pin, digest = (task["snapshot"] or "").partition("#")
    task["snapshot"] = f"{places[path]}{pin}{digest}" if path else None
    return {**row, "task": task | {"name": names[task["name"]]}}


def _copy_demonstrations(tasks: TaskSet, store: ReplayStore, made: Sequence[Json]) -> None:
    folder = tasks.folder / DEMONSTRATIONS
    if not folder.exists():
        return
    new = {old["demonstration"]: row for old, row in zip(tasks.rows, made, strict=True)}
    with ReplayStore(folder, read_only=True) as source:
        for episode in source.episodes(tag=DEMONSTRATION):
            if row := new.get(episode.id):
                store.add([replace(episode, id=row["demonstration"], task=Task.from_json(row["task"]))])
