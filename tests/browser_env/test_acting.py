from collections.abc import Sequence

from browser_env.acting import Decision, Reply, Turn, decide
from browser_env.action import Back, Click, Wait
from browser_env.episode import Step, turns
from browser_env.observation import Observation

PAGE = Observation(goal="g")


class Counting:
    """Waits as many milliseconds as there were turns before."""

    version = 0

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        return self.act_after(observations, [()] * len(observations), greedy=greedy)

    def act_after(
        self, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]], *, greedy: bool = False
    ) -> list[Decision]:
        return [Decision(action=Wait(len(past))) for past in pasts]


class Blind:
    version = 0

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        return [Decision(action=Back()) for _ in observations]


def test_pasts_reach_only_policies_that_read_them() -> None:
    pasts = [(), (Turn(action=Back()),)]
    assert [d.action for d in decide(Counting(), [PAGE, PAGE], pasts)] == [Wait(0), Wait(1)]
    assert [d.action for d in decide(Blind(), [PAGE], pasts[:1])] == [Back()]


def test_turns_tell_what_became_of_actions() -> None:
    failed = Observation(goal="g", error="it is covered")
    unread = Reply(tokens=(1,), log_probs=(-1.0,), error="no action")
    steps = (
        Step(observation=PAGE, action=Click("e1")),
        Step(observation=failed, action=Wait(0), reply=unread),
    )
    assert turns(steps, PAGE, prefix=(Back(),)) == (
        Turn(action=Back()),
        Turn(action=Click("e1"), error="it is covered"),
        Turn(action=Wait(0), error="no action"),
    )
    assert turns((), PAGE) == ()
