"""Explores a site: opens its pages, does on them what changes nothing on the server, and keeps what was seen.

Moves that lead to pages and views of a new kind come first; each kind is followed a bounded number of times, so that a
calendar without end costs as much as any other page. Nothing that may change the site is ever sent.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from browser_env.action import Dialog
from browser_env.errors import DivergedError, InfraError, UsageError
from browser_env.places import is_allowed
from browser_env.processor_time import ProcessorTime
from browser_env.snapshot.crawling import SIGNATURE
from browser_env.snapshot.normalising import place
from browser_env.snapshot.recording import Recorder
from browser_env.snapshot.robots import Manners, is_own
from experiments.compiler.frontier import Frontier
from experiments.compiler.graph import Edge, SiteGraph, State
from experiments.compiler.offering import Offer, link_kind, links_of, offers_of
from experiments.compiler.site import Site
from experiments.compiler.states import address, template_of
from experiments.compiler.surveying import Survey
from experiments.compiler.target import Move, key_of
from experiments.compiler.visiting import visitors as have_visitors
from experiments.compiler.walking import Sight, Walker
from experiments.compiler.wording import Words
from rewards.evidence import Sent

VIEWS_PER_PAGE = 3  # states at most, for each page that is wanted
MAX_PATH = 6  # moves from a page to a state
MAX_DIALOGS = 2  # one after the other
KINDS_SEEN = 4  # of links, before the others are taken to be like them
MAX_LOST = 2  # times that a state is looked for in vain


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an exploration has come."""

    url: str  # of the state found last
    states: int
    pages: int
    templates: int
    edges: int
    waiting: int  # offers that nobody has taken up


async def explore(
    site: Site,
    *,
    max_pages: int,
    minutes: float,
    visitors: int = 2,
    recorder: Recorder | None = None,
    seed: int = 0,
    on_state: Callable[[Progress], None] = lambda progress: None,
) -> SiteGraph:
    """Return what is found of a site within these limits.

    Raise :class:`InfraError` or :class:`UsageError` where its first page cannot be opened; whatever else fails is
    counted in ``refused``.
    """
    started, processor = time.monotonic(), ProcessorTime()
    processor.take()
    site = replace(site, allow_writes=False)
    abroad = site.snapshot is None and not is_own(site.url)
    if recorder is None and abroad:
        recorder = Recorder(user_agent=site.user_agent or f"Mozilla/5.0 (compatible; {SIGNATURE})")
    exploration = Exploration(site, max_pages=max_pages, recorder=recorder, seed=seed, on_state=on_state)
    async with have_visitors(site, count=visitors, recorder=recorder) as crew:
        manners = Manners(delay_s=site.delay_s, user_agent=site.user_agent or SIGNATURE) if abroad else None
        walkers = [Walker(visitor, manners, seed=seed) for visitor in crew]
        await exploration.begin(walkers[0])
        await exploration.run(walkers, until=started + minutes * 60)
        cpu_s = processor.take()
    return exploration.graph(minutes=(time.monotonic() - started) / 60, cpu_s=cpu_s)


