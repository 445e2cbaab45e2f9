"""Open a page by its name."""

from __future__ import annotations

from collections.abc import Iterator

from browser_env.task import VerifierSpec
from experiments.compiler.addresses import (
    anywhere_at,
    at,
    is_route,
    is_volatile,
    other_slash,
    place,
    without,
    without_anchor,
    without_return,
)
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.goals import REACH, say
from experiments.compiler.graph import State

FAMILY = "reach"
MAX_ALIKE = 6  # addresses of one page


def reach(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to open each page that has a name of its own."""
    for state in atlas.pages:
        name = atlas.names.get(state.id)
        wanted = None if name is None else located(atlas, state)
        way = atlas.begin(state, FAMILY, at_page=False)
        if name is None or wanted is None or way is None:
            continue
        yield Candidate(
            family=FAMILY,
            goal=say(REACH, page=name),
            start=way.start,
            target=state.id,
            golden=way.moves,
            verifier=wanted,
            near_misses=tuple(atlas.astray(way)),
        )


def located(atlas: Atlas, state: State) -> VerifierSpec | None:
    """Return a verifier of being on the state's page; None where its address does not tell."""
    same_place = atlas.at_place.get(place(state.url), ())
    name = atlas.names.get(state.id)
    alike = {_told(other) for other in same_place if atlas.names.get(other.id) == name}
    others = {_told(other) for other in same_place if atlas.names.get(other.id) != name}
    if not others and (place(state.url) in alike or is_route(state.url)):
        return anywhere(atlas, state.url)
    at_most = 1 if name is None else MAX_ALIKE
    if not 1 <= len(alike) <= at_most or alike & others or any(map(is_volatile, alike)):
        return None
    alike |= {shorter for shorter in (without(url, atlas.graph.typed) for url in alike) if shorter not in others}
    ways = [at(url) for url in sorted(alike)]
    parts = [{"name": way.name, "params": way.params} for way in ways]
    return ways[0] if len(ways) == 1 else VerifierSpec(name="any", params={"of": parts})


def _told(state: State) -> str:
    """Return what the state's address tells of its page."""
    return without_return(without_anchor(state.url))


def anywhere(atlas: Atlas, url: str) -> VerifierSpec:
    """Return a verifier of an address with whatever parameters; a slash more or less is fine where no page has it."""
    return anywhere_at(url, any_slash=not atlas.at_place.get(other_slash(url)))
