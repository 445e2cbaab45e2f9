"""What pages show of a change to their site; pure functions of recorded evidence."""

from __future__ import annotations

from collections.abc import Sequence

from browser_env.task import VerifierSpec
from experiments.compiler.candidate import Trace
from experiments.compiler.settings import is_lasting
from experiments.compiler.states import stable
from experiments.compiler.texts import is_name, says
from rewards.evidence import Evidence
from rewards.match import contains_words, squeezed
from rewards.requests import FAILED


def times_shown(evidence: Evidence, trace: Trace) -> int:
    """Return how often a page shows a value: in how many lines, and in the control that holds it."""
    in_control = evidence.form_values.get(trace.key) == trace.value
    return sum(says(line, trace.text) for line in evidence.text.splitlines()) + in_control


def is_witness(known: Evidence | None, without: Evidence | None, after: Evidence, traces: Sequence[Trace]) -> bool:
    """Whether a page shows a change: what it was explored as, what it is without the change, and what it is after.

    Where nothing was typed or chosen, any change counts, but of pages only that are the same at every other visit.
    """
    if without is None or after.status >= FAILED:
        return False
    if traces:
        return any(times_shown(after, trace) > times_shown(without, trace) for trace in traces)
    return known is not None and _marks(known) == _marks(without) != _marks(after)


def is_left(known: Evidence | None, without: Evidence | None, traces: Sequence[Trace]) -> bool:
    """Whether a page, as it is without the change, shows it all the same, other than when it was explored."""
    if known is None or without is None:
        return False
    if traces:
        return any(times_shown(without, trace) > times_shown(known, trace) for trace in traces)
    return _marks(known) != _marks(without)


def shown_at_end(known: Evidence | None, seen: Sequence[Evidence], traces: Sequence[Trace]) -> list[VerifierSpec]:
    """Return verifiers of what a run's last page shows of the change; ``known`` is that page as it was explored."""
    *earlier, final = seen
    texts = list(dict.fromkeys(trace.text for trace in traces if is_name(trace.text)))
    if traces:
        return [_text(text) for text in texts if _has(final, text) and not any(_has(page, text) for page in earlier)]
    if known is None:
        return []
    came = (line for line in _lines(final) if not any(_has(page, line) for page in (*earlier, known)))
    gone = (line for line in _lines(known) if not _has(final, line))
    if (line := next(came, None)) is not None:
        return [_text(line)]
    here = VerifierSpec(name="url", params={"equals": final.url})
    return [part for line in list(gone)[:1] for part in (here, _text(line, absent=True))]


def _text(text: str, **params: bool) -> VerifierSpec:
    return VerifierSpec(name="text", params={"contains": text, **params})


def _has(evidence: Evidence, text: str) -> bool:
    return contains_words(evidence.text, text, ignore_case=False, whole_words=True)


def _lines(evidence: Evidence) -> list[str]:
    """Return the lines of a page that a verifier may ask for."""
    lines = map(squeezed, evidence.text.splitlines())
    return [line for line in lines if is_name(line) and stable(line) == line]


def _marks(evidence: Evidence) -> frozenset[str]:
    """Return all that a page shows, without what differs from visit to visit."""
    lines = {stable(squeezed(line)) for line in evidence.text.splitlines()}
    values = {f"{key}={value}" for key, value in evidence.form_values.items() if is_lasting(key, value)}
    return frozenset(lines | values)
