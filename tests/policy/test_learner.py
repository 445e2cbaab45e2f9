import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from browser_env.action import Action, Click, GiveUp, Type
from browser_env.observation import Element, Observation
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.learner import Learner, LearnerConfig, even_parts
from replay.buffer import Sample

Maker = Callable[[random.Random], tuple[Observation, str]]
SMALL = CompactConfig(d_model=64, layers=2, heads=4, word_buckets=1024, gram_buckets=256, channels=4)
FIELD = Element(id="e1", role="textbox", states=("clickable", "editable"), box=(5.0, 5.0, 50.0, 20.0))


def sample(observation: Observation, action: Action, **changes: object) -> Sample:
    fields = {"weight": 1.0, "task": "t", "episode": "a", "step": 0}
    return Sample(observation=observation, action=action, **{**fields, **changes})  # type: ignore[arg-type]


def learner(config: CompactConfig = SMALL, **changes: object) -> Learner:
    settings = replace(LearnerConfig(learning_rate=3e-3), **changes)  # type: ignore[arg-type]
    return Learner(CompactPolicy(config, seed=0), settings)


def accuracy(policy: CompactPolicy, make: Maker, *, seed: int, count: int = 100) -> float:
    rng = random.Random(seed)
    pages = [make(rng) for _ in range(count)]
    decisions = policy.act([observation for observation, _ in pages], greedy=True)
    return sum(d.action == Click(target) for d, (_, target) in zip(decisions, pages, strict=True)) / count


def imitate(subject: Learner, make: Maker, *, pages: int, updates: int) -> None:
    rng = random.Random(0)
    shown = [sample(observation, Click(target)) for observation, target in (make(rng) for _ in range(pages))]
    for _ in range(updates):
        subject.update(shown)


def test_names_never_seen_before_are_found(make_named: Maker) -> None:
    subject = learner()
    imitate(subject, make_named, pages=32, updates=25)
    assert accuracy(subject.policy, make_named, seed=1) >= 0.95


def test_failures_imitated_as_such_teach_what_not_to_do(make_named: Maker) -> None:
    subject, rng = learner(), random.Random(0)
    pages = [make_named(rng) for _ in range(32)]
    shown = [sample(observation, Click(target)) for observation, target in pages]
    failed = [sample(observation, Click("e1"), desired_return=0.0) for observation, _ in pages]
    for _ in range(25):
        subject.update(shown + failed)
    assert accuracy(subject.policy, make_named, seed=1) >= 0.95
    for observation, _ in pages[:5]:
        reading = subject.policy.read(observation, Click("e1"), desired_return=0.0)
        assert reading is not None
        assert subject.policy.evaluate([reading]).log_prob.item() > math.log(0.9)


def test_the_learning_rate_is_multiplied(form: Observation) -> None:
    still, moving = learner(), learner()
    before = {name: tensor.clone() for name, tensor in still.policy.network.state_dict().items()}
    still.update([sample(form, Click("e1"))], rate=0.0)
    moving.update([sample(form, Click("e1"))], rate=0.5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in still.policy.network.state_dict().items())
    assert not all(torch.equal(tensor, before[name]) for name, tensor in moving.policy.network.state_dict().items())


@pytest.mark.parametrize(("seeing", "low", "high"), [(True, 0.9, 1.0), (False, 0.0, 0.45)])
def test_colours_are_learned_from_pixels_and_only_from_them(
    make_coloured: Maker, seeing: bool, low: float, high: float
) -> None:
    subject = learner(replace(SMALL, use_screenshot=seeing))
    imitate(subject, make_coloured, pages=48, updates=60)
    assert low <= accuracy(subject.policy, make_coloured, seed=1) <= high


def test_rewards_alone_teach_what_to_click(make_named: Maker) -> None:
    subject, rng = learner(hidden_words=0.0), random.Random(0)
    for _ in range(40):
        pages = [make_named(rng) for _ in range(32)]
        decisions = subject.policy.act([observation for observation, _ in pages])
        rewards = [float(d.action == Click(target)) for d, (_, target) in zip(decisions, pages, strict=True)]
        mean = sum(rewards) / len(rewards)
        subject.update(
            [
                sample(o, d.action, weight=0.0, advantage=r - mean, log_prob=d.log_prob, target_return=r)
                for (o, _), d, r in zip(pages, decisions, rewards, strict=True)
            ]
        )
    assert accuracy(subject.policy, make_named, seed=1) >= 0.8


