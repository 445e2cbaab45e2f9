"""Which exchanges changed the site, and what each answer's run had changed before it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from browser_env.reading import BEACONS, only_reads
from browser_env.snapshot.exchange import CHANGING_METHODS, Exchange
from browser_env.snapshot.normalising import PAGE_EPOCH, clocks_of, origin

History = tuple[str, ...]  # request keys of changes, in order


def changes_something(exchange: Exchange) -> bool:
    """Say whether a request may have changed the site: no GET, no beacon, no failure, no search by POST."""
    request = exchange.request
    if request.method not in CHANGING_METHODS or request.kind in BEACONS or exchange.response.status >= 400:
        return False
    return not only_reads(request)


def clocks_in(exchanges: Sequence[Exchange]) -> tuple[datetime, ...]:
    """Return what clocks may have shown while a recording was made."""
    ends = {number: exchanges[number] for number in (0, len(exchanges) - 1)} if exchanges else {}
    return tuple(sorted({PAGE_EPOCH, *(clock for end in ends.values() for clock in clocks_of(end)[1:2])}))


def histories(exchanges: Sequence[Exchange], keys: Sequence[str]) -> list[History]:
    """Return for each exchange the changes of its origin that its run had made before it."""
    made: defaultdict[tuple[int, str], History] = defaultdict(tuple)
    found = []
    for exchange, key in zip(exchanges, keys, strict=True):
        here = (exchange.run, origin(exchange.request.url))
        found.append(made[here])
        if changes_something(exchange):
            made[here] += (key,)
    return found


def distance(history: History, made: History) -> tuple[int, int, bool, int]:
    """Return how far a recorded history is from what an episode made; the first part counts what it did not make."""
    recorded, own = Counter(history), Counter(made)
    latest = max((place for place, key in enumerate(made) if key in recorded), default=-1)
    return (recorded - own).total(), (own - recorded).total(), history != made, -latest
