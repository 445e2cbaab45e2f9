from rewards.judged import Agreement, Verdict, agreement, judged_rewards


def verdict(episode: str, success: bool | None, judge: str = "m") -> Verdict:
    return Verdict(episode=episode, judge=judge, success=success)


def test_a_judge_never_overrules_a_verifier() -> None:
    verdicts = [
        verdict("a", True),
        verdict("b", False),
        verdict("c", None),
        verdict("d", True),
        verdict("d", False, "n"),
    ]
    assert judged_rewards(verdicts, verified=["a"]) == {"b": 0.0, "d": 0.5}


def test_a_judge_is_compared_with_what_was_verified() -> None:
    verdicts = [verdict("a", True), verdict("b", True), verdict("c", None), verdict("d", False), verdict("e", True)]
    found = agreement(verdicts, outcomes={"a": True, "b": False, "c": True, "d": False})
    assert found == Agreement(episodes=4, right=2, false_successes=1, undecided=1)
    assert found.accuracy == 2 / 3
    assert agreement([], outcomes={}).accuracy == 0.0
