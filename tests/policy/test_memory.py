from dataclasses import replace

import numpy as np
import pytest

from browser_env.acting import Turn
from browser_env.action import Click, Hover, Point, Press, Type
from browser_env.observation import Observation
from policy.choice import Kind
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.memory import ELEMENT_MEMORY, PAGE_MEMORY, element_memory, page_memory
from policy.page import read_page


def test_without_a_past_nothing_is_remembered(form: Observation) -> None:
    page = read_page(form, CompactConfig())
    assert page_memory(()).shape == (PAGE_MEMORY,)
    assert not page_memory(()).any()
    assert element_memory(page, ()).shape == (len(page.elements), ELEMENT_MEMORY)
    assert not element_memory(page, ()).any()


def test_the_last_two_turns_and_how_often_are_remembered(form: Observation) -> None:
    page = read_page(form, CompactConfig())
    box = page.elements[page.rows["e1"]].box
    inside = Point(box[0] + box[2] / 2, box[1] + box[3] / 2)
    past = [Turn(action=a) for a in (Click("gone"), Click(inside), Type("e2", "x"), Press("Tab"), Click("e1"))]
    memory = element_memory(page, past)
    assert memory[page.rows["e1"]] == pytest.approx([1.0, 0.0, 2 / 4])
    assert memory[page.rows["e2"]] == pytest.approx([0.0, 0.0, 1 / 4])
    assert memory.sum() == pytest.approx(1.75)


def test_the_last_action_its_error_and_repetition_are_remembered() -> None:
    memory = page_memory([Turn(action=Press("Tab")), Turn(action=Press("Tab"), error="no")])
    assert memory[Kind.PRESS] == memory[-2] == memory[-3] == 1.0
    assert memory[-1] == pytest.approx(2 / 16)
    assert page_memory([Turn(action=Click(Point(1, 1)))])[Kind.POINT] == 1.0
    assert page_memory([Turn(action=Hover("e1"))])[Kind.HOVER] == 1
    assert page_memory([Turn(action=Press("Tab"))] * 99)[-1] == 1.0


def test_the_goals_number_is_compared_with_the_turns() -> None:
    past = [Turn(action=Click("e1"))] * 2
    assert page_memory(past, "Like 5 posts")[-5:-3] == pytest.approx([1.0, 0.3])
    assert page_memory(past, "Like 2 posts")[-5:-3] == pytest.approx([0.0, 0.0])
    assert page_memory(past, "Like 1 post")[-5:-3] == pytest.approx([-1.0, -0.1])
    assert not page_memory((), "Like 0 posts").any()
    assert page_memory(past, "Like the 5th post")[-5:-3] == pytest.approx([0.0, 0.0])


def test_the_policy_acts_by_what_it_remembers(form: Observation) -> None:
    policy = CompactPolicy(CompactConfig(), seed=0)
    past = (Turn(action=Click("e1")),)
    fresh, later = policy.log_prob([form, form], [Click("e1")] * 2, [(), past])
    assert fresh != later
    decision = policy.act_after([form], [past])[0]
    assert decision.log_prob == pytest.approx(policy.log_prob([form], [decision.action], [past])[0], abs=1e-4)
    bare = replace(form, elements=())
    assert np.isfinite(policy.log_prob([bare], [Press("Tab")], [past])).all()
