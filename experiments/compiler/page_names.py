"""What each page is called, as far as its name tells it from all other pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from experiments.compiler.addresses import place
from experiments.compiler.graph import SiteGraph, State
from experiments.compiler.reading import headings
from experiments.compiler.texts import BOILERPLATE, is_name
from rewards.match import squeezed

SEPARATOR = re.compile(r"(\s+[|–—·:»›-]+\s+|\s*[|»›]\s*|:\s+|\s+(?=[\[(]))")
NO_NAMES = BOILERPLATE - {"home", "menu", "details"}
FEW_PLACES = 4  # titles of one place above which a site has but few places
OFTEN = 0.5  # share of the places above which a part of a title, or a heading, is the site's


def page_names(graph: SiteGraph) -> Mapping[str, str]:
    """Return the names of the states that share theirs with no state at another place, by the states' ids."""
    states = list(graph.states.values())
    pages = [state for state in states if state.is_page]
    site = _common((place(state.url), _parts(state.title)[::2]) for state in pages)
    titles = {state.title for state in pages}
    if len({place(state.url) for state in pages}) * FEW_PLACES < len(titles):  # pages are told apart by parameters
        site |= _common((title, _parts(title)[::2]) for title in titles)
    everywhere = _common(
        (place(state.url), [heading.name for heading in headings(state.observation)]) for state in pages
    )
    names: dict[str, str] = {}
    _name(states, names, lambda state: _from_title(state, site))
    _name(states, names, lambda state: _from_heading(state, everywhere))
    return names


def _name(states: Iterable[State], names: dict[str, str], choose: Callable[[State], str]) -> None:
    """Name the states that have no name yet, where theirs is said of one place only."""
    found = {state.id: choose(state) for state in states}
    places = defaultdict(set)
    for state in states:
        places[found[state.id].casefold()].add(place(state.url))
    taken = {name.casefold() for name in names.values()}
    for state in states:
        name = found[state.id]
        folded = name.casefold()
        fits = is_name(name) and folded not in NO_NAMES | taken and len(places[folded]) == 1
        if state.id not in names and fits:
            names[state.id] = name


def _parts(title: str) -> list[str]:
    """Split a title: parts, and between them what parts them."""
    return SEPARATOR.split(squeezed(title))


def _common(texts: Iterable[tuple[str, Iterable[str]]]) -> frozenset[str]:
    """Return the texts that are at more than half of several places."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for here, said in texts:
        places[here].update(said)
    counts = Counter(text for said in places.values() for text in said)
    return frozenset(text for text, count in counts.items() if count > max(1, OFTEN * len(places)))


def _from_title(state: State, site: frozenset[str]) -> str:
    """Return a title without the part at one of its ends that names the site."""
    parts = _parts(state.title)
    if len(parts) > 1 and parts[-1] in site:
        return "".join(parts[:-2])
    if len(parts) > 1 and parts[0] in site:
        return "".join(parts[2:])
    return "" if state.title in site else "".join(parts)


def _from_heading(state: State, everywhere: frozenset[str]) -> str:
    return next((heading.name for heading in headings(state.observation) if heading.name not in everywhere), "")
