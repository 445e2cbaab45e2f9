"""Set controls of a form without sending it; all its other controls have to stay as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice

from experiments.compiler import specs
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate, NearMiss
from experiments.compiler.families.reach import located
from experiments.compiler.goals import SET, say
from experiments.compiler.graph import State
from experiments.compiler.settings import Setting, settings, values_with

FAMILY = "set-control"
MAX_PAIRS = 4  # of one form


def set_control(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to set one control of a form."""
    for state in atlas.pages:
        for form in atlas.forms(state):
            for setting in settings(atlas, state, form):
                yield from _task(atlas, state, [setting], family=FAMILY)


def set_several(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to set two or three controls of a form."""
    for state in atlas.pages:
        for form in atlas.forms(state):
            offered = list(settings(atlas, state, form))
            pairs = [*combinations(offered, 2), *islice(combinations(offered, 3), 1)]
            pairs.sort(key=lambda chosen: atlas.draw(state.id, *(setting.key for setting in chosen)))
            for chosen in pairs[:MAX_PAIRS]:
                yield from _task(atlas, state, list(chosen), family="compose")


def _task(atlas: Atlas, state: State, chosen: list[Setting], *, family: str) -> Iterator[Candidate]:
    page = atlas.names.get(state.id)
    here = located(atlas, state)
    keys = [setting.key for setting in chosen]
    way = atlas.begin(state, family, *keys)
    if page is None or here is None or way is None or len(set(keys)) < len(keys):
        return
    moves = tuple(setting.move for setting in chosen)
    yield Candidate(
        family=family,
        goal=say(SET, page=page, what=phrase(chosen)),
        start=way.start,
        target=state.id,
        golden=(*way.moves, *moves),
        verifier=specs.every([here, specs.form(values_with(state, chosen))]),
        near_misses=tuple(NearMiss(why=why, moves=(*way.moves, *moves[:-1], move)) for why, move in chosen[-1].wrong),
        unique=tuple(setting.label for setting in chosen),
        parts=len(chosen),
    )


def phrase(chosen: Sequence[Setting]) -> str:
    """Return what is to be done to controls, e.g. set “Colour” to “Red” and tick “Gift”."""
    said = [f"{setting.verb} {setting.phrase}" for setting in chosen]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
