"""What is still to be done while a site is explored, and what of it comes next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from experiments.compiler.offering import Offer
from experiments.compiler.states import address

PAGES_OF_A_KIND = 12  # links of one pattern that are followed
MAX_ROUNDS = 3  # times that as many more are followed, when nothing else is left to do
TRIES = 3  # of anything else that is alike
TRIES_EVERYWHERE = 6  # of what is alike on all pages of a site


class Frontier:
    """Offers that nobody has taken up: new kinds first, then those near at hand."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[int, Offer]]] = defaultdict(list)  # kind -> with their depths
        self._tried: Counter[str] = Counter()
        self._places: set[str] = set()  # where links led that were offered before
        self._closed: defaultdict[str, list[tuple[int, Offer]]] = defaultdict(list)  # more of a kind than are followed
        self._spoiled: set[str] = set()  # kinds that have nothing to offer
        self._rounds = 0  # how often kinds were opened again

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def dropped(self) -> int:
        """How many offers are more of a kind than are followed."""
        return sum(map(len, self._closed.values()))

    def add(self, offers: Iterable[Offer], *, depth: int) -> None:
        """Take offers in; a link to where another leads is none."""
        for offer in offers:
            if offer.url:
                if address(offer.url) in self._places:
                    continue
                self._places.add(address(offer.url))
            self._waiting[offer.kind].append((depth, offer))

    def know(self, url: str) -> None:
        """Take note that an address has been seen."""
        self._places.add(address(url))

    def spoil(self, kind: str) -> None:
        """Have a kind followed little more: it has nothing to offer."""
        self._tried[kind] = max(self._tried[kind], PAGES_OF_A_KIND - 1)
        self._spoiled.add(kind)

    def reopen(self) -> bool:
        """Have as many more links of each kind followed; say whether there are any, and this was not done too often."""
        kinds = [kind for kind in self._closed if _is_link(kind) and kind not in self._spoiled]
        if not kinds or self._rounds == MAX_ROUNDS:
            return False
        self._rounds += 1
        for kind in kinds:
            self._waiting[kind] += self._closed.pop(kind)
        return True

    def take(self, here: str, *, pages: bool = True, views: bool = True) -> Offer | None:
        """Return what comes next for somebody who is in a state; links only where ``pages``, others where ``views``."""
        best: tuple[tuple[int, bool, bool, int], str, int] | None = None
        for kind in [kind for kind in self._waiting if self._is_spent(kind)]:
            self._closed[kind] += self._waiting.pop(kind)
        for kind, waiting in self._waiting.items():
            tried = self._tried[kind] + self._tried[_everywhere(kind)] // TRIES + kind.count(",")
            for index, (depth, offer) in enumerate(waiting):
                if not (pages if offer.url else views):
                    break
                rank = (tried + depth + 2 * offer.searches + (not offer.url), offer.state != here, not offer.url, depth)
                if best is None or rank < best[0]:
                    best = rank, kind, index
        if best is None:
            return None
        _, kind, index = best
        _, offer = self._waiting[kind].pop(index)
        if not self._waiting[kind]:
            del self._waiting[kind]
        self._tried[kind] += 1
        self._tried[_everywhere(kind)] += 1
        return offer

    def forget(self, state: str) -> None:
        """Drop what a state offers: nobody finds the way to it any more."""
        for kind in list(self._waiting):
            kept = [(depth, offer) for depth, offer in self._waiting[kind] if offer.state != state or offer.url]
            self._waiting[kind] = kept
            if not kept:
                del self._waiting[kind]

    def _is_spent(self, kind: str) -> bool:
        if _is_link(kind):
            rounds = 0 if kind in self._spoiled else self._rounds
            return self._tried[kind] >= PAGES_OF_A_KIND * (1 + rounds)
        return self._tried[kind] >= TRIES or self._tried[_everywhere(kind)] >= TRIES_EVERYWHERE


def _is_link(kind: str) -> bool:
    return kind.startswith("link ")


def _everywhere(kind: str) -> str:
    """Return a kind without what differs within a site: of links what they ask for, of others the template."""
    return kind.rpartition("?")[0] if _is_link(kind) else kind.partition(" ")[2]
