import json
from typing import Any

import pytest

from rewards.rating import Rating, preference_rewards, rating_rewards


def rating(episode: str = "a", **changes: Any) -> Rating:
    values: dict[str, Any] = {
        "id": "1",
        "episode": episode,
        "kind": "stars",
        "value": 5,
        "rater": "Ada",
        "consent": "c1",
        "given_at": "2030-01-01T00:00:00+00:00",
    }
    return Rating(**values | changes)


def better(episode: str, other: str, **changes: Any) -> Rating:
    return rating(episode, kind="preference", value=1, other=other, **changes)


def test_a_rating_is_the_same_after_json() -> None:
    given = better("a", "b", sure=0.5)
    assert Rating.from_json(json.loads(json.dumps(given.to_json()))) == given


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "stars", "value": 0},
        {"kind": "stars", "value": 6},
        {"kind": "thumb", "value": 2},
        {"kind": "thumb", "value": True},
        {"kind": "applause"},
        {"sure": 1.5},
        {"sure": float("nan")},
        {"other": "b"},
        {"kind": "preference", "value": 1},
        {"kind": "preference", "value": 1, "other": "a"},
    ],
)
def test_what_is_no_rating_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"rating|preference"):
        rating(**changes)


def test_stars_and_thumbs_become_rewards_weighed_by_how_sure_people_are() -> None:
    given = [rating(value=5, sure=1.0), rating(rater="Bo", kind="thumb", value=0, sure=0.25), rating("b", value=3)]
    assert rating_rewards(given) == {"a": pytest.approx(0.8), "b": 0.5}


def test_the_last_rating_of_a_person_counts() -> None:
    later = rating(id="2", value=1, given_at="2030-01-02T00:00:00+00:00")
    assert rating_rewards([later, rating()]) == {"a": 0.0}


def test_a_rating_that_is_a_mere_guess_gives_no_reward() -> None:
    assert rating_rewards([rating(sure=0.0)]) == {}


def test_one_preference_moves_both_as_far_apart() -> None:
    rewards = preference_rewards([better("a", "b")])
    assert rewards["a"] + rewards["b"] == pytest.approx(1)
    assert 0.5 < rewards["a"] < 1


def test_preferences_order_what_was_never_compared() -> None:
    rewards = preference_rewards([better("a", "b"), better("b", "c")])
    assert rewards["a"] > rewards["b"] > rewards["c"]
    assert rewards["b"] == pytest.approx(0.5)


def test_a_surer_preference_says_more() -> None:
    sure, unsure = preference_rewards([better("a", "b")]), preference_rewards([better("a", "b", sure=0.2)])
    assert sure["a"] > unsure["a"] > 0.5


def test_the_last_preference_of_a_person_and_pair_counts() -> None:
    again = [better("a", "b", id=str(n), given_at=f"2030-01-0{n}T00:00:00+00:00") for n in (1, 2, 3)]
    assert preference_rewards(again) == preference_rewards(again[:1])
    turned = better("b", "a", id="4", given_at="2030-01-04T00:00:00+00:00")
    assert preference_rewards([turned, *again]) == preference_rewards([turned])
    others = [better("a", "b", rater="Bo"), better("a", "b", rater="Cy")]
    assert preference_rewards([*others, turned])["a"] > preference_rewards([others[0], turned])["a"] > 0.49