def test_texts_are_copied_from_goals_never_seen_before() -> None:
    rng = random.Random(0)

    def page() -> tuple[Observation, str]:
        word = "".join(rng.choices("bcdfgaeiou", k=5))
        form = Observation(goal=f'Enter "{word}" please.', elements=(FIELD,))
        return form, word

    subject = learner()
    shown = [sample(observation, Type("e1", word)) for observation, word in (page() for _ in range(32))]
    for _ in range(30):
        subject.update(shown)
    new = [page() for _ in range(50)]
    decisions = subject.policy.act([observation for observation, _ in new], greedy=True)
    assert sum(d.action == Type("e1", word) for d, (_, word) in zip(decisions, new, strict=True)) >= 48


def test_metrics_tell_what_happened(form: Observation) -> None:
    subject = learner()
    decision = subject.policy.act([form])[0]
    own = sample(form, decision.action, weight=0.0, advantage=1.0, log_prob=decision.log_prob, target_return=1.0)
    metrics = subject.update([own, sample(form, Click("e1")), sample(form, GiveUp())])
    assert metrics["samples"] == 2
    assert metrics["samples_skipped"] == 1
    assert metrics["mean_ratio"] == pytest.approx(1.0, abs=1e-3)
    assert metrics["kl"] == pytest.approx(0.0, abs=1e-3)
    assert metrics["policy_loss"] == pytest.approx(-1.0, abs=1e-3)
    assert {"imitation_loss", "value_loss", "entropy", "truncated", "grad_norm", "loss"} <= set(metrics)
    assert all(map(math.isfinite, metrics.values()))


def test_an_update_counts_even_where_nothing_could_be_learned(form: Observation) -> None:
    subject = learner()
    assert subject.update([sample(form, GiveUp())]) == {"samples": 0.0, "samples_skipped": 1.0}
    assert subject.policy.version == 1
    assert subject.update([])["samples"] == 0


def test_a_broken_advantage_changes_nothing(form: Observation) -> None:
    subject = learner()
    before = subject.policy.log_prob([form], [Click("e1")])
    metrics = subject.update([sample(form, Click("e1"), weight=0.0, advantage=math.nan, log_prob=-1.0)])
    assert metrics["broken_steps"] == 1
    assert subject.policy.log_prob([form], [Click("e1")]) == before


def test_imitation_weight_zero_leaves_demonstrations_alone(form: Observation) -> None:
    subject = learner(weight_decay=0.0)
    before = subject.policy.log_prob([form], [Click("e1")])
    subject.update([sample(form, Click("e1"))], imitation_weight=0.0)
    assert subject.policy.log_prob([form], [Click("e1")]) == before


def test_gaps_are_only_made_in_what_is_imitated(form: Observation) -> None:
    subject = learner(hidden_words=1.0, hidden_images=1.0)
    own = sample(
        form, Click("e1"), weight=0.0, advantage=0.0, log_prob=subject.policy.log_prob([form], [Click("e1")])[0]
    )
    assert subject.update([own])["mean_ratio"] == pytest.approx(1.0, abs=1e-4)


def test_learning_goes_on_exactly_where_it_stopped(make_named: Maker) -> None:
    rng = random.Random(0)
    shown = [sample(observation, Click(target)) for observation, target in (make_named(rng) for _ in range(8))]
    whole, first = learner(minibatch=4), learner(minibatch=4)
    whole.update(shown)
    first.update(shown)
    second = learner(minibatch=4)
    second.policy.network.load_state_dict(first.policy.network.state_dict())
    second.load_state(first.state())
    assert whole.update(shown) == second.update(shown)
    ours, theirs = whole.policy.network.state_dict(), second.policy.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_no_part_of_an_update_is_small() -> None:
    assert [len(part) for part in even_parts(list(range(70)), 32)] == [35, 35]
    assert [len(part) for part in even_parts(list(range(90)), 32)] == [30, 30, 30]
    assert even_parts([3, 1], 32) == [[3, 1]]
    assert even_parts([], 32) == []
