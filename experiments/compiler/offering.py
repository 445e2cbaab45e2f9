"""What can be done in a state to see more of its site, and what is better left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from browser_env.action import Action, Check, Click, Dialog, Press, Select, Type
from browser_env.observation import Element, Observation
from experiments.compiler.consequences import is_grave, why_not
from experiments.compiler.graph import Control, Form, State
from experiments.compiler.site import Site
from experiments.compiler.states import DIGITS, address, pattern_of, stable
from experiments.compiler.surveying import Survey
from experiments.compiler.target import Move, Target, targets_of

SEARCH = re.compile(r"search|find|query|look ?up|filter|suche|buscar|recherche", re.IGNORECASE)
SEARCH_KEYS = ("q", "s", "query", "search", "term", "keyword", "keywords")
PRESSED = frozenset(("button", "tab", "menuitem", "menuitemradio", "menuitemcheckbox", "treeitem", "columnheader"))
OTHERS = frozenset(("generic", "img", "listitem", "cell", "gridcell", "heading", "paragraph", "strong", "row"))
MOSTLY = 0.6  # share of what can be clicked
OUT_OF_REACH = frozenset(("disabled", "covered"))
MAX_OFFERS = 200  # of one state
MAX_OTHERS = 12  # of elements that can be clicked and have no such role, of one state
MAX_OPTIONS = 3  # of one list
USUAL_NUMBER = "50"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something to do in a state: a move, or some that belong together."""

    state: str  # id
    moves: tuple[Move, ...]
    kind: str  # what offers that are alike in their site have in common
    url: str = ""  # where a link leads
    action: str = ""  # where a form that its last move sends leads
    searches: bool = False  # its text is chosen when it is taken up: by then more words of the site are known


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a state offers, and how often something was left alone, by its reason."""

    offers: tuple[Offer, ...]
    refused: Mapping[str, int]


def offers_of(state: State, survey: Survey, site: Site, *, before: State | None = None) -> Offers:
    """Return what can be done in a state; nothing here submits a form that changes something, or leaves the site.

    Of a state within a page only what the state ``before`` did not offer counts, and once more what led to it.
    """
    if state.observation.dialog is not None:
        asked = state.observation.dialog
        harmless = asked.kind == "alert" or site.allow_writes or not is_grave(asked.message)
        moves = [Move(action=Dialog(accept=accept)) for accept in ((True, False) if harmless else (False,))]
        kinds = (f"{state.template} dialog {move.action.to_text()}" for move in moves)
        answers = tuple(Offer(state=state.id, moves=(m,), kind=kind) for m, kind in zip(moves, kinds, strict=True))
        return Offers(offers=answers, refused={})
    desk = _Desk(state, survey, site)
    old = set() if before is None else _within_reach(before.observation)
    old -= {move.target for move in state.path[-1:] if move.target is not None}
    found = [offer for offer in desk.offers() if offer.url or offer.moves[0].target not in old]
    return Offers(offers=tuple(found[:MAX_OFFERS]), refused=desk.refused)


def is_covered(observation: Observation) -> bool:
    """Say whether something lies over most of what a page offers: a banner, a tour, a dialog."""
    clickable = [element for element in observation.elements if "clickable" in element.states]
    covered = sum("covered" in element.states for element in clickable)
    return covered > MOSTLY * len(clickable)


def _within_reach(observation: Observation) -> set[Target]:
    """Return the targets that could have been acted on; those behind a banner or a dialog could not."""
    targets = targets_of(observation)
    return {targets[element.id] for element in observation.elements if not OUT_OF_REACH & set(element.states)}


class _Desk:
    """Goes through the elements of one state."""

    def __init__(self, state: State, survey: Survey, site: Site):
        self.refused: dict[str, int] = {}
        self._state, self._survey, self._site = state, survey, site
        self._elements = {element.id: element for element in state.observation.elements}
        self._targets = targets_of(state.observation)
        self._task = site.task(site.url)
        self._submits = {id_: form for form in survey.forms for id_ in form.submits}
        self._places: set[str] = {address(state.url)}
        self._set: set[str] = set()  # ids of controls that were offered to be set, and no more

    def offers(self) -> Iterator[Offer]:
        for form in self._survey.forms:
            yield from self._of_form(form)
        others = 0
        for element in self._state.observation.elements:
            if "clickable" not in element.states or OUT_OF_REACH & set(element.states):
                continue
            if reason := self._survey.closed.get(element.id):
                self._refuse(reason)
            elif element.role == "link" or element.id in self._survey.links:  # whatever else it is called
                yield from self._of_link(element)
            elif element.role in PRESSED:
                yield from self._of_button(element)
            elif element.role in OTHERS and others < MAX_OTHERS and self._stands_alone(element):
                others += 1
                yield from self._of_button(element)

    def _of_link(self, element: Element) -> Iterator[Offer]:
        link = self._survey.links.get(element.id)
        if link is None or not link.url.startswith(("http://", "https://")):
            yield from self._of_button(element)
        elif reason := self._why_not(element.name, link.url, download=link.download, link=True):
            self._refuse(reason)
        elif _document(link.url) == _document(self._state.url) and address(link.url) == address(self._state.url):
            yield from self._of_button(element)
        elif address(link.url) not in self._places:
            self._places.add(address(link.url))
            moves = (self._move(Click(element.id)),)
            yield Offer(state=self._state.id, moves=moves, kind=link_kind(link.url), url=link.url)

    def _of_button(self, element: Element) -> Iterator[Offer]:
        form = self._submits.get(element.id)
        if form is not None and form.method == "post":
            self._refuse("submits a form that may change the site")
        elif reason := self._why_not(element.name, "" if form is None else form.action):
            self._refuse(reason)
        else:
            yield replace(self._offer(Click(element.id)), action="" if form is None else form.action)

    def _of_form(self, form: Form) -> Iterator[Offer]:
        submits = [id_ for id_ in form.submits if id_ in self._elements]
        names = " ".join(self._elements[id_].name for id_ in submits[:1])
        reason = self._why_not(names, form.action) if form.method in ("", "get") else ""
        if reason:
            self._refuse(reason)
        is_get = form.method == "get" and bool(submits) and not reason
        ending = (self._move(Click(submits[0])),) if is_get else ()
        for control in (control for control in form.controls if control.id in self._elements):
            if is_get or control.id not in self._set:
                for action in self._values(control, is_get=is_get):
                    yield replace(self._offer(action, *ending), action=form.action if is_get else "")
            self._set |= set() if is_get else {control.id}
            if is_search(control) and form.on_enter and form.method in ("", "get") and not reason:
                search = self._offer(Type(control.id, "?"), Move(action=Press("Enter")))
                yield replace(search, searches=True, action=form.action)

    def _values(self, control: Control, *, is_get: bool) -> Iterator[Action]:
        element = self._elements[control.id]
        if "disabled" in element.states:
            return
        if control.kind == "select" and "multiple" not in element.states:
            labels = [label for _, label in control.options if label and label != element.value]
            for label in dict.fromkeys(labels[:MAX_OPTIONS]):
                yield Select(control.id, (label,))
        elif control.kind == "checkbox":
            yield Check(control.id, "checked" not in element.states)
        elif control.kind == "radio":
            for id_ in self._group(control):
                yield Check(id_, True)
        elif control.kind == "number" and is_get:
            yield Type(control.id, control.max or control.min or USUAL_NUMBER)

    def _group(self, control: Control) -> list[str]:
        """Return the buttons of a group that are not chosen."""
        labels = {label for _, label in control.options}
        return [
            element.id
            for element in self._state.observation.elements
            if element.role == "radio" and element.name in labels and not {"checked", "disabled"} & set(element.states)
        ][:MAX_OPTIONS]

    def _stands_alone(self, element: Element) -> bool:
        """Say whether nothing around an element, or in it, can be clicked in its place."""
        if not (element.name or element.role == "img"):
            return False
        above = self._elements.get(element.parent or "")
        while above is not None:
            if "clickable" in above.states:
                return False
            above = self._elements.get(above.parent or "")
        return not any(
            other.parent == element.id and other.role in PRESSED | {"link"} for other in self._elements.values()
        )

    def _why_not(self, name: str, url: str = "", *, download: bool = False, link: bool = False) -> str:
        """Return why something is not clicked, or nothing."""
        return "is a download" if download else why_not(name, url, self._site, link=link)

    def _offer(self, action: Action, *then: Move) -> Offer:
        move = self._move(action)
        moves = (move, *then)
        element = self._elements[str(getattr(action, "target", ""))]
        name = "*" if element.headers else DIGITS.sub("#", stable(element.name))
        ends = " and ".join(sorted(type(m.action).__name__ for m in then))
        kind = f"{self._state.template} {action.verb} {element.role} {name} {ends}"
        return Offer(state=self._state.id, moves=moves, kind=kind)

    def _move(self, action: Action) -> Move:
        target: Target | None = self._targets.get(str(getattr(action, "target", "")))
        return Move(action=action, target=target)

    def _refuse(self, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1


def is_search(control: Control) -> bool:
    """Say whether a field takes words to search for."""
    if control.kind == "search":
        return True
    named = SEARCH.search(control.label) or SEARCH.search(control.key) or control.key.lower() in SEARCH_KEYS
    return control.kind == "text" and bool(named)


def link_kind(url: str) -> str:
    """Return what links to pages of one kind have in common."""
    return f"link {pattern_of(url)}"


def links_of(state: State, survey: Survey) -> Sequence[tuple[Move, str]]:
    """Return the links of a state with where they lead."""
    targets = targets_of(state.observation)
    return [
        (Move(action=Click(id_), target=targets[id_]), link.url)
        for id_, link in survey.links.items()
        if id_ in targets and not link.download
    ]


def _document(url: str) -> str:
    return url.partition("#")[0]
