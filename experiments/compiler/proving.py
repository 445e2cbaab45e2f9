"""Proves candidates in fresh resets: what does not hold is dropped with its reason.

Verifiers are pure functions of recorded evidence, so a run is made once for all candidates that begin at the same page
and act alike, and is judged at every step.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from browser_env.seeds import demonstration_seed
from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import SiteGraph
from experiments.compiler.judging import OUT_OF_TIME, Dropped, sift
from experiments.compiler.site import Site
from experiments.compiler.trial import Proved, Trial
from experiments.compiler.visiting import Visitor

BATCH, SMALLEST_BATCH = 48, 8  # candidates that go through all proofs before the next ones
SHARE = 0.6  # of what there seems to be time for, in the next batch
USUAL_PACE_S = 1.5  # for each candidate, before anything is known of a site
SEEDS = tuple(demonstration_seed(index) for index in range(5))
Tell = Callable[[int, int], None]  # candidates decided since, and tasks proved so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What proving came to."""

    kept: tuple[Proved, ...]
    dropped: tuple[Dropped, ...]
    seconds: float = 0.0  # wall clock
    runs: int = 0  # fresh resets that were played


async def prove(
    candidates: Iterable[Candidate],
    graph: SiteGraph,
    site: Site,
    *,
    crew: Sequence[Visitor],
    painters: Sequence[Visitor] = (),
    seeds: Sequence[int] = SEEDS,
    deadline_s: float = float("inf"),
    tell: Tell = lambda decided, proved: None,
) -> Proofs:
    """Return the tasks among candidates, each proved once for each seed; ``deadline_s`` is on the monotonic clock.

    The golden run of the last seed is made by the ``painters``, with pictures where they take some; else by the crew.
    """
    started = time.monotonic()
    sifted, dropped = sift(candidates, graph)
    trial = Trial(
        graph=graph,
        site=site,
        crew=crew,
        painters=painters or crew,
        seeds=tuple(seeds),
        deadline_s=deadline_s,
        dropped=dropped,
    )
    tell(len(dropped), 0)
    waiting, begun, decided = balanced(sifted), time.monotonic(), 0
    while waiting and time.monotonic() < deadline_s:
        pace_s = (time.monotonic() - begun) / decided if decided else USUAL_PACE_S
        size = batch_size(deadline_s - time.monotonic(), pace_s=pace_s)
        batch, waiting = waiting[:size], waiting[size:]
        await trial.hear(batch)
        decided += len(batch) - len(trial.shorter)
        tell(len(batch) - len(trial.shorter), len(trial.kept))
        waiting, trial.shorter = trial.shorter + waiting, []
    trial.dropped += [Dropped(candidate=candidate, reason=OUT_OF_TIME) for candidate in waiting]
    trial.compare()
    return Proofs(
        kept=tuple(trial.kept),
        dropped=tuple(trial.dropped),
        seconds=time.monotonic() - started,
        runs=trial.num_runs,
    )


def batch_size(left_s: float, *, pace_s: float) -> int:
    """Return how many candidates to take up next, so that they are through while there is time."""
    return max(SMALLEST_BATCH, min(BATCH, int(left_s / pace_s * SHARE))) if left_s < float("inf") else BATCH


def balanced(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates so that the families take turns: whatever time there is, it is theirs alike."""
    turn: Counter[str] = Counter()
    order = []
    for index, candidate in enumerate(candidates):
        turn[candidate.family] += 1
        order.append((turn[candidate.family], index, candidate))
    return [candidate for _, _, candidate in sorted(order, key=lambda entry: entry[:2])]
