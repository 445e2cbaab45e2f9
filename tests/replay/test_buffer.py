from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import UsageError
from browser_env.task import VerifierSpec
from replay import ReplayStore, give_consent
from replay.buffer import ReplayBuffer
from replay.kept import in_store, size_of
from replay.samples import experience_samples
from replay.shelf import Sampling
from rewards import Evidence, Outcome

Make = Callable[..., Episode]


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _is_demonstration(episode: str) -> bool:
    return episode.startswith("demo")


def test_the_proportion_is_exact(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo")])
    buffer.add([make_episode("own")])
    for fraction, expected in ((0.0, 0), (0.25, 4), (0.5, 8), (0.3, 5), (1.0, 16)):
        batch = buffer.sample(16, demo_fraction=fraction, rng=_rng())
        assert len(batch) == 16
        assert sum(_is_demonstration(sample.episode) for sample in batch) == expected


def test_where_one_side_is_empty_the_other_fills_the_batch(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo")])
    assert len(buffer.sample(10, demo_fraction=0.2, rng=_rng())) == 10
    own = ReplayBuffer(demonstrations=[])
    assert own.sample(10, demo_fraction=0.2, rng=_rng()) == []
    own.add([make_episode("own")])
    assert [sample.episode for sample in own.sample(3, demo_fraction=1.0, rng=_rng())] == ["own"] * 3


def test_no_task_dominates(make_episode: Make) -> None:
    many = [make_episode(f"demo-a{i}", task="a", num_steps=9) for i in range(30)]
    buffer = ReplayBuffer(demonstrations=[*many, make_episode("demo-b", task="b", num_steps=1)])
    counts = Counter(sample.task for sample in buffer.sample(2000, demo_fraction=1.0, rng=_rng()))
    assert 900 < counts["b"] < 1100


def test_a_sample_is_the_step_it_names(make_episode: Make) -> None:
    demonstration = make_episode("demo", policy_version=None, num_steps=3)
    for sample in ReplayBuffer(demonstrations=[demonstration]).sample(20, demo_fraction=1.0, rng=_rng()):
        step = demonstration.steps[sample.step]
        assert sample.observation is step.observation
        assert sample.action is step.action
        assert (sample.weight, sample.advantage, sample.target_return) == (1.0, None, None)
        assert (sample.task, sample.log_prob) == (demonstration.task.name, step.log_prob)


def test_the_same_seed_draws_the_same_batch(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode(f"demo{i}", num_steps=4) for i in range(5)])
    buffer.add([make_episode(f"own{i}", seed=i) for i in range(5)])
    first, second = (buffer.sample(32, demo_fraction=0.5, rng=np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_the_newest_successes_are_kept_once_per_seed(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[], successes_per_task=2)
    buffer.add([make_episode(f"own{seed}", seed=seed) for seed in (1, 2)])
    buffer.add([make_episode("again1", seed=1), make_episode("own3", seed=3)])
    buffer.add([make_episode("other", task="other", seed=1)])
    drawn = {sample.episode for sample in buffer.sample(200, demo_fraction=0.0, rng=_rng())}
    assert drawn == {"again1", "own3", "other"}
    assert buffer.num_successes == 3


def test_failures_are_not_imitated_and_errors_are_counted(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode(f"demo-{o}", outcome=o) for o in Outcome])
    buffer.add([make_episode(f"own-{o}", outcome=o, seed=i) for i, o in enumerate(Outcome)])
    assert {sample.episode for sample in buffer.sample(50, demo_fraction=0.5, rng=_rng())} == {
        "demo-success",
        "own-success",
    }
    assert buffer.rejected == 3
    assert buffer.num_demonstrations == 1


def test_an_episode_without_steps_has_nothing_to_imitate(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo", num_steps=0)])
    buffer.add([make_episode("own", num_steps=0)])
    assert buffer.sample(4, demo_fraction=0.5, rng=_rng()) == []


def test_no_successes_are_kept_where_none_are_wanted(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[], successes_per_task=0)
    buffer.add([make_episode("own")])
    assert buffer.sample(4, demo_fraction=0.0, rng=_rng()) == []


def test_an_epoch_is_every_step_once_in_random_order(make_episode: Make) -> None:
    demonstrations = [make_episode(f"demo{i}", num_steps=i) for i in range(5)]
    buffer = ReplayBuffer(demonstrations=demonstrations)
    batches = list(buffer.epoch(4, _rng()))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    seen = [(sample.episode, sample.step) for batch in batches for sample in batch]
    assert sorted(seen) == [(f"demo{i}", step) for i in range(5) for step in range(i)]
    assert seen != sorted(seen)
    assert list(ReplayBuffer(demonstrations=[]).epoch(4, _rng())) == []


def test_nonsense_is_refused(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo")])
    for size, fraction in ((-1, 0.5), (4, -0.1), (4, 1.1), (4, float("nan"))):
        with pytest.raises(UsageError):
            buffer.sample(size, demo_fraction=fraction, rng=_rng())
    with pytest.raises(UsageError):
        list(buffer.epoch(0, _rng()))
    with pytest.raises(UsageError):
        ReplayBuffer(demonstrations=[], successes_per_task=-1)


def test_experience_enters_the_policy_gradient_where_the_policy_acted(make_episode: Make) -> None:
    episode = make_episode("own", num_steps=3, policy_version=5, reward=1.0)
    first, second, third = episode.steps
    mixed = replace(episode, steps=(first, replace(second, intervention=True), replace(third, log_prob=None)))
    samples = experience_samples([mixed], advantages={"own": 0.75})
    assert [sample.advantage for sample in samples] == [0.75, None, None]
    assert [sample.target_return for sample in samples] == [1.0, None, None]
    assert [sample.weight for sample in samples] == [0.0, 0.0, 0.0]
    assert (samples[0].log_prob, samples[0].policy_version) == (first.log_prob, 5)


def test_experience_without_an_advantage_is_left_out(make_episode: Make) -> None:
    crashed = make_episode("crashed", outcome=Outcome.INFRA_ERROR)
    assert experience_samples([make_episode("own"), crashed], advantages={"crashed": 1.0}) == []


def test_tasks_are_drawn_by_their_shares(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo-a", task="a"), make_episode("demo-b", task="b")])
    batch = buffer.sample(1000, demo_fraction=1.0, rng=_rng(), shares={"a": 3.0, "b": 1.0})
    assert 700 < Counter(sample.task for sample in batch)["a"] < 800
    alone = buffer.sample(50, demo_fraction=1.0, rng=_rng(), shares={"b": 1.0})
    assert {sample.task for sample in alone} == {"b"}
    unknown = buffer.sample(50, demo_fraction=1.0, rng=_rng(), shares={"c": 1.0})
    assert {sample.task for sample in unknown} == {"a", "b"}


def test_own_successes_are_drawn_by_how_much_they_surprised(make_episode: Make) -> None:
    def known(name: str, seed: int, log_prob: float) -> Episode:
        episode = make_episode(name, seed=seed)
        return replace(episode, steps=tuple(replace(step, log_prob=log_prob) for step in episode.steps))

    buffer = ReplayBuffer(demonstrations=[])
    buffer.add([known("sure", 1, -0.001), known("odd", 2, -2.7), known("absurd", 3, -50.0)])
    counts = Counter(sample.episode for sample in buffer.sample(4000, demo_fraction=0.0, rng=_rng()))
    total = 0.3 + 2.7 + 5.0
    assert counts["sure"] == pytest.approx(4000 * 0.3 / total, rel=0.25)
    assert counts["odd"] == pytest.approx(4000 * 2.7 / total, rel=0.1)


def test_failures_teach_the_value_and_are_not_imitated(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo")], sampling=Sampling(failure_share=0.25))
    buffer.add([make_episode("own"), make_episode("failed", seed=4, outcome=Outcome.FAILURE)])
    batch = buffer.sample(16, demo_fraction=0.5, rng=_rng())
    assert Counter(sample.episode for sample in batch) == {"demo": 8, "own": 6, "failed": 2}
    for sample in batch:
        assert (sample.weight, sample.target_return) == ((0.0, 0.0) if sample.episode == "failed" else (1.0, None))


def test_conditioned_failures_are_imitated_as_such(make_episode: Make) -> None:
    sampling = Sampling(failure_share=0.5, condition_failures=True)
    buffer = ReplayBuffer(demonstrations=[], sampling=sampling)
    buffer.add([make_episode("own"), make_episode("failed", seed=4, outcome=Outcome.FAILURE)])
    for sample in buffer.sample(8, demo_fraction=0.0, rng=_rng()):
        assert (sample.weight, sample.target_return) == (1.0, None)
        assert sample.desired_return == float(sample.episode == "own")


def test_failures_in_hindsight_have_their_share(make_episode: Make) -> None:
    task = replace(make_episode("x").task, verifier=VerifierSpec(name="answer", params={"equals": "blue"}))
    failed = make_episode("failed", outcome=Outcome.FAILURE, evidence=Evidence(answer="red"))
    goal = "Answer blue"
    seen = tuple(replace(step, observation=replace(step.observation, goal=goal)) for step in failed.steps)
    failed = replace(failed, task=replace(task, goal=goal), steps=seen, final=replace(failed.final, goal=goal))
    buffer = ReplayBuffer(demonstrations=[make_episode("demo")], sampling=Sampling(hindsight_share=0.5))
    buffer.add([make_episode("own"), failed])
    batch = buffer.sample(16, demo_fraction=0.5, rng=_rng())
    assert Counter(sample.episode for sample in batch) == {"demo": 8, "own": 4, "failed-hindsight": 4}
    relabelled = [sample for sample in batch if sample.episode == "failed-hindsight"]
    assert {(sample.weight, sample.observation.goal) for sample in relabelled} == {(1.0, "Answer red")}


def test_importance_weights_undo_the_preference(make_episode: Make) -> None:
    episodes = [make_episode("a", num_steps=1), make_episode("b", num_steps=3)]
    for exponent in (0.0, 0.5, 1.0):
        buffer = ReplayBuffer(demonstrations=episodes, sampling=Sampling(importance_exponent=exponent))
        weights = {sample.episode: sample.weight for sample in buffer.sample(64, demo_fraction=1.0, rng=_rng())}
        # surprises of 0.3 and 2.1: the step of "a" is drawn with 3/24, each of "b" with 7/24
        assert weights == pytest.approx({"a": 1.0, "b": (3 / 7) ** exponent})


def test_what_the_learner_finds_unlikely_is_drawn_more_often(make_episode: Make) -> None:
    buffer = ReplayBuffer(demonstrations=[make_episode("demo", num_steps=2)], sampling=Sampling(priority="loss"))
    batch = buffer.sample(64, demo_fraction=1.0, rng=_rng())
    buffer.learned(batch, [4.0 if sample.step else None for sample in batch])
    buffer.learned(batch, [None if sample.step else 1.0 for sample in batch])
    steps = Counter(sample.step for sample in buffer.sample(4000, demo_fraction=1.0, rng=_rng()))
    assert steps[1] == pytest.approx(3200, rel=0.05)


def test_demonstrations_in_a_store_are_read_when_drawn(tmp_path: Path, make_episode: Make) -> None:
    episodes = [make_episode(f"demo{i}", num_steps=2, shade=i) for i in range(5)]
    with ReplayStore(tmp_path / "store") as store:
        store.add([*episodes, make_episode("failed", outcome=Outcome.FAILURE)])
        buffer = ReplayBuffer(demonstrations=in_store(store, store.query(), cached_bytes=50_000))
        assert buffer.num_demonstrations == 5
        by_id = {episode.id: episode for episode in episodes}
        samples = [sample for batch in buffer.epoch(4, _rng()) for sample in batch]
        assert len(samples) == 10
        for sample in samples + buffer.sample(20, demo_fraction=1.0, rng=_rng()):
            assert sample.observation == by_id[sample.episode].steps[sample.step].observation


def test_pictures_of_stored_demonstrations_are_left_out_where_nobody_looks(tmp_path: Path, make_episode: Make) -> None:
    with ReplayStore(tmp_path / "store") as store:
        store.add([make_episode("demo", num_steps=2, shade=1)])
        (kept,) = in_store(store, store.query(), pixels=False)
        assert all(seen.screenshot is None for seen in kept.read().observations)
        (kept,) = in_store(store, store.query())
        assert all(seen.screenshot is not None for seen in kept.read().observations)


def test_a_revoked_demonstration_is_in_no_later_batch(tmp_path: Path, make_episode: Make) -> None:
    agreed = [give_consent(subject=name, text="yes") for name in ("Anna", "Ben")]
    with ReplayStore(tmp_path / "store") as store:
        for record in agreed:
            store.add_consent(record)
            store.add([make_episode(record.subject, source=Source.HUMAN, consent=record.id)])
        with ReplayStore(tmp_path / "store", read_only=True) as reader:
            buffer = ReplayBuffer(demonstrations=in_store(reader, reader.query()))
            assert {s.episode for s in buffer.sample(50, demo_fraction=1.0, rng=_rng())} == {"Anna", "Ben"}
            store.revoke(subject="Anna")
            assert {s.episode for s in buffer.sample(50, demo_fraction=1.0, rng=_rng())} == {"Ben"}
            assert {s.episode for batch in buffer.epoch(4, _rng()) for s in batch} == {"Ben"}
            store.revoke(subject="Ben")
            assert list(buffer.epoch(4, _rng())) == []
            assert buffer.sample(50, demo_fraction=1.0, rng=_rng()) == []
    assert buffer.num_demonstrations == 0


def test_samples_know_what_was_done_before(make_episode: Make) -> None:
    episode = make_episode("own")
    samples = experience_samples([episode], advantages={"own": 0.5})
    assert [len(sample.past) for sample in samples] == list(range(len(episode.steps)))
    assert [turn.action for turn in samples[-1].past] == [step.action for step in episode.steps[:-1]]


def test_own_episodes_take_no_more_memory_than_they_may(make_episode: Make) -> None:
    size = size_of(make_episode("any", num_steps=2))
    buffer = ReplayBuffer(demonstrations=[make_episode("demo")], successes_per_task=100, own_bytes=5 * size)
    buffer.add([make_episode("rare", task="rare", seed=0, num_steps=2)])
    buffer.add([make_episode(f"often{i}", task="often", seed=i, num_steps=2) for i in range(9)])
    assert buffer.num_successes == 5
    drawn = {sample.episode for sample in buffer.successes(400, rng=_rng())}
    assert drawn == {"rare", *(f"often{i}" for i in range(5, 9))}, "the oldest of the task that takes most went"
    assert buffer.num_demonstrations == 1
