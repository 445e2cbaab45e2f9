from collections.abc import Sequence

import pytest

from browser_env.acting import Decision, Reply, Turn, decide, decide_all, stream_of
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


def test_a_policy_without_a_stream_decides_for_all_that_were_put_in() -> None:
    stream = stream_of(Counting())
    assert stream.take(wait_s=0.0) == []
    for key, past in {7: (), 3: (Turn(action=Back()),)}.items():
        stream.put(key, PAGE, past)
    assert [(key, decision.action) for key, decision in stream.take(wait_s=0.0)] == [(7, Wait(0)), (3, Wait(1))]
    stream.put(7, PAGE, ())
    stream.close()
    assert stream.take(wait_s=0.0) == []


class Backwards:
    """Tells one decision at a time, the last first; or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.open = fails, list[tuple[int, int]]()
        self.closed = False

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        self.open.append((key, len(past)))

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        if self.fails:
            raise OSError("gone")
        key, length = self.open.pop()
        return [(key, Decision(action=Wait(length)))]

    def close(self) -> None:
        self.closed = True


def test_all_decisions_of_a_stream_come_in_the_order_of_their_observations() -> None:
    pasts = [(Turn(action=Back()),) * count for count in range(3)]
    stream = Backwards()
    assert [decision.action for decision in decide_all(stream, [PAGE] * 3, pasts)] == [Wait(0), Wait(1), Wait(2)]
    assert stream.closed


def test_a_stream_that_fails_is_closed() -> None:
    stream = Backwards(fails=True)
    with pytest.raises(OSError, match="gone"):
        decide_all(stream, [PAGE], [()])
    assert stream.closed


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
