"""Explores a site: opens its pages, does on them what changes nothing on the server, and keeps what was seen.

Moves that lead to pages and views of a new kind come first; each kind is followed a bounded number of times, so that a
calendar without end costs as much as any other page. More of a kind are opened when nothing else is left, a bounded
number of times, too. Nothing that may change the site is ever sent.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from browser_env.action import Dialog, Type
from browser_env.errors import ClosedError, DivergedError, InfraError, WebdualError
from browser_env.places import is_allowed
from browser_env.processor_time import ProcessorTime
from browser_env.snapshot.crawling import SIGNATURE
from browser_env.snapshot.normalising import place
from browser_env.snapshot.recording import Recorder
from experiments.compiler.charting import Chart, Progress, state_of
from experiments.compiler.frontier import Frontier
from experiments.compiler.graph import SiteGraph, State
from experiments.compiler.leave import Leave
from experiments.compiler.offering import Offer, is_covered, links_of, offers_of
from experiments.compiler.site import Site
from experiments.compiler.states import address, num_entries, template_of
from experiments.compiler.surveying import Survey
from experiments.compiler.target import Move
from experiments.compiler.visiting import one_error
from experiments.compiler.visiting import visitors as have_visitors
from experiments.compiler.walking import Sight, Walker
from experiments.compiler.wording import Words
from rewards.requests import FAILED

VIEWS_PER_PAGE = 3  # states at most, for each page that is wanted
MAX_PATH = 6  # moves from a page to a state
MAX_DIALOGS = 2  # one after the other
MORE = "one more of a kind"
FIRST = 3  # how much sooner what covers a page is dealt with
MIN_ENTRIES = 4  # rows or entries, of a page that may have more of them
MAX_LOST = 2  # times that a state is looked for in vain


async def explore(
    site: Site,
    *,
    max_pages: int,
    minutes: float,
    visitors: int = 2,
    recorder: Recorder | None = None,
    leave: Leave | None = None,
    seed: int = 0,
    on_state: Callable[[Progress], None] = lambda progress: None,
) -> SiteGraph:
    """Return what is found of a site within these limits.

    Raise :class:`InfraError` or :class:`ClosedError` where its first page cannot be opened; whatever else fails is
    counted in ``refused``.
    """
    started, processor = time.monotonic(), ProcessorTime()
    processor.take()
    site = replace(site, allow_writes=False)
    if recorder is None and site.is_abroad:
        recorder = Recorder(user_agent=site.user_agent or f"Mozilla/5.0 (compatible; {SIGNATURE})")
    exploration = Exploration(site, max_pages=max_pages, recorder=recorder, seed=seed, on_state=on_state)
    async with have_visitors(site, count=visitors, recorder=recorder) as crew:
        leave = leave or Leave(site)
        walkers = [Walker(visitor, leave, seed=seed) for visitor in crew]
        await exploration.begin(walkers[0])
        await exploration.run(walkers, until=started + minutes * 60)
        cpu_s = processor.take()
    return exploration.chart.graph(minutes=(time.monotonic() - started) / 60, cpu_s=cpu_s)


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
        self.chart = Chart(site.url)
        self._lost: Counter[str] = Counter()  # by state
        self._noise: set[tuple[str, str]] = set()  # what pages send by themselves
        self._grows: dict[str, bool] = {}  # kinds of pages -> whether there is more once one scrolls
        self._frontier = Frontier()
        self._words = Words(seed=seed)
        self._busy = 0
        self._news = asyncio.Condition()

    async def begin(self, walker: Walker) -> None:
        """Open the first page; raise what is wrong with it."""
        sight = await walker.open(self._site.url)
        survey = await walker.survey()
        if reason := self._unfit(sight):
            raise InfraError(f"{self._site.url[:200]} {reason}; nothing can be explored from there")
        self._add(sight, survey, path=(), start=self._site.url)
        await self._scroll(walker, self.chart.states[sight.id])

    async def run(self, walkers: list[Walker], *, until: float) -> None:
        """Explore until nothing is left, there are enough states, or time is up."""
        with one_error():
            async with asyncio.TaskGroup() as group:
                for walker in walkers:
                    group.create_task(self._walk(walker, until))

    async def _walk(self, walker: Walker, until: float) -> None:
        """Take up one offer after the other; wait where others may still find some."""
        while time.monotonic() < until:
            offer = self._next(walker)
            if offer is None:
                if not self._busy:
                    if self._has_room and self._frontier.reopen():
                        continue
                    break
                async with self._news:
                    await self._news.wait()
                continue
            self._busy += 1
            try:
                await self._take_up(walker, offer)
            finally:
                self._busy -= 1
                self.chart.refused[MORE] = self._frontier.dropped
                async with self._news:
                    self._news.notify_all()

    @property
    def _has_room(self) -> bool:
        """Whether a page more is wanted."""
        return self.chart.num_pages < self._max_pages

    def _next(self, walker: Walker) -> Offer | None:
        views = len(self.chart.states) < self._max_pages * VIEWS_PER_PAGE
        return self._frontier.take(walker.here if walker.is_fresh else "", pages=self._has_room, views=views)

    async def _take_up(self, walker: Walker, offer: Offer) -> None:
        try:
            await (self._open(walker, offer) if offer.url else self._do(walker, offer))
        except DivergedError:
            self.chart.refuse("is not found again")
            self._lose(offer.state)
        except ClosedError as error:
            self.chart.refuse(error.reason)
        except InfraError:
            self.chart.refuse("does not load")
        except WebdualError:  # e.g. a dialog that opens by itself while the page is looked at
            self.chart.refuse("does not work")

    async def _open(self, walker: Walker, offer: Offer) -> None:
        """Open where a link leads; where links of its kind are new, see whether clicking it does the same."""
        trusted = self.chart.trusts(offer.kind)
        target = await self._page(walker, offer.url, fresh=not trusted)
        if target is None:
            return
        if trusted:
            self.chart.join(offer.state, offer.moves[0], target, walked=False)
            return
        source = await self._go(walker, offer.state)
        sight = await walker.act(offer.moves[0], to=offer.url)
        same = sight.id == target or self._spoils(walker, sight, target, offer)
        self.chart.trusted[offer.kind] = same
        if same:
            self.chart.join(source.id, offer.moves[0], target)
        else:
            await self._arrive(walker, source, offer.moves[0], sight)

    def _spoils(self, walker: Walker, sight: Sight, target: str, offer: Offer) -> bool:
        """Say whether a page is another at each visit; then those of its kind are not worth following."""
        known = self.chart.states[target]
        changes = bool(sight.id) and address(sight.observation.url) == address(known.url)
        if changes and template_of(sight.observation) == known.template and sight.observation.dialog is None:
            self.chart.refuse("changes from visit to visit")
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
            sight = await walker.act(move, to=offer.action if move is moves[-1] else "")
            source = await self._arrive(walker, source, move, sight)

    async def _arrive(self, walker: Walker, source: State, move: Move, sight: Sight) -> State | None:
        """Take in what a move led to; return the state where one can go on from there."""
        changing = [sent for sent in sight.sent if (sent.method, place(sent.url)) not in self._noise]
        if isinstance(move.action, Type):
            changing = []  # what a page asks for while somebody types, it can do without: it is refused
        if sight.problem or changing:
            walker.here = ""
            if changing:
                self.chart.join(source.id, move, source.id, changing)
            self.chart.refuse("would change the site" if changing else _reason(sight.problem))
            return None
        target = await self._target(walker, source, move, sight)
        if target is None:
            return None
        self.chart.join(source.id, move, target)
        return self.chart.states[target] if walker.here == target else None

    async def _target(self, walker: Walker, source: State, move: Move, sight: Sight) -> str | None:
        """Return the state that a move led to; one that its address leads to as well is a page."""
        if sight.id in self.chart.states:
            return sight.id
        path = (*source.path, move)
        dialogs = [step for step in path if isinstance(step.action, Dialog)]
        if len(path) > MAX_PATH or len(dialogs) > MAX_DIALOGS:
            self.chart.refuse("shows dialogs without end" if len(dialogs) > MAX_DIALOGS else "is too far from a page")
            walker.here = ""
            return None
        target = await self._keep(walker, sight, path=path, start=source.start, before=source)
        here = sight.observation
        if target is not None and here.dialog is None and address(here.url) != address(source.url):
            page = await self._page(walker, here.url)
            if page == target:
                self.chart.states[target] = replace(self.chart.states[target], path=(), start=here.url)
                self.chart.pages.setdefault(address(here.url), target)
        return target

    async def _go(self, walker: Walker, state_id: str) -> State:
        """Be in a state; raise :class:`DivergedError` where it is not found again."""
        state = self.chart.states[state_id]
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
        if sight.id not in self.chart.states:
            survey = await walker.survey()
            reason = self._unfit(sight)
            if reason:
                self.chart.refuse(reason)
                walker.here = ""
                return None
            if sight.id not in self.chart.states:
                self._add(sight, survey, path=path, start=start, before=before)
                await self._scroll(walker, self.chart.states[sight.id])
        elif not path and not self.chart.states[sight.id].is_page:
            self.chart.states[sight.id] = replace(self.chart.states[sight.id], path=(), start=start)
        if not path:
            for url in (start, sight.observation.url):
                self.chart.pages.setdefault(address(url), sight.id)
        return sight.id

    async def _scroll(self, walker: Walker, state: State) -> None:
        """See whether the first page of its kind grows when one comes to its end; its like is taken to do so too."""
        observation = state.observation
        if observation.dialog is None and num_entries(observation) >= MIN_ENTRIES and not observation.truncated:
            if state.template not in self._grows:
                self._grows[state.template] = await walker.grows()
            known = self.chart.states[state.id]
            self.chart.states[state.id] = replace(known, goes_on=known.goes_on or self._grows[state.template])

    def _unfit(self, sight: Sight) -> str:
        """Return why what is seen is no state of the site, or nothing."""
        url = sight.observation.url
        if url in ("", "about:blank"):
            return "closes its window"
        if not is_allowed(url, self._site.task(self._site.url)):
            return "leaves the site"
        if sight.evidence.status >= FAILED:
            return f"answers with an error ({sight.evidence.status})"
        if sight.evidence.unanswered:
            return "is not in the snapshot"
        return "is logged out" if self._site.is_login(url) else ""

    def _add(
        self, sight: Sight, survey: Survey, *, path: tuple[Move, ...], start: str, before: State | None = None
    ) -> None:
        state = state_of(sight, survey, path=path, start=start)
        self.chart.add(state, links_of(state, survey))
        self._frontier.know(state.url)
        self._words.add(state.observation)
        offers = offers_of(state, survey, self._site, before=before)
        self.chart.refused.update(offers.refused)
        self._frontier.add(offers.offers, depth=len(path) - FIRST * is_covered(state.observation))
        self._on_state(self.chart.progress(state, waiting=len(self._frontier)))


def _reason(problem: str) -> str:
    """Return a problem as a reason that is the same for all of its kind."""
    if "does not allow" in problem:
        return "leaves the site"
    return "shows a dialog" if "dialog" in problem else "does not work"