class Exploration:
    """What is known of a site so far, shared by all who walk through it."""

    def __init__(
        self,
        site: Site,
        *,
        max_pages: int,
        recorder: Recorder | None,
        seed: int,
        on_state: Callable[[Progress], None],
    ):
        self._site = site
        self._max_pages = max_pages
        self._recorder = recorder
        self._on_state = on_state
        self._states: dict[str, State] = {}
        self._edges: dict[tuple[str, tuple[str, ...], str], Edge] = {}
        self._links: dict[str, list[tuple[Move, str]]] = {}  # state -> its links, with where they lead
        self._pages: dict[str, str] = {}  # address -> state
        self._refused: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()  # by state
        self._trusted: dict[str, bool] = {}  # kinds of links -> whether clicking one does what opening it does
        self._noise: set[tuple[str, str]] = set()  # what pages send by themselves
        self._frontier = Frontier()
        self._words = Words(seed=seed)
        self._busy = 0
        self._news = asyncio.Condition()

    async def begin(self, walker: Walker) -> None:
        """Open the first page; raise what is wrong with it."""
        sight = await walker.open(self._site.url)
        survey = await walker.survey()
        reason = self._unfit(sight, survey)
        if reason:
            raise InfraError(f"{self._site.url[:200]} {reason}; nothing can be explored from there")
        self._add(sight, survey, path=(), start=self._site.url)

    async def run(self, walkers: list[Walker], *, until: float) -> None:
        """Explore until nothing is left, there are enough states, or time is up."""
        async with asyncio.TaskGroup() as group:
            for walker in walkers:
                group.create_task(self._walk(walker, until))

    def graph(self, *, minutes: float, cpu_s: float) -> SiteGraph:
        """Return what was found; links that lead to a page that is known are edges without having been clicked each."""
        mostly = sum(self._trusted.values()) * 2 > len(self._trusted)
        for source, links in self._links.items():
            for move, url in links:
                target = self._pages.get(address(url))
                if target is not None and self._trusted.get(link_kind(url), mostly):
                    self._join(source, move, target)
        if self._frontier.dropped:
            self._refused["one more of a kind"] += self._frontier.dropped
        return SiteGraph(
            url=self._site.url,
            states=dict(self._states),
            edges=tuple(self._edges.values()),
            refused=dict(self._refused),
            minutes=minutes,
            cpu_s=cpu_s,
        )

    @property
    def _num_pages(self) -> int:
        return sum(state.is_page for state in self._states.values())

    async def _walk(self, walker: Walker, until: float) -> None:
        """Take up one offer after the other; wait where others may still find some."""
        while time.monotonic() < until:
            offer = self._next(walker)
            if offer is None:
                if not self._busy:
                    break
                async with self._news:
                    await self._news.wait()
                continue
            self._busy += 1
            try:
                await self._take_up(walker, offer)
            finally:
                self._busy -= 1
                async with self._news:
                    self._news.notify_all()

    def _next(self, walker: Walker) -> Offer | None:
        pages = self._num_pages < self._max_pages
        views = len(self._states) < self._max_pages * VIEWS_PER_PAGE
        return self._frontier.take(walker.here if walker.is_fresh else "", pages=pages, views=views)

    async def _take_up(self, walker: Walker, offer: Offer) -> None:
        try:
            await (self._open(walker, offer) if offer.url else self._do(walker, offer))
        except DivergedError:
            self._refuse("is not found again")
            self._lose(offer.state)
        except UsageError:
            self._refuse("is closed by robots.txt")
        except InfraError:
            self._refuse("does not load")

    async def _open(self, walker: Walker, offer: Offer) -> None:
        """Open where a link leads; where links of its kind are new, see whether clicking it does the same."""
        trusted = self._trusts(offer.kind)
        target = await self._page(walker, offer.url, fresh=not trusted)
        if target is None:
            return
        if trusted:
            self._join(offer.state, offer.moves[0], target)
            return
        source = await self._go(walker, offer.state)
        sight = await walker.act(offer.moves[0])
        same = sight.id == target or self._spoils(walker, sight, target, offer)
        self._trusted[offer.kind] = same
        if same:
            self._join(source.id, offer.moves[0], target)
        else:
            await self._arrive(walker, source, offer.moves[0], sight)

    def _trusts(self, kind: str) -> bool:
        """Say whether clicking links of a kind does what opening them does: as seen, or as of all kinds so far."""
        seen = self._trusted.values()
        return self._trusted.get(kind, len(seen) >= KINDS_SEEN and all(seen))

    def _spoils(self, walker: Walker, sight: Sight, target: str, offer: Offer) -> bool:
        """Say whether a page is another at each visit; then those of its kind are not worth following."""
        known = self._states[target]
        changes = bool(sight.id) and address(sight.observation.url) == address(known.url)
        if changes and template_of(sight.observation) == known.template and sight.observation.dialog is None:
            self._refuse("changes from visit to visit")
            self._frontier.spoil(offer.kind)
            walker.here = ""
            return True
        return False

    async def _page(self, walker: Walker, url: str, *, fresh: bool = True) -> str | None:
        """Open a page and return the state that it is; None where it is not one to be kept."""
        sight = await walker.open(url, fresh=fresh)
        self._noise.update((sent.method, place(sent.url)) for sent in sight.sent)
        return await self._keep(walker, sight, path=(), start=url)

    async def _do(self, walker: Walker, offer: Offer) -> None:
        """Make the moves of an offer, and take in what they lead to."""
        source: State | None = await self._go(walker, offer.state)
        moves = list(offer.moves)
        if offer.searches:
            moves[0] = replace(moves[0], action=replace(moves[0].action, text=self._words.choose()))  # type: ignore[call-arg]
        for move in moves:
            if source is None:
                return
            sight = await walker.act(move)
            source = await self._arrive(walker, source, move, sight)

    async def _arrive(self, walker: Walker, source: State, move: Move, sight: Sight) -> State | None:
        """Take in what a move led to; return the state where one can go on from there."""
        changing = [sent for sent in sight.sent if (sent.method, place(sent.url)) not in self._noise]
        if sight.problem or changing:
            walker.here = ""
            if changing:
                self._join(source.id, move, source.id, changing)
            self._refuse("would change the site" if changing else _reason(sight.problem))
            return None
        target = await self._target(walker, source, move, sight)
        if target is None:
            return None
        self._join(source.id, move, target)
        return self._states[target] if walker.here == target else None

    async def _target(self, walker: Walker, source: State, move: Move, sight: Sight) -> str | None:
        """Return the state that a move led to; one that its address leads to as well is a page."""
        if sight.id in self._states:
            return sight.id
        path = (*source.path, move)
        dialogs = [step for step in path if isinstance(step.action, Dialog)]
        if len(path) > MAX_PATH or len(dialogs) > MAX_DIALOGS:
            self._refuse("shows dialogs without end" if len(dialogs) > MAX_DIALOGS else "is too far from a page")
            walker.here = ""
            return None
        target = await self._keep(walker, sight, path=path, start=source.start, before=source)
        here = sight.observation
        if target is not None and here.dialog is None and address(here.url) != address(source.url):
            page = await self._page(walker, here.url)
            if page == target:
                self._states[target] = replace(self._states[target], path=(), start=here.url)
                self._pages.setdefault(address(here.url), target)
        return target

    async def _go(self, walker: Walker, state_id: str) -> State:
        """Be in a state; raise :class:`DivergedError` where it is not found again."""
        state = self._states[state_id]
        if walker.here == state_id and walker.is_fresh:
            return state
        sight = await walker.follow(state.start, state.path)
        if sight.id != state_id:
            raise DivergedError("the way to a state leads to another")
        return state

    def _lose(self, state_id: str) -> None:
        self._lost[state_id] += 1
        if self._lost[state_id] == MAX_LOST:
            self._frontier.forget(state_id)

    async def _keep(
        self, walker: Walker, sight: Sight, *, path: tuple[Move, ...], start: str, before: State | None = None
    ) -> str | None:
        """Keep what is seen as a state unless it is known or unfit; return its id, or None."""
        if sight.id not in self._states:
            survey = await walker.survey()
            reason = self._unfit(sight, survey)
            if reason:
                self._refuse(reason)
                walker.here = ""
                return None
            if sight.id not in self._states:
                self._add(sight, survey, path=path, start=start, before=before)
        elif not path and not self._states[sight.id].is_page:
            self._states[sight.id] = replace(self._states[sight.id], path=(), start=start)
        if not path:
            for url in (start, sight.observation.url):
                self._pages.setdefault(address(url), sight.id)
        return sight.id

    def _unfit(self, sight: Sight, survey: Survey) -> str:
        """Return why what is seen is no state of the site, or nothing."""
        url = sight.observation.url
        if url in ("", "about:blank"):
            return "closes its window"
        if not is_allowed(url, self._site.task(self._site.url)):
            return "leaves the site"
        if survey.status >= 400:
            return f"answers with an error ({survey.status})"
        if sight.evidence.unanswered:
            return "is not in the snapshot"
        login = self._site.login
        return "is logged out" if login is not None and address(url) == address(login.url) else ""

    def _add(
        self, sight: Sight, survey: Survey, *, path: tuple[Move, ...], start: str, before: State | None = None
    ) -> None:
        observation = sight.observation
        state = State(
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
        )
        self._states[state.id] = state
        self._frontier.know(state.url)
        if not path:
            self._pages.setdefault(address(start), state.id)
            if self._recorder is not None:
                self._recorder.begin(start)
        self._links[state.id] = list(links_of(state, survey))
        self._words.add(observation)
        offers = offers_of(state, survey, self._site, before=before)
        self._refused.update(offers.refused)
        self._frontier.add(offers.offers, depth=len(path))
        self._on_state(self._progress(state))

    def _join(self, source: str, move: Move, target: str, changing: Sequence[Sent] = ()) -> None:
        requests = tuple(dict.fromkeys(f"{sent.method} {sent.url}" for sent in changing))
        edge = Edge(source=source, move=move, target=target, requests=requests, writes=bool(requests))
        self._edges.setdefault((source, key_of([move]), target), edge)

    def _refuse(self, reason: str) -> None:
        self._refused[reason] += 1

    def _progress(self, state: State) -> Progress:
        return Progress(
            url=state.url,
            states=len(self._states),
            pages=self._num_pages,
            templates=len({known.template for known in self._states.values()}),
            edges=len(self._edges),
            waiting=len(self._frontier),
        )


def _reason(problem: str) -> str:
    """Return a problem as a reason that is the same for all of its kind."""
    if "does not allow" in problem:
        return "leaves the site"
    return "shows a dialog" if "dialog" in problem else "does not work"
