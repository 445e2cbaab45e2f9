"""What an episode leaves behind for a verifier to judge."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

REDACTED = "redacted"  # in a request's field, in place of a secret or of what differs at each visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementState:
    """One element of the page as it was when the evidence was taken."""

    role: str
    name: str = ""
    value: str = ""
    states: tuple[str, ...] = ()  # e.g. ("checked", "disabled")
    headers: tuple[str, ...] = ()  # names of its row's and its column's header, inside a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request of the page that may have changed the site: neither GET nor HEAD, nor a search."""

    method: str  # in upper case
    url: str
    fields: dict[str, str] = field(
        default_factory=dict
    )  # of its form or JSON body; "a.b" and "a.0" lead into nested ones
    status: int | None = None  # of the answer; None: none came


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The recorded facts that verifiers are pure functions of."""

    url: str = ""
    title: str = ""
    text: str = ""  # the page's visible text
    status: int = 0  # HTTP status that the page's document came with; 0: with none
    elements: tuple[ElementState, ...] = ()
    form_values: dict[str, str] = field(default_factory=dict)  # control's name, id or label -> value
    answer: str | None = None  # what the policy answered, if it did
    gave_up: bool = False
    page_done: bool = False  # the page itself declared the episode over
    page_reward: float | None = None  # the page's own raw reward, if it gives one
    page_checks: dict[str, bool] = field(default_factory=dict)  # what it pays for without looking -> whether it holds
    page_elapsed_ms: float = 0.0  # page time since the episode began
    page_limit_ms: float | None = None  # the page's own time limit, if it has one
    unanswered: tuple[str, ...] = ()  # requests that a snapshot had no answer to, those that only adorn left out
    sent: tuple[Sent, ...] = ()  # by the episode so far, in order
    downloads: tuple[str, ...] = ()  # names of files that arrived whole

    def to_json(self) -> dict[str, Any]:
        """Return the evidence as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild evidence from :meth:`to_json`."""
        elements = tuple(
            ElementState(
                **{
                    **element,
                    "states": tuple(element.get("states", ())),
                    "headers": tuple(element.get("headers", ())),
                }
            )
            for element in data.get("elements", ())
        )
        sent = tuple(Sent(**request) for request in data.get("sent", ()))
        texts = {name: tuple(data.get(name, ())) for name in ("unanswered", "downloads")}
        return cls(**{**data, **texts, "elements": elements, "sent": sent})
