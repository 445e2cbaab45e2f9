"""A vision-language policy is trained, resumed and evaluated like any other, in real browsers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from browser_env.errors import UsageError
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest
from experiments.actors import Actors
from experiments.cli import main
from experiments.experiment import load_recipe
from experiments.recipe import Recipe, override, override_from_text
from experiments.recipes import RECIPES
from experiments.training import taken_at_once
from policy.kinds import check_memory, load_policy, new_policy
from replay.samples import experience_samples
from replay.store import ReplayStore

SMALL = ("demonstrations_per_task=2", "cloning_epochs=4", "num_updates=2", "evaluation_episodes=2", "group_size=2")


def train(runs: Path, *more: str) -> int:
    changes = [part for change in SMALL for part in ("--set", change)]
    return main(["train", "vlm-smoke", "--runs", str(runs), *(more or changes)])


def logged(folder: Path, metric: str) -> list[float]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row["metrics"][metric] for row in rows if metric in row.get("metrics", {})]


def test_training_runs_resumes_and_is_evaluated(tmp_path: Path) -> None:
    assert train(tmp_path) == 0
    run = (tmp_path / "latest").resolve()
    result = json.loads((run / "result.json").read_text())
    assert result["tasks"]["click-test-2"]["episodes"] == 2
    with ReplayStore(run / "store", read_only=True) as store:
        replies = [step.reply for e in store.episodes(tag="practice") for step in e.steps]
    assert replies
    assert all(reply is not None and len(reply.tokens) == len(reply.log_probs) for reply in replies)
    policy = load_policy(run / "checkpoints" / "mixed")
    assert policy.version == 2
    likelihoods = logged(run / "imitation", "train/validation_log_prob")
    assert len(likelihoods) == 4
    assert likelihoods[-1] > likelihoods[0], "actions that are not imitated become likelier, too"
    shutil.rmtree(run / "checkpoints" / "mixed")
    assert train(tmp_path, "--resume") == 0
    checkpoint = str(run / "checkpoints" / "mixed")
    assert load_policy(checkpoint).version == 2
    assert main(["eval", checkpoint, "--tasks", "click-test-2", "--episodes", "1"]) == 0
    assert main(["export", checkpoint, "--out", str(tmp_path / "model")]) == 0
    again = override(load_recipe(run), "policy.model", str(tmp_path / "model"))
    assert new_policy(again.policy, seed=1).weights().keys() == policy.weights().keys()


def test_reinforcement_alone_raises_reward(tmp_path: Path) -> None:
    """On a task that chance solves sometimes, shown as elements, nothing is imitated."""
    alone = ("cloning_epochs=0", "imitation_samples=0", "demonstrations_per_task=1", "validation_demonstrations=0")
    shown = ('policy.verbs=["click"]', "policy.picture=none", "evaluation_episodes=5")
    steps = (
        "num_updates=8",
        "groups_per_update=4",
        "group_size=8",
        "learning.learning_rate=3e-3",
        "learning.kl_weight=0",
    )
    assert train(tmp_path, *(part for change in (*alone, *shown, *steps) for part in ("--set", change))) == 0
    run = (tmp_path / "latest").resolve()
    practised = logged(run / "mixed", "rollout/success")
    assert len(practised) == 8
    assert 0 < practised[0] < 1, "chance solves it sometimes"
    assert sum(practised[-2:]) > sum(practised[:2])
    greedy = json.loads((run / "result.json").read_text())["tasks"]["click-test-2"]
    assert greedy["mixed"] >= greedy["imitation"] + 0.4


def test_actors_tell_a_language_model_what_was_done() -> None:
    recipe = override_from_text(RECIPES["vlm-smoke"](), 'policy.verbs=["wait"]')
    policy = new_policy(recipe.policy, seed=0)
    task = miniwob_task("click-test-2")
    with Pool(num_envs=1) as pool, Actors(pool, policy, on_step=ignore, on_episode=ignore) as actors:
        actors.request([[RolloutRequest(task=task, seed=1, group="a")]])
        ((episode,),) = actors.take(1)
    samples = experience_samples([episode], advantages={episode.id: 1.0})
    assert len(samples) > 1
    assert [len(sample.past) for sample in samples] == list(range(len(samples)))
    assert all(sample.reply is not None for sample in samples)


def ignore(*_: object) -> None:
    """Keep nothing."""


def test_language_models_clone_from_several_minibatches_at_once() -> None:
    """So that there is a next one to read meanwhile; the compact policy reads fast enough without."""
    language, compact = RECIPES["vlm-2b"](), RECIPES["default"]()
    assert taken_at_once(language) == 8 * language.cloning.minibatch
    assert taken_at_once(compact) == compact.cloning.minibatch


@pytest.mark.parametrize("name", ["vlm-smoke", "vlm-2b", "vlm-7b"])
def test_recipes_of_language_models_survive_as_json(name: str) -> None:
    recipe = RECIPES[name]()
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_what_does_not_fit_is_said_before_it_begins() -> None:
    recipe: Recipe = RECIPES["vlm-smoke"]()
    assert "0.2M weights" in check_memory(recipe.policy, recipe.learning)
    assert check_memory(RECIPES["smoke"]().policy, RECIPES["smoke"]().learning) == ""
    huge = override(override(recipe, "policy.batch", 10**7), "policy.max_prompt_tokens", 10**6)
    with pytest.raises(UsageError, match=r"memory is short.*policy\.batch"):
        check_memory(huge.policy, huge.learning)
