from __future__ import annotations

from typing import Any

import pytest

from rewards.judged import Judgement, judged_rewards


def judgement(episode: str, success: bool | None, sure: float = 1.0, **more: Any) -> Judgement:
    given = {"id": f"{episode}-{success}", "judge": "m", "asked": "a", "reason": "", "given_at": "2030"} | more
    return Judgement(episode=episode, success=success, sure=sure, **given)


def test_a_judge_never_overrules_a_verifier() -> None:
    judgements = [judgement("a", True), judgement("b", False), judgement("c", None), judgement("d", True)]
    assert judged_rewards(judgements, verified={"a"}) == {"b": 0.0, "d": 1.0}


def test_judges_weigh_by_how_sure_they_are_and_the_last_word_of_each_counts() -> None:
    judgements = [
        judgement("a", True, 0.9, given_at="2031"),
        judgement("a", False, 1.0, given_at="2030"),
        judgement("a", False, 0.3, judge="n"),
        judgement("b", True, 0.0),
        judgement("c", True, 0.4),
    ]
    assert judged_rewards(judgements, verified=()) == {"a": pytest.approx(0.75), "c": 1.0}
    assert judged_rewards(judgements, verified=(), least_sure=0.5) == {"a": 1.0}


def test_a_judgement_is_the_same_after_a_trip_through_json() -> None:
    given = judgement("a", None, 0.5, tokens=7, consent="c")
    assert Judgement.from_json(given.to_json()) == given


@pytest.mark.parametrize("wrong", [{"success": 1}, {"sure": 1.5}, {"sure": True}, {"sure": "very"}])
def test_anything_else_is_no_judgement(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="judge"):
        Judgement.from_json(judgement("a", True).to_json() | wrong)
