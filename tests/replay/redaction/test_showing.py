from __future__ import annotations

import pytest

from browser_env.action import Action, Click, Dialog, Press, Type
from browser_env.observation import Dialog as Asked
from browser_env.observation import Element, Observation
from replay.redaction import Redactor
from replay.redaction.rules import ElementRule, RedactionRules

FIELDS = {"e1": "Name", "e2": "Password", "e3": "Secret word", "e4": "Customer"}


def page(*, dots: str = "", focus: str = "e1", asked: str = "") -> Observation:
    elements = tuple(
        Element(id=id_, role="textbox", name=name, value=dots if id_ == "e3" else "", states=("editable",))
        for id_, name in FIELDS.items()
    )
    dialog = Asked(kind="prompt", message=asked) if asked else None
    return Observation(goal="Log in", elements=elements, focus=focus, dialog=dialog)


@pytest.mark.parametrize(
    ("action", "before", "after", "said"),
    [
        (Type("e1", "Ada"), page(), page(), "type(e1, 'Ada')"),
        (Type("e2", "pear"), page(), page(), "type(e2, '••••')"),
        (Type("e2", "pear"), page(), Observation(goal="In"), "type(e2, '••••')"),
        (Type("e3", "pear"), page(), page(dots="••••"), "type(e3, '••••')"),
        (Type("e4", "KD-1"), page(), page(), "type(e4, '••••')"),
        (Press("p"), page(focus="e2"), page(focus="e2"), "press('•')"),
        (Press("Enter"), page(focus="e2"), page(focus="e2"), "press('Enter')"),
        (Press("p"), page(), page(), "press('p')"),
        (Click("e2"), page(), page(), "click(e2)"),
        (Dialog(True, "8306"), page(asked="Your PIN?"), page(), "dialog(True, text='••••')"),
        (Dialog(True, "8306"), page(asked="How many?"), page(), "dialog(True, text='8306')"),
        (Dialog(True), page(asked="Your PIN?"), page(), "dialog(True)"),
    ],
)
def test_what_fields_for_secrets_took_is_shown_as_dots(
    action: Action, before: Observation, after: Observation, said: str
) -> None:
    rules = RedactionRules(elements=(ElementRule(kind="customer", name="customer"),))
    assert Redactor(rules).shown(action, before, after) == said
