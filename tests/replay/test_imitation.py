from dataclasses import replace

from browser_env.action import Wait
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from replay.imitation import actors, cut_tags, to_imitate
from replay.samples import imitated
from rewards.evidence import Evidence
from rewards.outcome import Outcome

A, H = Source.AGENT, Source.HUMAN


def episode(*by: Source, source: Source = A) -> Episode:
    seen = Observation(goal="Try")
    steps = [
        Step(observation=seen, action=Wait(1), intervention=who is not source, actor=None if who is source else who)
        for who in by
    ]
    return Episode(
        id="e",
        task=Task(name="t", url="http://localhost", verifier=VerifierSpec(name="url")),
        seed=0,
        source=source,
        steps=tuple(steps),
        final=seen,
        outcome=Outcome.SUCCESS,
        reward=1.0,
        evidence=Evidence(),
    )


def test_every_step_has_an_actor() -> None:
    assert actors(episode(A, H, A)) == (A, H, A)
    assert actors(episode(H, source=H)) == (H,)


def test_an_agents_last_steps_before_a_takeover_are_not_imitated() -> None:
    taken_over = episode(A, A, A, A, H, H, A)
    assert to_imitate(taken_over) == (True, False, False, False, True, True, True)
    assert to_imitate(taken_over, before_takeover=1) == (True, True, True, False, True, True, True)


def test_each_takeover_counts() -> None:
    assert to_imitate(episode(A, H, A, A, A, A, H)) == (False, True, True, False, False, False, True)


def test_a_takeover_at_once_leaves_nothing_out() -> None:
    assert to_imitate(episode(H, A)) == (True, True)


def test_what_is_not_to_be_imitated_has_no_weight_in_a_batch() -> None:
    taken_over = episode(A, A, A, A, H)
    assert [imitated(taken_over, index, weight=0.5).weight for index in range(5)] == [0.5, 0, 0, 0, 0.5]


def test_without_a_takeover_everything_may_be_imitated() -> None:
    assert to_imitate(episode(A, A)) == (True, True)
    assert to_imitate(replace(episode(H, source=H), source=H)) == (True,)


def test_a_cut_before_a_takeover_keeps_knowing_of_it() -> None:
    taken_over = episode(A, A, A, A, A, H)
    for last in range(1, 6):
        cut = replace(taken_over, steps=taken_over.steps[:last], tags=cut_tags(taken_over, last=last))
        assert to_imitate(cut) == to_imitate(taken_over)[:last]
        again = replace(cut, steps=cut.steps[:1], tags=cut_tags(cut, last=1))
        assert to_imitate(again) == (True,)
    assert cut_tags(episode(A, H, A), last=2) == ()
