"""What recorded evidence says for and against a candidate; nothing here opens a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from browser_env.observation import Observation
from browser_env.snapshot.matching import read_miss, request_line
from experiments.compiler.addresses import without
from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import SiteGraph, State
from experiments.compiler.runs import Run, acted, spoken
from experiments.compiler.states import fingerprint
from experiments.compiler.target import Move, key_of
from experiments.compiler.texts import bare
from rewards.evidence import Evidence
from rewards.match import normalised_text, same_url, squeezed
from rewards.requests import FAILED
from rewards.verifier import VerifierError, verify

KINDS = {
    "typed": ("textbox", "searchbox", "spinbutton", "slider"),
    "ticked": ("checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio"),
    "chosen": ("combobox", "listbox"),
    "read": ("cell", "gridcell", "paragraph", "text", "heading", "label", "generic"),
}
IDLE_ANSWERS = (  # of whoever has not looked
    *("", "0", "1", "42", "yes", "no", "true", "false", "on", "off"),
    *("unknown", "none", "n/a", "I do not know"),
)
REDIRECTS = 300  # and above: an answer that leads elsewhere, or a failure
OUT_OF_TIME = "there was no time to prove it"
SEES_REQUESTS = ("request", "rows")  # verifiers that ask how a state came about


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A candidate that failed a proof."""

    candidate: Candidate
    reason: str  # which proof, in words that are the same for all that failed it
    detail: str = ""


def passes(candidate: Candidate, evidence: Evidence) -> bool:
    """Whether the verifier accepts the evidence; what it cannot judge it does not accept."""
    try:
        return verify(candidate.verifier.name, candidate.verifier.params, evidence).success
    except VerifierError:
        return False


def as_answered(evidence: Evidence) -> Evidence:
    """Return the evidence as if the site had taken what was sent and the snapshot has no answer to.

    A mistake that fails only because nobody recorded it does not show that the verifier looks at what was sent.
    """
    missed = {line for _, line in map(read_miss, evidence.unanswered)}
    sent = tuple(
        replace(sent, status=None) if request_line(sent.method, sent.url.partition("#")[0]) in missed else sent
        for sent in evidence.sent
    )
    return replace(evidence, sent=sent)


def first_pass(candidate: Candidate, run: Run, moves: Sequence[Move]) -> int | None:
    """Return after how many steps an episode of these moves would succeed, None where it would not.

    An answer counts only where every move before it was carried out.
    """
    silent = next((step for step, evidence in enumerate(run.evidence) if passes(candidate, evidence)), None)
    if silent is not None or run.problem:
        return silent
    last = spoken(moves, run.evidence[-1])
    return len(acted(moves)) + 1 if last != run.evidence[-1] and passes(candidate, last) else None


def wrong_answers(candidate: Candidate) -> list[str]:
    """Return the decoys, and answers of whoever has not looked."""
    return list(dict.fromkeys([*candidate.decoys, *IDLE_ANSWERS, candidate.goal]))


def fails_at_rest(candidate: Candidate, evidence: Evidence) -> str:
    """Say which way of not doing the task is accepted at a page, or nothing where none is."""
    if passes(candidate, evidence):
        return "doing nothing succeeds"
    if passes(candidate, replace(evidence, gave_up=True)):
        return "giving up succeeds"
    taken = next((text for text in wrong_answers(candidate) if passes(candidate, replace(evidence, answer=text))), None)
    return "" if taken is None else f"a wrong answer succeeds: {taken[:80]!r}"


def passes_below(candidate: Candidate, evidence: Evidence) -> bool:
    """Whether the verifier asks for an address, and is content with another path that lies below the right one."""
    parts = urlsplit(evidence.url)
    below = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/elsewhere"))
    return asks_for(candidate, "url") and passes(candidate, replace(evidence, url=below))


