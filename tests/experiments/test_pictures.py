from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from browser_env.action import (
    Action,
    Answer,
    Back,
    Check,
    Click,
    Dialog,
    Drag,
    GiveUp,
    Navigate,
    Point,
    Press,
    Scroll,
    Select,
    Type,
)
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Element, Observation
from browser_env.task import Task, VerifierSpec
from experiments.marks import Marks, marks
from experiments.pictures import ACTION, OUTCOMES, draw_page, picture_strip
from rewards.evidence import Evidence
from rewards.outcome import Outcome

BUTTON = Element(id="e1", role="button", name="Ok", box=(10, 20, 40, 10))
FIELD = Element(id="e2", role="textbox", name="Name", box=(10, 60, 80, 12))
PAGE = Observation(goal="Press Ok", elements=(BUTTON, FIELD), screenshot=np.full((210, 160, 3), 255, dtype=np.uint8))
PINK = tuple(bytes.fromhex(ACTION[1:]))


def episode(*actions: Action, outcome: Outcome = Outcome.SUCCESS, page: Observation = PAGE) -> Episode:
    return Episode(
        id="0" * 32,
        task=Task(name="suite/ok", url="http://127.0.0.1", verifier=VerifierSpec(name="page"), viewport=(160, 210)),
        seed=0,
        source=Source.SCRIPT,
        steps=tuple(Step(observation=page, action=action) for action in actions),
        final=page,
        outcome=outcome,
        reward=1.0,
        evidence=Evidence(),
        reason="because",
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Click("e1"), Marks(boxes=((10, 20, 40, 10),), pointer=(30, 25))),
        (Click(Point(5, 6)), Marks(pointer=(5, 6))),
        (Click("e99"), Marks()),
        (Type("e2", "Anna"), Marks(boxes=((10, 60, 80, 12),), pointer=(50, 66), label="“Anna”")),
        (Check("e1", False), Marks(boxes=((10, 20, 40, 10),), pointer=(30, 25), label="uncheck")),
        (Select("e2", ("a", "b")), Marks(boxes=((10, 60, 80, 12),), pointer=(50, 66), label="a, b")),
        (
            Drag(("e1", Point(1, 2))),
            Marks(boxes=((10, 20, 40, 10),), pointer=(30, 25), path=((30, 25), (1, 2))),
        ),
        (Scroll(Point(50, 50), 0, 600), Marks(pointer=(50, 50), path=((50, 50), (50, 110)))),
        (Scroll(Point(50, 50)), Marks(pointer=(50, 50), path=((50, 50), (50, 50)))),
        (Press("Control+a"), Marks(label="Control+a")),
        (Press("Tab", 3), Marks(label="Tab × 3")),
        (Dialog(), Marks(label="accepts")),
        (Dialog(text="Anna"), Marks(label="accepts “Anna”")),
        (Dialog(accept=False), Marks(label="dismisses")),
        (Navigate("http://x"), Marks(label="http://x")),
        (GiveUp(), Marks(label="gives up")),
        (Back(), Marks()),
    ],
)
def test_marks_say_where_an_action_lands(action: Action, expected: Marks) -> None:
    assert marks(action, PAGE) == expected


def test_long_labels_are_cut() -> None:
    assert marks(Answer("x" * 5000), PAGE).label == "“" + "x" * 58 + "…"


def test_strip_shows_every_step_and_the_outcome() -> None:
    strip = picture_strip(episode(Click("e1"), Type("e2", "Anna")))
    assert strip.width == 2 * 16 + 3 * (320 + 12) - 12
    pixels = np.asarray(strip)
    assert (pixels == PINK).all(axis=-1)[:, :340].any()  # the first step's pointer
    assert (pixels == PINK).all(axis=-1)[:, 350:680].any()  # the second one's
    assert not (pixels == PINK).all(axis=-1)[:, 690:].any()  # nothing is done at the end
    green = tuple(bytes.fromhex(OUTCOMES[Outcome.SUCCESS][1:]))
    assert (pixels == green).all(axis=-1)[:, 690:].any()


def test_long_episodes_take_several_rows() -> None:
    one, many = picture_strip(episode(Click("e1"))), picture_strip(episode(*[Click("e1")] * 20))
    assert many.width == 2 * 16 + 8 * (320 + 12) - 12
    assert many.height > 2.5 * one.height


def test_large_pages_are_made_smaller() -> None:
    big = replace(PAGE, viewport=(1280, 720), screenshot=np.zeros((720, 1280, 3), dtype=np.uint8))
    assert picture_strip(episode(Click("e1"), page=big)).width == 2 * 16 + 2 * (640 + 12) - 12


def test_pages_without_pixels_are_drawn_from_their_elements() -> None:
    page = draw_page(replace(PAGE, screenshot=None), size=(320, 420))
    colors = {color for _, color in page.getcolors(10_000) or []}
    assert len(colors) > 2
    assert page.getpixel((80, 58)) != page.getpixel((300, 400))  # the button's ground


def test_screenshots_stay_crisp() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (210, 160, 3), dtype=np.uint8)
    page = draw_page(replace(PAGE, screenshot=pixels), size=(320, 420))
    assert np.array_equal(np.asarray(page)[::2, ::2], pixels)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_episode_without_steps_and_with_odd_elements(outcome: Outcome) -> None:
    odd = (
        Element(id="e1", role="button", name="\x00\ud800 עברית 🎈" * 50, box=(-5, -5, -10, 3)),
        Element(id="e2", role="x", box=(1e6, 1e6, 1e6, 1e6), name="far"),
        Element(id="e3", role="link", box=(0, 0, 1, 1), name="tiny"),
    )
    page = Observation(goal="", elements=odd)
    assert isinstance(picture_strip(episode(outcome=outcome, page=page)), Image.Image)
    assert picture_strip(episode(Click("e2"), Drag(("e1", "e2", Point(-9e5, 3))), page=page)).width > 0


@given(text=st.text(max_size=80))
def test_any_text_can_be_drawn(text: str) -> None:
    picture_strip(episode(Type("e2", text), page=replace(PAGE, goal=text)), scale=0.5)
