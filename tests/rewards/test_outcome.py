from rewards import Outcome


def test_only_the_policys_own_endings_are_learnable() -> None:
    learnable = {outcome for outcome in Outcome if outcome.learnable}
    assert learnable == {Outcome.SUCCESS, Outcome.FAILURE, Outcome.TRUNCATED}


def test_an_outcome_is_its_text() -> None:
    assert Outcome("infra_error") is Outcome.INFRA_ERROR
    assert f"{Outcome.SUCCESS}" == "success"
