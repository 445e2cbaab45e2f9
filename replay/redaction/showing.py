"""Says what was done without the secrets that were written, before an episode is over and can be masked as a whole."""

from __future__ import annotations

from dataclasses import replace

from browser_env.action import Action, Dialog, Press, Type
from browser_env.observation import Element, Observation
from replay.redaction.collecting import fits
from replay.redaction.finding import kind_of_field
from replay.redaction.rules import RedactionRules
from replay.redaction.typing import DOT, character, holder, is_dots, place_of


def shown(action: Action, seen: Observation, after: Observation, rules: RedactionRules) -> str:
    """Return an action's text, with dots for what it wrote into a field for secrets; ``after`` is what it led to."""
    if isinstance(action, Dialog) and action.text and seen.dialog is not None:
        secret = kind_of_field(seen.dialog.message, rules) is not None
        return (replace(action, text=DOT * len(action.text)) if secret else action).to_text()
    place = place_of(action, seen)
    if place is None or not any(_is_for_secrets(page.element(place), page, rules) for page in (seen, after)):
        return action.to_text()
    if isinstance(action, Type):
        action = replace(action, text=DOT * len(action.text))
    elif isinstance(action, Press) and character(action.key) is not None:
        action = replace(action, key=DOT)
    return action.to_text()


def _is_for_secrets(element: Element | None, page: Observation, rules: RedactionRules) -> bool:
    if element is None or not holder(element):
        return False
    named = kind_of_field(f"{element.name} | {element.description}", rules) is not None
    return is_dots(element.value) or named or any(fits(rule, element, page) for rule in rules.elements)
