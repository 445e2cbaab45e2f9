"""Keeps of many runs what tells them apart: the same answer to the same request after the same changes, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from browser_env.snapshot.changes import changes_something, clocks_in, histories
from browser_env.snapshot.exchange import Exchange, header
from browser_env.snapshot.normalising import negotiation, request_key


def thinned(exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """Return the exchanges without those that another run answers for.

    Runs begin alike, so what two of them were answered after the same changes differs by chance at most; the run that
    asked most often keeps its answers, as far as they differ. A change stays where its run goes on to something kept.
    """
    if len({exchange.run for exchange in exchanges}) < 2:
        return tuple(exchanges)
    kept = _chosen(exchanges)
    last = {exchanges[number].run: number for number in sorted(kept)}
    return tuple(
        exchange
        for number, exchange in enumerate(exchanges)
        if number in kept or (changes_something(exchange) and number < last.get(exchange.run, -1))
    )


def _chosen(exchanges: Sequence[Exchange]) -> set[int]:
    """Return the numbers of one run's exchanges for every request after every history."""
    clocks = clocks_in(exchanges)
    keys = [request_key(exchange.request, clocks) for exchange in exchanges]
    groups: defaultdict[object, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, (exchange, history) in enumerate(zip(exchanges, histories(exchanges, keys), strict=True)):
        groups[keys[number], negotiation(exchange.request), history][exchange.run].append(number)
    kept: set[int] = set()
    for runs in groups.values():
        sequences = [_without_repeats(numbers, exchanges) for numbers in runs.values()]
        best = max(sequences, key=lambda numbers: (not _failed(numbers, exchanges), len(numbers)))
        kept.update(best)
    return kept


def _without_repeats(numbers: list[int], exchanges: Sequence[Exchange]) -> list[int]:
    """Leave out the last answers as long as the one before is the same: the last one repeats anyway."""
    kept = list(numbers)
    while len(kept) > 1 and _looks(exchanges[kept[-1]]) == _looks(exchanges[kept[-2]]):
        kept.pop()
    return kept


def _failed(numbers: Sequence[int], exchanges: Sequence[Exchange]) -> bool:
    return any(exchanges[number].response.status >= 500 for number in numbers)


def _looks(exchange: Exchange) -> tuple[int, str, str]:
    response = exchange.response
    return response.status, header(response.headers, "location"), response.body
