"""The verifier of what an episode sent to its site."""

from __future__ import annotations

from rewards.evidence import Evidence, Sent
from rewards.match import same_url, squeezed, url_under
from rewards.params import Params, Verdict, VerifierError, choice_of, mapping_of, only, text_of, verdict_of

METHODS = ("POST", "PUT", "PATCH", "DELETE")
FAILED = 400  # and above: a status that says that the site did not do what it was asked


def request(params: Params, evidence: Evidence) -> Verdict:
    """Judge what was sent: a request of this ``method``, to an address that ``equals`` one or is under a ``prefix``.

    All ``fields`` must be in its form or JSON body with these texts, runs of white space as one blank; others do not
    matter. A request that was answered with a failure does not count, one without an answer does.
    """
    only(params, "method", "equals", "prefix", "fields")
    if not params or {"equals", "prefix"} <= set(params):
        raise VerifierError("request takes a method, fields, and one of equals and prefix; at least one of them")
    method = choice_of(params, "method", METHODS) if "method" in params else ""
    fields = {name: squeezed(value) for name, value in mapping_of(params, "fields").items()}

    def fits(sent: Sent) -> bool:
        return (
            method in ("", sent.method)
            and ("equals" not in params or same_url(sent.url, text_of(params, "equals")))
            and ("prefix" not in params or url_under(sent.url, text_of(params, "prefix")))
            and (sent.status is None or sent.status < FAILED)
            and all(name in sent.fields and squeezed(sent.fields[name]) == value for name, value in fields.items())
        )

    for name in ("equals", "prefix"):
        if name in params:
            same_url("", text_of(params, name))  # raises what is wrong with it where nothing was sent as well
    count = sum(map(fits, evidence.sent))
    return verdict_of(count > 0, f"{count} of {len(evidence.sent)} requests fit")
