"""What is known of a site while it is explored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiments.compiler.graph import Edge, SiteGraph, State
from experiments.compiler.offering import link_kind
from experiments.compiler.states import address, template_of
from experiments.compiler.surveying import Survey
from experiments.compiler.target import Move, key_of
from experiments.compiler.walking import Sight
from rewards.evidence import Sent

KINDS_SEEN = 4  # of links, before the others are taken to be like them


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an exploration has come."""

    url: str  # of the state found last
    states: int
    pages: int
    templates: int
    edges: int
    waiting: int  # offers that nobody has taken up


class Chart:
    """States and what leads from one to another; everybody who explores a site draws on the same one."""

    def __init__(self, url: str):
        self.states: dict[str, State] = {}
        self.pages: dict[str, str] = {}  # address -> state
        self.refused: Counter[str] = Counter()
        self.trusted: dict[str, bool] = {}  # kinds of links -> whether clicking one does what opening it does
        self._url = url
        self._edges: dict[tuple[str, tuple[str, ...], str], Edge] = {}
        self._links: dict[str, Sequence[tuple[Move, str]]] = {}  # state -> its links, with where they lead

    @property
    def num_pages(self) -> int:
        """How many states are pages."""
        return sum(state.is_page for state in self.states.values())

    def add(self, state: State, links: Sequence[tuple[Move, str]]) -> None:
        """Take in a state with its links."""
        self.states[state.id] = state
        self._links[state.id] = links
        if state.is_page:
            self.pages.setdefault(address(state.start), state.id)

    def join(self, source: str, move: Move, target: str, changing: Sequence[Sent] = (), *, walked: bool = True) -> None:
        """Take in where a move led, or will as its like did, and what it sent that may change the site."""
        sent = tuple(one for index, one in enumerate(changing) if one not in changing[:index])
        edge = Edge(source=source, move=move, target=target, sent=sent, writes=bool(sent), walked=walked)
        key = (source, key_of([move]), target)
        if walked and key in self._edges:
            self._edges[key] = replace(self._edges[key], walked=True)
        self._edges.setdefault(key, edge)

    def refuse(self, reason: str) -> None:
        """Count something that was not followed."""
        self.refused[reason] += 1

    def trusts(self, kind: str) -> bool:
        """Say whether clicking links of a kind does what opening them does: as seen, or as of all kinds so far."""
        seen = self.trusted.values()
        return self.trusted.get(kind, len(seen) >= KINDS_SEEN and all(seen))

    def graph(self, *, minutes: float, cpu_s: float) -> SiteGraph:
        """Return what was found; links that lead to a page that is known are edges without having been clicked each."""
        mostly = sum(self.trusted.values()) * 2 > len(self.trusted)
        for source, links in self._links.items():
            for move, url in links:
                target = self.pages.get(address(url))
                if target is not None and self.trusted.get(link_kind(url), mostly):
                    self.join(source, move, target, walked=False)
        return SiteGraph(
            url=self._url,
            states=dict(self.states),
            edges=tuple(self._edges.values()),
            refused={reason: count for reason, count in self.refused.items() if count},
            minutes=minutes,
            cpu_s=cpu_s,
        )

    def progress(self, state: State, *, waiting: int) -> Progress:
        """Say how far things have come with a state."""
        return Progress(
            url=state.url,
            states=len(self.states),
            pages=self.num_pages,
            templates=len({known.template for known in self.states.values()}),
            edges=len(self._edges),
            waiting=waiting,
        )


def state_of(sight: Sight, survey: Survey, *, path: tuple[Move, ...], start: str) -> State:
    """Return the state that is seen."""
    observation = sight.observation
    return State(
        id=sight.id,
        url=observation.url,
        title=observation.tabs[observation.active_tab].title if observation.tabs else "",
        template=template_of(observation),
        observation=observation,
        evidence=sight.evidence,
        path=path,
        start=start,
        forms=survey.forms,
        facts=survey.facts,
        goes_on=survey.goes_on,
    )
