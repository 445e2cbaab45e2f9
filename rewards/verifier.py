"""Verifiers: pure functions from recorded evidence to a verdict, looked up by name.

A verifier never sees a live page, so every stored episode can be scored again when a verifier is fixed.
Where nothing was recorded, no verifier succeeds, ``not`` included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rewards.evidence import ElementState, Evidence
from rewards.match import (
    MatchError,
    contains_words,
    matches_pattern,
    normalised_text,
    number_in,
    same_url,
    squeezed,
    url_has_query,
    url_under,
)
from rewards.params import (
    Params,
    choice_of,
    exactly_one,
    flag_of,
    is_number,
    number_of,
    only,
    text_of,
    texts_of,
    verdict_of,
)
from rewards.params import Verdict as Verdict
from rewards.params import VerifierError as VerifierError
from rewards.requests import request
from rewards.tables import in_order, rows

MAX_DEPTH = 16  # of nested all, any and not
Verifier = Callable[[Params, Evidence], Verdict]


def verify(name: str, params: Params, evidence: Evidence) -> Verdict:
    """Judge the evidence by the verifier of this name; raise :class:`VerifierError` where that cannot be done."""
    try:
        return _judge(name, params, evidence, depth=0)
    except MatchError as error:
        raise VerifierError(f"the verifier {name!r} cannot judge this: {error}") from error


def page_reward(params: Params, evidence: Evidence) -> Verdict:
    """Trust the reward that the page itself gave once it declared the episode over.

    ``mode``: ``strict`` (1 for success, else 0), ``raw`` (what the page gave), ``partial`` (that cut to 0..1),
    ``time_decayed`` (that times the share of the page's time limit that is left), ``threshold`` (1 for a raw
    reward of at least ``threshold``, else 0). Success is a raw reward of at least ``needed`` (1 unless given), or
    of ``threshold``; but for ``threshold``, whatever the page is known to pay for without looking must hold too.
    """
    mode = choice_of(params, "mode", ("strict", "raw", "partial", "time_decayed", "threshold"))
    least = "threshold" if mode == "threshold" else "needed"
    only(params, "mode", least)
    needed = number_of(params, least) if least in params or mode == "threshold" else 1.0
    raw = evidence.page_reward
    if not evidence.page_done or raw is None:
        return verdict_of(False, "the page did not end the episode with a reward")
    if not is_number(raw):
        return verdict_of(False, f"the page's reward is not a number: {raw!r:.40}")
    failed = [name for name, holds in evidence.page_checks.items() if not holds and mode != "threshold"]
    success = raw >= needed and not failed
    reason = f"the page's reward is {raw:g}, {needed:g} was needed"
    return Verdict(
        success=success,
        reward=_page_worth(mode, float(raw), success, evidence),
        reason=f"{reason}; it paid although not: {', '.join(failed)}" if failed and raw >= needed else reason,
    )


def _page_worth(mode: str, raw: float, success: bool, evidence: Evidence) -> float:
    if mode in ("strict", "threshold"):
        return float(success)
    if mode == "raw":
        return raw
    return min(max(raw, 0.0), 1.0) * (_time_left(evidence) if mode == "time_decayed" else 1.0)


def url(params: Params, evidence: Evidence) -> Verdict:
    """Judge the address of the page: one of ``equals``, ``prefix`` and ``regex``, or ``query`` alone or with them.

    ``equals`` ignores the order of the query's parameters. ``prefix`` ends at a path's segment: ``/shop`` covers
    ``/shop/cart`` and not ``/shopping``. ``regex`` must match the whole URL. ``query`` lists parameters that must
    be there, beside others.
    """
    only(params, "equals", "prefix", "regex", "query")
    if not params or len(set(params) & {"equals", "prefix", "regex"}) > 1:
        raise VerifierError("url takes one of equals, prefix and regex, with query or query alone")
    query = params.get("query", {})
    if not isinstance(query, Mapping) or not all(isinstance(text, str) for pair in query.items() for text in pair):
        raise VerifierError("url needs texts by parameter's name for query")
    here = evidence.url
    success = (
        ("equals" not in params or same_url(here, text_of(params, "equals")))
        and ("prefix" not in params or url_under(here, text_of(params, "prefix")))
        and ("regex" not in params or matches_pattern(text_of(params, "regex"), here, whole=True))
        and url_has_query(here, query)
    )
    return verdict_of(success, f"the page is at {here[:200]!r}")


def text(params: Params, evidence: Evidence) -> Verdict:
    """Judge the page's visible text: it ``contains`` words, or a ``regex`` is found in it; ``absent`` turns it round.

    Runs of white space count as one blank. ``contains`` ends at a word's border ("Saved" is not in "Unsaved")
    unless ``whole_words`` is false; ``ignore_case`` holds for both.
    """
    only(params, "contains", "regex", "absent", "ignore_case", "whole_words")
    absent, ignore_case = flag_of(params, "absent", False), flag_of(params, "ignore_case", False)
    whole_words = flag_of(params, "whole_words", True)
    page = squeezed(evidence.text)
    if exactly_one(params, "contains", "regex") == "contains":
        wanted = text_of(params, "contains")
        found = contains_words(page, wanted, ignore_case=ignore_case, whole_words=whole_words)
    else:
        wanted = text_of(params, "regex")
        found = matches_pattern(wanted, page, ignore_case=ignore_case)
    return verdict_of(found != absent, f"{wanted[:100]!r} is {'' if found else 'not '}on the page")


def element(params: Params, evidence: Evidence) -> Verdict:
    """Count the elements with this ``role``, ``name``, ``value``, all ``states`` and none of ``without_states``.

    Success is at least one, or exactly ``count`` where that is given.
    """
    only(params, "role", "name", "value", "states", "without_states", "count")
    if not set(params) - {"count"}:
        raise VerifierError("element needs at least one of role, name, value, states and without_states")
    exact = {key: squeezed(text_of(params, key, empty=True)) for key in ("role", "name", "value") if key in params}
    present, missing = texts_of(params, "states"), texts_of(params, "without_states")

    def fits(candidate: ElementState) -> bool:
        return (
            all(squeezed(getattr(candidate, key)) == value for key, value in exact.items())
            and set(present) <= set(candidate.states)
            and not set(missing) & set(candidate.states)
        )

    count = sum(map(fits, evidence.elements))
    if "count" not in params:
        return verdict_of(count > 0, f"{count} elements fit")
    wanted = params["count"]
    if type(wanted) is not int or wanted < 0:
        raise VerifierError(f"element needs a whole number from 0 for count, not {wanted!r:.40}")
    return verdict_of(count == wanted, f"{count} elements fit, {wanted} were needed")


def form(params: Params, evidence: Evidence) -> Verdict:
    """Compare the named controls with ``values``, character for character; other controls do not matter."""
    only(params, "values")
    values = params.get("values")
    if not isinstance(values, Mapping) or not values:
        raise VerifierError("form needs values: an object of controls' names and their texts")
    if not all(isinstance(item, str) for pair in values.items() for item in pair):
        raise VerifierError("form needs texts for its controls' names and values")
    wrong = [name for name, value in values.items() if evidence.form_values.get(name) != value]
    return verdict_of(
        not wrong, f"wrong or missing: {', '.join(wrong)[:200]}" if wrong else "all controls are as needed"
    )


def answer(params: Params, evidence: Evidence) -> Verdict:
    """Compare the answer: ``equals`` a text, is ``one_of`` several, or is a ``number`` within ``tolerance``.

    Texts are compared after Unicode's NFC form, without regard to case and with runs of white space as one blank,
    unless ``exact`` is true. A number is the whole answer in digits, with an optional sign, decimal point and
    commas between thousands. Giving up is never success.
    """
    only(params, "equals", "one_of", "number", "tolerance", "exact")
    kind = exactly_one(params, "equals", "one_of", "number")
    exact, given = flag_of(params, "exact", False), evidence.answer
    accepted = (text_of(params, "equals", empty=True),) if kind == "equals" else texts_of(params, "one_of")
    if kind == "one_of" and not accepted:
        raise VerifierError("answer needs at least one text for one_of")
    number = number_of(params, "number") if kind == "number" else 0.0
    tolerance = number_of(params, "tolerance") if "tolerance" in params else 0.0
    if tolerance < 0 or (kind == "number" and exact) or (kind != "number" and "tolerance" in params):
        raise VerifierError("answer takes a tolerance from 0 with number, and exact with texts")
    if given is None or evidence.gave_up:
        return verdict_of(False, "there is no answer")
    if kind == "number":
        success = number_in(given, number, tolerance=tolerance)
    else:
        success = (given if exact else normalised_text(given)) in (
            accepted if exact else [normalised_text(item) for item in accepted]
        )
    return verdict_of(success, f"the answer is {given[:100]!r}")


def download(params: Params, evidence: Evidence) -> Verdict:
    """Judge the files that the episode got: the name of one ``equals`` a text or ``ends`` with one, in any case."""
    only(params, "equals", "ends")
    if len(params) != 1:
        raise VerifierError("download takes one of equals and ends")
    if "equals" in params:
        wanted = text_of(params, "equals").lower()
        success = any(name.lower() == wanted for name in evidence.downloads)
    else:
        wanted = text_of(params, "ends").lower()
        success = any(name.lower().endswith(wanted) for name in evidence.downloads)
    return verdict_of(success, f"the files are {list(evidence.downloads)!r:.200}")


VERIFIERS: dict[str, Verifier] = {
    "page_reward": page_reward,
    "url": url,
    "text": text,
    "element": element,
    "form": form,
    "answer": answer,
    "request": request,
    "download": download,
    "rows": rows,
    "sorted": in_order,
}


def _judge(name: str, params: Params, evidence: Evidence, *, depth: int) -> Verdict:
    if depth > MAX_DEPTH:
        raise VerifierError(f"verifiers may be nested {MAX_DEPTH} deep")
    if not isinstance(params, Mapping):
        raise VerifierError(f"the parameters of {name!r:.40} must be an object")
    if name in ("all", "any", "not"):
        verdict = _combine(name, params, evidence, depth=depth + 1)
    elif name in VERIFIERS:
        verdict = VERIFIERS[name](params, evidence)
    else:
        raise VerifierError(f"unknown verifier {name!r:.40}; known are {', '.join((*VERIFIERS, 'all', 'any', 'not'))}")
    return verdict_of(False, "nothing was recorded") if evidence == Evidence() else verdict


def _combine(name: str, params: Params, evidence: Evidence, *, depth: int) -> Verdict:
    """``all`` is worth its worst part, ``any`` its best; ``not`` is worth 1 where its part fails."""
    only(params, "of")
    specs = [params.get("of")] if name == "not" else params.get("of")
    if not isinstance(specs, list | tuple) or not specs:
        raise VerifierError(f"{name} needs of: {'a verifier' if name == 'not' else 'a list of verifiers'}")
    verdicts = [_judge(*_spec(spec), evidence, depth=depth) for spec in specs]
    if name == "not":
        return verdict_of(not verdicts[0].success, f"not: {verdicts[0].reason}")
    choose = min if name == "all" else max
    chosen = choose(verdicts, key=lambda verdict: (verdict.success, verdict.reward))
    return Verdict(
        success=chosen.success,
        reward=choose(verdict.reward for verdict in verdicts),
        reason=chosen.reason,
    )


def _spec(spec: Any) -> tuple[str, Params]:
    if isinstance(spec, Mapping) and set(spec) <= {"name", "params"} and isinstance(spec.get("name"), str):
        return spec["name"], spec.get("params", {})
    raise VerifierError("a nested verifier is an object with a name and params")


def _time_left(evidence: Evidence) -> float:
    """The share of the page's time limit that was left."""
    limit, elapsed = evidence.page_limit_ms, evidence.page_elapsed_ms
    if not is_number(limit) or limit is None or limit <= 0 or not is_number(elapsed):
        raise VerifierError(f"time_decayed needs the page's time limit and elapsed time, not {limit!r} and {elapsed!r}")
    return min(max(1 - elapsed / limit, 0.0), 1.0)
