"""Tasks in which several parts of a form are set, and sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from browser_env.action import Action, Scroll, Type
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, named, of_role, pixels, quoted, submit
from experiments.experts.sliding import slide

SLIDER = (-10, 10)  # its ends


def form_sequence(observation: Observation) -> Action:
    """Bring the slider to the number, check the counted box, submit."""
    match = re.match(r"Select (-?\d+) with the slider, click the (\d)", observation.goal)
    wanted, count = (int(match[1]), int(match[2])) if match else (0, 1)
    value = next(e for e in observation.elements if re.fullmatch(r"-?\d+", e.name))
    if int(value.name) != wanted:
        handle = next(e for e in observation.elements if not e.name and "clickable" in e.states)
        return slide(observation, handle, int(value.name), wanted, SLIDER)
    box = of_role(observation, "checkbox")[count - 1]
    return submit(observation) if "checked" in box.states else click(box)


def form_sequence_2(observation: Observation) -> Action:
    """Choose the counted button, type the number into the counted field, submit."""
    counts = re.findall(r"(\d)(?:st|nd|rd)", observation.goal)
    number = quoted(observation)[0]
    option = of_role(observation, "radio")[int(counts[0]) - 1]
    field = of_role(observation, "textbox")[int(counts[1]) - 1]
    if "checked" not in option.states:
        return click(option)
    return submit(observation) if field.value == number else Type(field.id, number)


def form_sequence_3(observation: Observation) -> Action:
    """Open the drawn list, click the named entry, then the quoted button."""
    match = re.match(r"Choose (.*) from the dropdown", observation.goal)
    wanted = match[1] if match else ""
    if of_role(observation, "combobox")[0].value == wanted:
        return click(named(observation, quoted(observation)[0], role="button"))
    opener = next(e for e in observation.elements if e.role == "b")
    return click(named(observation, wanted, role="listitem") or opener)


def sign_agreement(observation: Observation) -> Action:
    """Scroll the agreement down, sign, and press what the goal says last."""
    if "Scroll" not in observation.goal:
        return click(named(observation, "Cancel", role="button"))
    name, button = quoted(observation)
    agreement, field = of_role(observation, "textbox")
    if "disabled" in field.states:
        return Scroll(agreement.id, 0.0, agreement.scroll[3] if agreement.scroll else 0.0)
    return click(named(observation, button, role="button")) if field.value == name else Type(field.id, name)


def number_checkboxes(observation: Observation) -> Action:
    """Check the boxes that are white in the picture, then submit."""
    picture = of_role(observation, "img")[0]
    boxes = of_role(observation, "checkbox")
    for box, wanted in zip(boxes, _white_fields(observation, picture), strict=True):
        if ("checked" in box.states) != wanted:
            return click(box)
    return submit(observation)


def order_food(observation: Observation) -> Action:
    """Add what the goal names, or the first dish of a kind so many times, then order."""
    order = re.fullmatch(r"Order (\d+) items that are (.*)", observation.goal)
    for dish, kinds, quantity, plus in _dishes(observation):
        wanted = int(order[1]) * (order[2] in kinds) if order else int(_is_named(observation, dish))
        if quantity < wanted:
            return click(plus)
        if order and wanted:
            break
    return click(named(observation, "Order!", role="button"))


def _white_fields(observation: Observation, picture: Element) -> Iterator[bool]:
    """Yield for each field of the picture, row by row, whether its middle is white."""
    region = pixels(observation, picture)
    height, width = region.shape[:2]
    for row in range(7):
        for column in range(4):
            middle = region[int(3 + (row + 0.5) * (height - 9) / 7), int(3 + (column + 0.5) * (width - 10) / 4)]
            yield int(middle.min()) > 200


def _dishes(observation: Observation) -> Iterator[tuple[str, set[str], int, Element]]:
    """Yield each dish's name, kinds, ordered quantity and plus sign."""
    name, kinds, quantity = "", set[str](), 0
    for element in observation.elements[1:]:
        if element.role == "img":
            kinds.add(element.name)
        elif element.name.isdigit():
            quantity = int(element.name)
        elif element.name == "+":
            yield name, kinds, quantity, element
            kinds, quantity = set[str](), 0
        elif element.name not in ("-", "+"):
            name = element.name


def _is_named(observation: Observation, dish: str) -> bool:
    named_ones = observation.goal.partition(": ")[2].split(", ")
    return dish in [name.strip() for name in named_ones]


EXPERTS: dict[str, Expert] = {
    "form-sequence": form_sequence,
    "form-sequence-2": form_sequence_2,
    "form-sequence-3": form_sequence_3,
    "sign-agreement": sign_agreement,
    "number-checkboxes": number_checkboxes,
    "order-food": order_food,
}