def verifier_names(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of a verifier and of those nested in it."""
    yield str(spec.get("name", ""))
    nested = spec.get("params", {}).get("of", ())
    for part in [nested] if isinstance(nested, Mapping) else nested:
        yield from verifier_names(part)


def asks_for(candidate: Candidate, *names: str) -> bool:
    """Whether the candidate's verifier is, or has within it, one of these."""
    spec = {"name": candidate.verifier.name, "params": candidate.verifier.params}
    return bool(set(names) & set(verifier_names(spec)))


def alike(first: Evidence, second: Evidence) -> bool:
    """Whether two pages hold the same for whoever looks at them."""
    return (
        same_url(first.url, second.url)
        and squeezed(first.text) == squeezed(second.text)
        and first.form_values == second.form_values
    )


def sent_alike(first: Evidence, second: Evidence) -> bool:
    """Whether two runs sent the same, however it was answered."""
    return [(s.method, s.url, s.fields) for s in first.sent] == [(s.method, s.url, s.fields) for s in second.sent]


# Among all candidates


def sift(candidates: Iterable[Candidate], graph: SiteGraph) -> tuple[list[Candidate], list[Dropped]]:
    """Return the candidates that nothing known speaks against, and the others."""
    given = list(candidates)
    unclear = _unclear_goals(given)
    seen: set[tuple[str, str]] = set()
    kept, dropped = [], []
    for candidate in given:
        reason, detail = _known_against(candidate, graph)
        if normalised_text(candidate.goal) in unclear:
            reason = "its goal is another task's too"
        elif (normalised_text(candidate.goal), candidate.start) in seen:
            reason = "it is there twice"
        seen.add((normalised_text(candidate.goal), candidate.start))
        if reason:
            dropped.append(Dropped(candidate=candidate, reason=reason, detail=detail))
        else:
            kept.append(candidate)
    return kept, dropped


def _unclear_goals(candidates: Iterable[Candidate]) -> set[str]:
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for candidate in candidates:
        meanings[normalised_text(candidate.goal)].add(repr(candidate.verifier))
    return {goal for goal, verifiers in meanings.items() if len(verifiers) > 1}


def _known_against(candidate: Candidate, graph: SiteGraph) -> tuple[str, str]:
    start, target = graph.states[candidate.start], graph.states.get(candidate.target)
    if not start.is_page:
        return "it does not start at a page", ""
    pages = [state.observation for state in (start, target) if state is not None]
    for name in candidate.unique:
        roles = {move.target.role for move in candidate.golden if move.target and _named(move.target.name, name)}
        if any(occurrences(name, page, roles) > 1 for page in pages):
            return "what its goal names is on the page twice", name
    if reason := fails_at_rest(candidate, start.evidence):
        kind, _, detail = reason.partition(": ")
        return kind, detail
    return "", ""


def satisfied_elsewhere(candidate: Candidate, graph: SiteGraph, run: Run) -> str:
    """Return the address of an explored state that is not where the golden run ended and satisfies the verifier.

    Views of the page that it ended at are fine: an address that is not the start's says which page that is.
    """
    target, first, final = graph.states.get(candidate.target), run.evidence[0], run.evidence[-1]
    end = "" if run.final is None else fingerprint(run.final)
    for state in graph.states.values():
        same_page = same_url(state.url, final.url) and not same_url(state.url, first.url)
        fine = same_page or state.id == end or _is_fine(state, target, typed=graph.typed)
        if not fine and passes(candidate, state.evidence):
            return state.url
    return ""


def is_refused(run: Run) -> bool:
    """Whether the site seems not to have taken what a run sent last: its answer is the form again, as it was filled in.

    A site that takes it leads elsewhere, or shows the form empty; so those that show it again, well saved, are lost.
    """
    first, last = run.evidence[0], run.evidence[-1]
    sent = last.sent[-1] if last.sent else None
    if sent is None or not same_url(sent.url, last.url) or not (sent.status or 0) < REDIRECTS:
        return False
    shown = last.form_values
    return any(value and shown.get(name) == value != first.form_values.get(name) for name, value in sent.fields.items())


def passes_refused(candidate: Candidate, run: Run) -> bool:
    """Whether the verifier accepts what was sent where the site refuses it, by its answer or by what it shows then."""
    final = run.evidence[-1]
    refused = replace(final, sent=tuple(replace(sent, status=FAILED) for sent in final.sent))
    unmoved = replace(run.evidence[0], sent=final.sent)
    return passes(candidate, refused) or (asks_for(candidate, "text") and passes(candidate, unmoved))


def _is_fine(state: State, target: State | None, *, typed: Collection[str]) -> bool:
    """Whether a state is the target, a view of the same page that one gets to from there, or was found otherwise."""
    if target is None:
        return False
    if state.id == target.id:
        return True
    onwards = state.start == target.start and key_of(state.path)[: len(target.path)] == key_of(target.path)
    return (same_url(state.url, target.url) and onwards) or _is_found_otherwise(state, target, typed)


def _is_found_otherwise(state: State, target: State, typed: Collection[str]) -> bool:
    """Whether two states are one page, and their addresses differ by the word that it was searched by alone."""
    pages = state.is_page and target.is_page and state.title == target.title
    return pages and same_url(without(state.url, typed), without(target.url, typed))


def _named(name: str, wanted: str) -> bool:
    return normalised_text(bare(name)) == normalised_text(bare(wanted))


def occurrences(name: str, observation: Observation, roles: Collection[str] = ()) -> int:
    """Return how many elements of a page have this name, those within one of that name left out.

    Where ``roles`` are given, only those that one could act on in place of one of these roles count.
    """
    kinds = {_kind(role) for role in roles}
    alike = [element for element in observation.elements if _named(element.name, name)]
    named = {element.id for element in alike if not kinds or _kind(element.role) in kinds}
    parents = {element.id: element.parent for element in observation.elements}
    return sum(not _is_within(id_, named, parents) for id_ in named)


def _kind(role: str) -> str:
    """Return what is done with elements of a role: one types into some, ticks or chooses others, clicks the rest."""
    return next((kind for kind, roles in KINDS.items() if role in roles), "clicked")


def _is_within(element_id: str, named: set[str], parents: Mapping[str, str | None]) -> bool:
    above = parents.get(element_id)
    while above is not None:
        if above in named:
            return True
        above = parents.get(above)
    return False


def passes_elsewhere(candidate: Candidate, final: Evidence, run: Run) -> bool:
    """Whether another task's run satisfies the verifier without having come by what this one's golden run shows."""
    arrived = False
    for evidence in run.evidence:
        arrived = alike(evidence, final) or (arrived and same_url(evidence.url, final.url))
        if not arrived and passes(candidate, evidence):
            return True
    return False
