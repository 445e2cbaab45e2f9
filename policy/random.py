"""A policy that knows nothing: the baseline below all others."""

from __future__ import annotations

import random
from collections.abc import Sequence

from browser_env.acting import Decision
from browser_env.action import Action, Click, Select, Type, Wait
from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.page import Page, read_page
from policy.text import TOKEN


class RandomPolicy:
    """Does something possible with an element chosen by chance; types words of the goal."""

    version = 0  # it never learns

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._config = CompactConfig()

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation; greediness makes no difference to chance."""
        return [Decision(action=self._choose(read_page(observation, self._config))) for observation in observations]

    def _choose(self, page: Page) -> Action:
        possible = [
            action
            for i, element in enumerate(page.elements)
            for action in self._actions(element, (page.clickable[i], page.editable[i], page.selectable[i]), page)
        ]
        return self._random.choice(possible) if possible else Wait()

    def _actions(self, element: Element, can: tuple[bool, bool, bool], page: Page) -> list[Action]:
        """Return one action of each sort that an element allows."""
        click, edit, select = can
        actions: list[Action] = [Click(element.id)] if click else []
        words = TOKEN.findall(page.observation.goal)
        if edit and words:
            actions.append(Type(element.id, self._random.choice(words)))
        if select and element.parent is not None:
            actions.append(Select(element.parent, (element.name,)))
        return actions
