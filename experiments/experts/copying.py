"""Tasks in which a text of the page is found and typed."""

from __future__ import annotations

import re

from browser_env.action import Action, Press, Scroll, Type
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, enter, of_role, ordinal, submit

LINE = 25  # height up to which an input is one of a single line, in CSS px


def find_word(observation: Observation) -> Action:
    """Type the counted word of the paragraph, without signs, then submit."""
    word = of_role(observation, "paragraph")[0].name.split()[ordinal(observation)]
    return enter(observation, of_role(observation, "textbox")[0], re.sub(r"\W", "", word))


def text_transform(observation: Observation) -> Action:
    """Type the slanted characters, then submit."""
    text = "".join(element.name for element in of_role(observation, "generic")[1:])
    return enter(observation, of_role(observation, "textbox")[0], text)


def copy_paste(observation: Observation) -> Action:
    """Type the text of the counted area, or the only one, then submit; it ends with a space, which is not seen."""
    fields = of_role(observation, "textbox")
    areas = [field for field in fields if field.box[3] > LINE]
    line = next(field for field in fields if field.box[3] <= LINE)
    text = areas[ordinal(observation)].value
    return submit(observation) if line.value.strip() == text else Type(line.id, f"{text} ")


def scroll_text(observation: Observation) -> Action:
    """Type the last word, then submit; of a text that is cut, that is what is selected from its end."""
    area, line = of_role(observation, "textbox")
    if line.value:
        return submit(observation)
    text = observation.selection if area.value.endswith("…") else area.value
    words = re.findall(r"\w+", text)
    if words:
        return Type(line.id, words[-1])
    if "focused" not in area.states:
        return click(area)
    return Press("Control+Shift+ArrowLeft" if _is_at_end(area) else "Control+End")


def scroll_text_2(observation: Observation) -> Action:
    """Scroll the area in the middle of the page to its top or bottom, then submit."""
    area = of_role(observation, "textbox")[0]
    down = "to the bottom" in observation.goal
    if _is_at_end(area) if down else area.scroll is None or area.scroll[1] < 1:
        return submit(observation)
    width, height = observation.viewport
    return Scroll(Point(width / 2, height / 2), 0.0, height // 2 if down else -(height // 2))


def _is_at_end(area: Element) -> bool:
    """Tell whether an area is scrolled to its bottom."""
    return area.scroll is None or area.scroll[3] - area.scroll[1] < 4


EXPERTS: dict[str, Expert] = {
    "copy-paste": copy_paste,
    "copy-paste-2": copy_paste,
    "find-word": find_word,
    "scroll-text": scroll_text,
    "scroll-text-2": scroll_text_2,
    "text-transform": text_transform,
}
