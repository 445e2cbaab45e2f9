"""What pages pay for although it is wrong earns nothing, and what counts as reached can be reached."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from browser_env.action import parse_action
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from browser_env.seeds import demonstration_seed
from rewards.outcome import Outcome

MARK_PX = 2  # the pages draw the point that was clicked so far right of it and below


def begin(episodes: Any, name: str, wanted: str, first: int = 0) -> Observation:
    """Reset to the first seed whose goal matches."""
    for seed in range(first, first + 40):
        observation: Observation = episodes.reset(miniwob_task(name), seed=seed)
        if re.search(wanted, observation.goal):
            return observation
    raise AssertionError(f"no such goal in {name}")


def act(episodes: Any, *texts: str) -> Any:
    result = None
    for text in texts:
        result = episodes.step(parse_action(text))
        assert result.observation.error is None, text
    return result


def id_of(observation: Observation, *names: str) -> str:
    return next(element.id for element in observation.elements if element.name in names)


def ids_of(observation: Observation, role: str) -> list[str]:
    return [element.id for element in observation.elements if element.role == role]


def centers(observation: Observation) -> list[tuple[float, float]]:
    return [element.center for element in observation.elements if element.role == "graphics-symbol"]


def point(x: float, y: float) -> str:
    return f"({round(x)}, {round(y)})"


def pays_wrongly(result: Any) -> bool:
    """Whether the page paid in full, strict success was refused, and the reason says why."""
    evidence = result.evidence
    assert list(evidence.page_checks.values()) == [False]
    assert "it paid although not" in result.reason
    return (evidence.page_reward, result.outcome, result.reward) == (1, Outcome.FAILURE, 0.0)


@pytest.mark.parametrize("chosen", [1, 2, 3])
def test_form_sequence_2_wants_the_radio_button_that_was_asked_for(episodes: Any, chosen: int) -> None:
    observation = begin(episodes, "form-sequence-2", "the 2nd radio")
    parts = episodes.environment.fields
    field = ids_of(observation, "textbox")[int(parts["textbox target"]) - 1]
    choose = f"click({ids_of(observation, 'radio')[chosen - 1]})"
    result = act(
        episodes, choose, f"type({field}, '{parts['textbox text']}')", f"click({id_of(observation, 'Submit')})"
    )
    assert result.outcome is Outcome.SUCCESS if chosen == 2 else pays_wrongly(result)


def test_generate_number_wants_a_number(episodes: Any) -> None:
    observation = begin(episodes, "generate-number", "even number")
    assert pays_wrongly(act(episodes, f"click({id_of(observation, 'Submit')})"))


def test_stock_market_wants_a_price_below_the_level(episodes: Any) -> None:
    observation = begin(episodes, "stock-market", "Buy")
    level, buy = episodes.environment.fields["target"], id_of(observation, "Buy")
    result = act(episodes, "wait(7000)")
    while f"${level}" not in {element.name for element in result.observation.elements}:
        result = act(episodes, "wait(100)")
    assert pays_wrongly(act(episodes, f"click({buy})"))


def test_stock_market_judges_the_price_of_the_purchase(episodes: Any) -> None:
    observation = episodes.reset(miniwob_task("stock-market"), seed=demonstration_seed(5))
    level, buy = float(episodes.environment.fields["target"]), id_of(observation, "Buy")
    while not _price(observation) < level:
        observation = act(episodes, "wait(100)").observation
    result = act(episodes, f"click({buy})")
    assert _price(result.observation) > level
    assert result.outcome is Outcome.SUCCESS


def _price(observation: Observation) -> float:
    shown = [element.name[1:] for element in observation.elements if element.name.startswith("$")]
    return float(shown[0]) if shown else math.inf


@pytest.mark.parametrize("name", ["use-autocomplete", "use-autocomplete-nodelay"])
def test_use_autocomplete_wants_an_entry_of_the_list(episodes: Any, name: str) -> None:
    observation = begin(episodes, name, "ends with")
    made_up = f"{episodes.environment.fields['start']} and {episodes.environment.fields['end']}"
    typed = f"type({ids_of(observation, 'textbox')[0]}, '{made_up}')"
    assert pays_wrongly(act(episodes, typed, "press('Escape')", f"click({id_of(observation, 'Submit')})"))


def test_draw_circle_wants_a_line_that_goes_around(episodes: Any) -> None:
    for part, right in ((1.0, True), (0.3, False)):
        observation = begin(episodes, "draw-circle", "circle")
        x, y = centers(observation)[0]
        turns = [2 * math.pi * part * step / 16 for step in range(17)]
        path = ", ".join(point(x + 24 * math.cos(turn), y + 24 * math.sin(turn)) for turn in turns)
        result = act(episodes, f"drag([{path}])", f"click({id_of(observation, 'Submit')})")
        assert result.outcome is Outcome.SUCCESS if right else pays_wrongly(result)


def test_draw_line_wants_a_straight_one(episodes: Any) -> None:
    for height, right in ((0, True), (25, False)):
        observation = begin(episodes, "draw-line", "horizontal")
        x, y = centers(observation)[0]
        offsets = [(-45, 0), (-15, -height), (0, 0), (15, height), (45, 0)]
        path = ", ".join(point(x + dx, y + dy) for dx, dy in offsets)
        result = act(episodes, f"drag([{path}])", f"click({id_of(observation, 'Submit')})")
        assert result.outcome is Outcome.SUCCESS if right else pays_wrongly(result)


def test_terminal_wants_a_file_of_that_kind(episodes: Any) -> None:
    for file, right in (("flowers.sh", True), ("bash", False)):
        begin(episodes, "terminal", r"extension \.sh", first=0)
        page = episodes.environment.context.page
        episodes.loop.run(page.evaluate(f"currentFiles.splice(0, 9, {file!r}), 0"))
        result = act(episodes, "wait(300)", *(f"press('{key}')" for key in ("r", "m", " ")), *_keys(file))
        assert result.outcome is Outcome.SUCCESS if right else pays_wrongly(result)


def _keys(file: str) -> list[str]:
    return [*(f"press('{key}')" for key in file), "press('Enter')"]


def test_daily_calendar_wants_the_event_between_the_hours(episodes: Any) -> None:
    for earlier, right in ((0, True), (1, False)):
        begin(episodes, "daily-calendar", "30 mins")
        page = episodes.environment.context.page
        start = (int(re.findall(r"(\d+)[AP]M", episodes.environment.fields["between from"])[0]) % 12) * 2 - earlier
        start += 24 if episodes.environment.fields["between from"].endswith("PM") else 0
        name = episodes.environment.fields["name"]
        create = (
            f"$('.event').remove(), renderEvent('hh-{start}', 'hh-{start}', 'newEvent', true),"
            f" $('#newEvent').text({name!r}),"
            f" rewardEpisode({{name: {name!r}, duration: 1, startRange: 'hh-{start + earlier}',"
            f" endRange: 'hh-{start + earlier + 8}'}}), 0"
        )
        episodes.loop.run(page.evaluate(create))
        result = act(episodes, "wait(100)")
        assert result.outcome is Outcome.SUCCESS if right else pays_wrongly(result)


# Pages that pay by degrees


def aims(name: str, observation: Observation) -> tuple[float, float]:
    """Return where to click, in the page as it is drawn."""
    (ax, ay), *others = centers(observation)
    if name == "circle-center":
        return ax, ay
    bx, by = others[0]
    if name == "find-midpoint":
        return (ax + bx) / 2, (ay + by) / 2
    if name == "right-angle":  # the second point is the corner
        candidates = [(bx + side * (ay - by) * 0.6, by - side * (ax - bx) * 0.6) for side in (1, -1)]
        return next((x, y) for x, y in candidates if 5 < x < 150 and 55 < y < 180)
    arms = [((x - ax) / math.dist((x, y), (ax, ay)), (y - ay) / math.dist((x, y), (ax, ay))) for x, y in others[:2]]
    across, down = arms[0][0] + arms[1][0], arms[0][1] + arms[1][1]
    return ax + 30 * across / math.hypot(across, down), ay + 30 * down / math.hypot(across, down)


@pytest.mark.parametrize("name", ["bisect-angle", "circle-center", "find-midpoint", "right-angle"])
def test_what_counts_as_reached_can_be_reached_with_whole_pixels(episodes: Any, name: str) -> None:
    for seed in range(4):
        observation = episodes.reset(miniwob_task(name), seed=seed)
        x, y = aims(name, observation)
        submit = f"click({id_of(observation, 'Submit')})"
        result = act(episodes, f"click({point(x - MARK_PX, y - MARK_PX)})", submit)
        assert result.outcome is Outcome.SUCCESS, (seed, result.reason)
    x, y = aims(name, episodes.reset(miniwob_task(name), seed=0))
    result = act(episodes, f"click({point(x + 9, y + 9)})", submit)
    assert result.outcome is Outcome.FAILURE, "nine pixels off are not it"


# Pages that go on by themselves


def test_a_moving_circle_can_be_followed(episodes: Any) -> None:
    observation, result = episodes.reset(miniwob_task("chase-circle"), seed=1), None
    while result is None or result.outcome is None:
        result = act(episodes, f"hover({point(*centers(observation)[0])})")
        observation = result.observation
    assert (result.outcome, result.reward) == (Outcome.SUCCESS, 1.0)


def test_all_moving_items_can_be_clicked(episodes: Any) -> None:
    observation, result = episodes.reset(miniwob_task("moving-items"), seed=1), None
    while result is None or result.outcome is None:
        within = [(x, y) for x, y in centers(observation) if 12 < x < 140 and 62 < y < 190]
        result = act(episodes, f"click({point(*within[0])})" if within else "wait(100)")
        observation = result.observation
    assert (result.outcome, result.evidence.page_reward) == (Outcome.SUCCESS, 1)


def test_blinking_buttons_can_be_watched(episodes: Any) -> None:
    observation = episodes.reset(miniwob_task("simon-says"), seed=4)
    buttons, lit, order = ids_of(observation, "button"), None, []
    dark = {button: brightness(observation, button) for button in buttons}
    for _ in range(40):
        observation = act(episodes, "wait(100)").observation
        now = next((button for button in buttons if brightness(observation, button) != dark[button]), None)
        order += [now] if now is not None and now != lit else []
        lit = now
    result = act(episodes, *(f"click({button})" for button in order))
    assert (len(order) in range(3, 6), result.outcome) == (True, Outcome.SUCCESS)


def brightness(observation: Observation, button: str) -> int:
    x, y = next(element.center for element in observation.elements if element.id == button)
    assert observation.screenshot is not None
    return int(observation.screenshot[round(y), round(x)].sum())


def test_a_delay_is_kept_in_page_time(episodes: Any) -> None:
    observation = episodes.reset(miniwob_task("button-delay"), seed=2)
    first, second = id_of(observation, "ONE"), id_of(observation, "TWO")
    pause = int(episodes.environment.fields["seconds"]) * 1000 - 100
    result = act(episodes, f"click({first})", f"wait({pause})", f"click({second})")
    assert (result.outcome, result.evidence.page_reward) == (Outcome.SUCCESS, 1)


@pytest.mark.parametrize(
    "text",
    ["navigate('http://miniwob.test/miniwob/click-test.html')", "navigate('http://a.test/')", "back()", "forward()"],
)
def test_no_other_page_is_gone_to(episodes: Any, text: str) -> None:
    before = episodes.reset(miniwob_task("click-test-2"))
    result = episodes.step(parse_action(text))
    assert "one page" in result.observation.error
    assert result.observation.url == before.url
    assert result.outcome is None


def test_an_episode_that_the_page_itself_begins_pays_nothing(episodes: Any) -> None:
    task = miniwob_task("click-test")
    episodes.reset(task)
    page = episodes.environment.context.page
    episodes.loop.run(page.navigate(task.url))
    episodes.loop.run(page.evaluate("core.startEpisodeReal()"))
    shown = episodes.step(parse_action("wait(0)")).observation
    paid = episodes.step(parse_action(f"click({id_of(shown, 'Click Me!')})"))
    assert episodes.loop.run(page.evaluate("WOB_RAW_REWARD_GLOBAL")) == 1
    assert paid.outcome is None
    assert paid.reward == 0
