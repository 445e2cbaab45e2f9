"""Tasks in which something has to be opened before the right thing can be clicked."""

from __future__ import annotations

from dataclasses import replace

from browser_env.action import Action, Press, Wait
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, Ink, click, ink, named, of_role, pixels, quoted, submit

PIE_LETTER = 15  # height from which a pie menu's labels are out of its middle, in CSS px


def click_collapsible(observation: Observation) -> Action:
    """Open the section, then submit."""
    section = of_role(observation, "tab")[0]
    return submit(observation) if "expanded" in section.states else click(section)


def click_collapsible_2(observation: Observation) -> Action:
    """Click the quoted link once its section shows it; otherwise open the next section."""
    link = named(observation, quoted(observation)[0], role="generic")
    if link is not None and _is_in_open_section(observation, link):
        return click(link) if link.visible else Wait()
    sections = of_role(observation, "tab")
    opened = next((i for i, section in enumerate(sections) if "expanded" in section.states), -1)
    return click(sections[(opened + 1) % len(sections)])


def click_menu(observation: Observation) -> Action:
    """Go along the path that the goal gives with arrow keys; clicking would choose what has a submenu."""
    items = of_role(observation, "menuitem")
    path = observation.goal.removeprefix("Select ").split(">")
    active = [item for item in items if _is_active(observation, item)]
    if not active:
        return Press("Tab")
    wanted = path[len(active) - 1]
    if active[-1].name == wanted:
        return Press("Enter" if len(active) == len(path) else "ArrowRight")
    level = [item.name for item in items if _is_above_or_below(item, active[-1])]
    return Press(_shorter_way(level.index(active[-1].name), level.index(wanted), len(level)))


def click_menu_2(observation: Observation) -> Action:
    """Open the menu, click the item with the quoted label or the goal's icon; what is not there is in the submenu."""
    items = of_role(observation, "menuitem")
    if not items:
        return click(named(observation, "Menu", role="button"))
    wanted = _item_in_goal(observation, items)
    if wanted is not None:
        return click(wanted)
    more = next(item for item in items if "haspopup" in item.states)
    return Wait() if _is_active(observation, more) else click(more)


def navigate_tree(observation: Observation) -> Action:
    """Click the quoted name where it is shown; otherwise open the first folder that is closed."""
    target = named(observation, quoted(observation)[0], role="generic")
    if target is not None:
        return click(target)
    following = zip(observation.elements, observation.elements[1:], strict=False)
    return click(next((name for sign, name in following if _is_plus(observation, sign)), None))


def click_pie(observation: Observation) -> Action:
    """Open the pie menu, wait until it is large, click the quoted label."""
    opener = named(observation, "+", role="graphics-symbol")
    if opener is not None:
        return click(opener)
    label = named(observation, quoted(observation)[0], role="graphics-symbol")
    return Wait() if label is not None and label.box[3] < PIE_LETTER else click(label)


def _item_in_goal(observation: Observation, items: list[Element]) -> Element | None:
    """Return the menu's item that the goal means by its label or its icon."""
    label = quoted(observation)[-1]
    if label != "Menu":
        return next((item for item in items if item.name == label), None)
    icons = {element.parent: element for element in observation.elements if not element.name and element.parent}
    inks = {parent: _icon(observation, icon) for parent, icon in icons.items()}
    wanted = inks[observation.elements[0].id]
    likenesses = {item: _likeness(wanted, inks[item.id]) for item in items if item.id in inks}
    best = max(likenesses, key=likenesses.__getitem__)
    return best if likenesses[best] > 0.9 else None


def _icon(observation: Observation, element: Element) -> Ink:
    """Return the ink of an icon, less what letters of the line above reach into its box."""
    x, y, width, height = element.box
    return ink(observation, replace(element, box=(x, y + 2, width, height - 2)))


def _likeness(icon: Ink, other: Ink) -> float:
    """Return the share of pixels in which two icons agree; smoothed edges differ."""
    return float((icon == other).mean()) if icon.shape == other.shape else 0.0


def _is_plus(observation: Observation, element: Element) -> bool:
    """Tell whether an element is the sign of a closed folder: a plus has more black pixels than a minus."""
    if element.name or not element.visible:
        return False
    return int((pixels(observation, element).max(axis=2) < 60).sum()) > 7


def _is_in_open_section(observation: Observation, link: Element) -> bool:
    """Tell whether a link's panel belongs to the section that is open, not to one that is closing."""
    panel = observation.element(link.parent or "")
    section = named(observation, panel.name, role="tab") if panel is not None else None
    return section is not None and "expanded" in section.states


def _is_active(observation: Observation, item: Element) -> bool:
    """Tell whether a menu's item is the marked one of its level: as wide as the menu with its border."""
    menu = observation.element(item.parent or "")
    return menu is not None and item.box[2] >= menu.box[2]


def _is_above_or_below(item: Element, other: Element) -> bool:
    """Tell whether two items are of the same level of menus."""
    return abs(item.box[0] - other.box[0]) < 5


def _shorter_way(start: int, end: int, count: int) -> str:
    """Return the arrow key that leads from one item of a closed circle to another in fewer steps."""
    return "ArrowDown" if (end - start) % count <= count / 2 else "ArrowUp"


EXPERTS: dict[str, Expert] = {
    "click-collapsible": click_collapsible,
    "click-collapsible-2": click_collapsible_2,
    "click-collapsible-nodelay": click_collapsible,
    "click-collapsible-2-nodelay": click_collapsible_2,
    "click-menu": click_menu,
    "click-menu-2": click_menu_2,
    "click-pie": click_pie,
    "navigate-tree": navigate_tree,
}
