import pytest

from experiments.experts.mailing import recipient


@pytest.mark.parametrize(
    "goal",
    [
        "Find the email by Ada and forward that email to Zsa Zsa.",
        "Forward to Zsa the email you got from Ada.",
        "please forward Adas last email to Zsa",
        "Forward Zsa Ada's latest email.",
        "Zsa wants the email Ada sent to you.",
        "Please locate Ada's email and put a copy in Zsa's inbox.",
        "Send Ada's email Zsa.",
    ],
)
def test_a_goal_says_who_gets_an_email(goal: str) -> None:
    assert recipient(goal) in ("Zsa", "Zsa Zsa")
