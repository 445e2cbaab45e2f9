"""A task that is not proved yet, and what is known against it."""

from __future__ import annotations

from dataclasses import dataclass, field

from browser_env.task import VerifierSpec
from experiments.compiler.target import Move


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """Work that nearly does the task and must fail."""

    why: str  # e.g. "the neighbour's row"
    moves: tuple[Move, ...]  # from the task's start, its answer included where it has one


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a site shows once it has taken a value: as a text, or in the control that holds it."""

    key: str  # of the control, as in Evidence.form_values
    value: str
    text: str  # how pages show it


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A task with the work that is believed to do it.

    Every candidate starts at a page (``State.is_page``). ``golden`` ends with an ``answer`` where the verifier
    wants one. ``decoys`` are answers that look right on the page and are wrong.
    """

    family: str  # e.g. "find-answer"
    goal: str
    start: str  # id of the state that it starts at
    target: str  # id of the state that the golden moves end in
    golden: tuple[Move, ...]
    verifier: VerifierSpec
    decoys: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    unique: tuple[str, ...] = field(
        default=()
    )  # names in the goal that may be on the start page or target page once only
    parts: int = 1  # how many simple tasks it is composed of
    writes: bool = False  # its golden run changes the site
    traces: tuple[Trace, ...] = ()  # of what it writes: some page of the site has to show one of them
