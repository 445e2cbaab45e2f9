"""Tasks in which what the page says decides what is typed or clicked."""

from __future__ import annotations

import re

from browser_env.action import Action, Type
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, named, of_role, ordinal, pixels, quoted, submit

RESULTS = 3  # of a search, on each page


def read_table(observation: Observation) -> Action:
    """Type what stands beside the named cell, then submit."""
    match = re.fullmatch(r"Enter the value of (.*) into the text field and press Submit\.", observation.goal)
    field = of_role(observation, "textbox")[0]
    text = _said_beside(observation, match[1] if match else "")
    return submit(observation) if field.value == text else Type(field.id, text)


def read_table_2(observation: Observation) -> Action:
    """Type into each field what stands beside the cell with its label, then submit."""
    for field in of_role(observation, "textbox"):
        text = _said_beside(observation, field.name.rstrip(":"))
        if field.value != text:
            return Type(field.id, text)
    return submit(observation)


def buy_ticket(observation: Observation) -> Action:
    """Book the trip that is the first or last by its price or its duration."""
    books = [button for button in of_role(observation, "button") if button.name.startswith("Book for")]
    if "cost" in observation.goal:
        sizes = [int(button.name.split("$")[1]) for button in books]
    else:
        matches = (re.fullmatch(r"(\d+)h (\d+)m", element.name) for element in observation.elements)
        sizes = [60 * int(match[1]) + int(match[2]) for match in matches if match]
    extreme = max(sizes) if re.search("longest|most", observation.goal) else min(sizes)
    return click(books[sizes.index(extreme)])


def phone_book(observation: Observation) -> Action:
    """Turn pages until the person is shown, then click what the goal names of them."""
    match = re.fullmatch(r"Find (.*) in the contact book and click on their (\w+).*", observation.goal)
    person, wanted = match.groups() if match else ("", "")
    if named(observation, person, role="heading") is None:
        return click(named(observation, ">", role="link"))
    return click(_next_to(observation, f"{wanted.capitalize()}:"))


def search_engine(observation: Observation) -> Action:
    """Search the quoted word, turn to the page of the counted result, click it."""
    field = of_role(observation, "textbox")[0]
    word = quoted(observation)[0]
    page, place = divmod(ordinal(observation), RESULTS)
    links = of_role(observation, "link")
    if field.value != word:
        return Type(field.id, word)
    if not links:
        return click(named(observation, "Search", role="button"))
    number = named(observation, str(page + 1), role="link")
    return click(links[place] if _is_black(observation, number) else number)


def odd_or_even(observation: Observation) -> Action:
    """Click what each number is where that is not pressed, then submit."""
    rows = zip(observation.elements, observation.elements[1:], observation.elements[2:], strict=False)
    for odd, number, even in rows:
        if odd.name == "Odd" and even.name == "Even":
            right, wrong = (odd, even) if int(number.name) % 2 else (even, odd)
            if right.box[3] >= wrong.box[3]:  # a pressed button is less high
                return click(right)
    return submit(observation)


def _said_beside(observation: Observation, name: str) -> str:
    """Return the text of the cell that follows the one with this name."""
    cells = of_role(observation, "cell")
    return next((value.name for key, value in zip(cells[::2], cells[1::2], strict=True) if key.name == name), "")


def _is_black(observation: Observation, element: Element | None) -> bool:
    """Tell whether a text is black: the least bright pixel of a blue one is blue."""
    return element is not None and int(pixels(observation, element)[..., 2].min()) < 100


def _next_to(observation: Observation, name: str) -> Element | None:
    """Return the element that follows the one with this name."""
    following = zip(observation.elements, observation.elements[1:], strict=False)
    return next((value for label, value in following if label.name == name), None)


EXPERTS: dict[str, Expert] = {
    "read-table": read_table,
    "read-table-2": read_table_2,
    "buy-ticket": buy_ticket,
    "phone-book": phone_book,
    "search-engine": search_engine,
    "odd-or-even": odd_or_even,
}
