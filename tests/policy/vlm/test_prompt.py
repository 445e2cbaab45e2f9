from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from browser_env.acting import Turn
from browser_env.action import Click, Point, Type
from browser_env.errors import UsageError
from browser_env.observation import Dialog, Observation, Tab
from policy.vlm.config import VlmConfig
from policy.vlm.prompt import STEADY, build_prompt, fit_turns

Page = Callable[..., Observation]
CONFIG = VlmConfig(verbs=("click", "type", "select"))


def words(text: str) -> int:
    return len(text.split())


def test_a_prompt_tells_goal_turns_and_page(page: Page) -> None:
    seen = replace(
        page(2),
        error="it is covered",
        tabs=(Tab(url="a:"), Tab(url="b:", title="B")),
        dialog=Dialog(kind="alert", message="Stop"),
    )
    past = [Turn(action=Click(Point(80, 105))), Turn(action=Click("e9"), error="no e9")]
    prompt = build_prompt(seen, past, CONFIG, count=words)
    assert "click(target)\ntype(target, text)\nselect(target, ['label'])\n" in prompt.before
    assert "an element's id such as e12 or a point (x, y) from (0, 0) to (1000, 1000)" in prompt.before
    assert prompt.before.endswith("Goal: Click Go1.\nDone: click((500, 500))\nDone: click(e9) but no e9\n")
    assert prompt.after.splitlines()[1:] == [
        *("Tab 0: a:", "Tab 1: B", "Tab 0 is open.", "A dialog waits (alert): Stop"),
        *("The last action failed: it is covered", "Elements:", "e1 button 'Go0'", "e2 button 'Go1'"),
    ]
    assert [item["type"] for item in prompt.messages()[0]["content"]] == ["text", "image", "text"]  # type: ignore[index, attr-defined]


def test_modes_show_pixels_or_elements_or_marks(page: Page) -> None:
    seen = page(2)
    pixels = build_prompt(seen, (), replace(CONFIG, elements=False), count=words)
    assert "e1" not in pixels.before + pixels.after
    assert np.array_equal(pixels.image, seen.screenshot)  # type: ignore[arg-type]
    marks = build_prompt(seen, (), replace(CONFIG, elements=False, picture="marks", image_scale=2), count=words)
    assert marks.image is not None
    assert marks.image.shape == (420, 320, 3)
    assert "element's id" in marks.before
    dom = build_prompt(seen, (), replace(CONFIG, picture="none"), count=words)
    assert dom.image is None
    assert "a point" not in dom.before
    with pytest.raises(UsageError, match="something to see"):
        replace(CONFIG, picture="none", elements=False)


def test_a_budget_leaves_out_the_oldest_turns_in_blocks_and_the_last_elements(page: Page) -> None:
    past = [Turn(action=Click(f"e{i}")) for i in range(1, 21)]
    budget = words(build_prompt(page(60), (), replace(CONFIG, max_prompt_tokens=10**6), count=words).before)
    config = replace(CONFIG, max_prompt_tokens=budget + 60)
    prompt = build_prompt(page(60), past, config, count=words)
    assert words(prompt.before + prompt.after) <= config.max_prompt_tokens
    told = [line for line in prompt.before.splitlines() if line.startswith("Done")]
    assert told == [f"Done: click(e{i})" for i in range(13, 21)]
    assert "e1 button" in prompt.after
    assert "e60 button" not in prompt.after
    grown = build_prompt(
        page(60), [*past, Turn(action=Click("e21"))], replace(config, max_prompt_tokens=9999), count=words
    )
    before = build_prompt(page(60), past, replace(config, max_prompt_tokens=9999), count=words)
    assert grown.before.startswith(before.before), "what is told again begins the same"


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4, 7, 24])
def test_some_of_what_was_done_is_always_told(most: int) -> None:
    """At least half of what may be, and always the newest; what is told begins the same for some steps."""
    lines = [f"Done: {i}" for i in range(60)]
    beginnings = set()
    for done in range(1, 61):
        told = fit_turns(lines[:done], 10**6, most, words)
        assert told == lines[done - len(told) : done]
        assert min(done, most) / 2 <= len(told) <= most
        beginnings.add(told[0] if told else "")
    assert len(beginnings) <= 60 / min(STEADY, max(1, most // 2))


def test_a_long_text_that_was_typed_leaves_room_for_other_turns(page: Page) -> None:
    past = [Turn(action=Click("e1")), Turn(action=Type("e2", "x" * 5000))]
    prompt = build_prompt(page(2), past, replace(CONFIG, max_prompt_tokens=900), count=len)
    told = [line for line in prompt.before.splitlines() if line.startswith("Done")]
    assert told[0] == "Done: click(e1)"
    assert told[1].startswith("Done: type(e2, 'xxx")
    assert told[1].endswith("x…")
    assert len(told[1]) < 180
