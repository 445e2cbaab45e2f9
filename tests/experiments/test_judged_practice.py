"""Tasks without a verifier are practised, rewarded by a model behind a real server, apart from what was verified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import InfraError, UsageError
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import demonstration_seed
from browser_env.task import NEVER, Task
from browser_env.task_set import DEMONSTRATIONS, FORMAT, SITE, TASKS, VERSION
from experiments.cli import main
from experiments.experts.policy import ExpertPolicy
from experiments.judged_practice import JudgeRecipe, PracticeJudge
from policy.vlm.judge import Judge
from policy.vlm.server import Server, ServerConfig
from replay.notes import NoteFolder
from replay.opinions import JUDGED, MARKED
from replay.store import ReplayStore
from rewards.outcome import Outcome
from tests.policy.vlm.chat_server import Model, Trouble, serving
from tests.replay.conftest import make_episode

VERIFIED = replace(miniwob_task("click-test-2"), name="set/verified")
OPEN = replace(VERIFIED, name="set/open", verifier=NEVER)
SMALL = (
    *("demonstrations_per_task=2", "cloning_epochs=1", "num_updates=1", "groups_per_update=3", "evaluation_episodes=2"),
    *("held_out=0", "num_envs=2", "policy.d_model=32"),
)


class Watching(Model):
    """A model that looks whether the button was clicked that the goal names; the page has gone when it is asked."""

    def reply(self, body: dict[str, Any]) -> str:
        told = "\n".join(part.get("text", "") for part in body["messages"][1]["content"])
        clicked = re.findall(r"^Done: click\((e\d+)\)", told, re.MULTILINE)
        named = re.search(r"Goal: Click button (\w+)", told)
        assert named is not None
        right = bool(clicked) and f"{clicked[-1]} button '{named.group(1)}'" in told
        return opinion(right)


def opinion(success: bool | None, *, confidence: float = 0.9) -> str:
    return json.dumps({"reason": "It was clicked.", "success": success, "confidence": confidence})


@pytest.fixture
def watching() -> Iterator[Watching]:
    with serving(Watching()) as model:
        assert isinstance(model, Watching)
        yield model


@pytest.fixture(scope="module")
def shown() -> list[Episode]:
    """What an expert does on the task."""
    requests = [RolloutRequest(task=miniwob_task("click-test-2"), seed=demonstration_seed(i)) for i in range(2)]
    with Pool(num_envs=1) as pool:
        return list(pool.rollout(ExpertPolicy("miniwob/click-test-2"), requests, source=Source.SCRIPT))


def make_set(folder: Path, shown: list[Episode], *tasks: Task) -> Path:
    """Write a set of tasks, with demonstrations that a person called successes where no verifier could."""
    folder.mkdir()
    (folder / SITE).write_text(json.dumps({"format": FORMAT, "version": VERSION, "sites": []}))
    (folder / TASKS).write_text("".join(json.dumps({"task": task.to_json()}) + "\n" for task in tasks))
    with ReplayStore(folder / DEMONSTRATIONS) as store:
        store.add(
            [
                replace(episode, id=f"{task.name[4:]}-{episode.seed}", task=task, tags=(MARKED,) * (task is OPEN))
                for task in tasks
                for episode in shown
            ]
        )
    return folder


def train(runs: Path, tasks: Path, model: Model, *more: str) -> int:
    changes = (*SMALL, "judge.model=m", f"judge.server={model.url}", *more)
    options = [part for change in changes for part in ("--set", change)]
    return main(["train", "smoke", "--tasks", str(tasks), "--runs", str(runs), *options])


def logged(folder: Path) -> dict[str, float]:
    """Return the last value of each metric."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {name: value for row in rows for name, value in row.get("metrics", {}).items()}


def test_practice_without_a_verifier_is_judged_once_and_stays_as_it_was(
    tmp_path: Path, watching: Watching, shown: list[Episode]
) -> None:
    tasks = make_set(tmp_path / "set", shown, OPEN)
    assert train(tmp_path / "runs", tasks, watching) == 0
    run = (tmp_path / "runs" / "latest").resolve()
    metrics = logged(run / "mixed")
    assert metrics["judged/episodes"] == 3
    assert metrics["judged/undecided"] == 0
    assert metrics["judged/tokens"] == 3 * 102
    assert {"judged/rollout/success", "judged/curriculum/mean", "judged/evaluation/success"} <= set(metrics)
    assert not {"rollout/success", "curriculum/mean", "evaluation/success"} & set(metrics)
    result = json.loads((run / "result.json").read_text())
    assert result["mean"] == {}
    assert result["tasks"]["set/open"]["judged"] is True
    assert result["mean_judged"]["imitation"] == result["tasks"]["set/open"]["imitation"]
    with ReplayStore(run / "store", read_only=True) as store:
        made = list(store.episodes(source=Source.AGENT))
    assert len(made) == 3 + 2 * 2
    assert not any(episode.success or episode.reward or JUDGED in episode.tags for episode in made)
    judgements = NoteFolder(run / "store").judgements()
    assert sorted(j.episode for j in judgements) == sorted(episode.id for episode in made)
    assert {judgement.judge for judgement in judgements} == {"m"}
    asked = len(watching.asked)
    assert main(["train", "--runs", str(tmp_path / "runs"), "--resume"]) == 0
    assert len(watching.asked) == asked, "nothing is asked twice"


def test_verified_and_judged_rewards_meet_only_where_the_recipe_says_so(
    tmp_path: Path, watching: Watching, shown: list[Episode], capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = make_set(tmp_path / "set", shown, OPEN, VERIFIED)
    assert train(tmp_path / "refused", tasks, watching) == 2
    assert "1 of 2 tasks have verifiers" in " ".join(capsys.readouterr().err.split())
    assert not watching.asked
    assert train(tmp_path / "runs", tasks, watching, "judge.beside_verifiers=true") == 0
    metrics = logged((tmp_path / "runs" / "latest" / "mixed").resolve())
    for name in ("rollout/task_success", "curriculum/mean", "evaluation/success"):
        assert {name, f"judged/{name}"} <= set(metrics)
    assert watching.asked
    assert "judged by a model" in capsys.readouterr().out


def test_a_recipe_without_anything_to_judge_is_refused() -> None:
    assert JudgeRecipe().judged([OPEN, VERIFIED]) == frozenset()
    assert JudgeRecipe(model="m").judged([OPEN]) == {"set/open"}
    with pytest.raises(UsageError, match="nothing to say"):
        JudgeRecipe(model="m", beside_verifiers=True).judged([VERIFIED])
    with pytest.raises(UsageError, match=r"judge\.model"):
        JudgeRecipe(server="http://127.0.0.1:1/v1")
    with pytest.raises(UsageError, match="from 0 to 1"):
        JudgeRecipe(model="m", least_sure=2.0)


@pytest.mark.parametrize(
    ("said", "outcome", "reward"),
    [
        (opinion(True), Outcome.SUCCESS, 1.0),
        (opinion(False), Outcome.FAILURE, 0.0),
        (opinion(None), Outcome.VERIFIER_ERROR, 0.0),
        (opinion(True, confidence=0.5), Outcome.VERIFIER_ERROR, 0.0),
        ("It is a success, believe me.", Outcome.VERIFIER_ERROR, 0.0),
    ],
)
def test_who_is_not_sure_teaches_nothing(
    tmp_path: Path, model: Model, said: str, outcome: Outcome, reward: float
) -> None:
    model.text = said
    judge, other, broken = judge_at(tmp_path, model), make_episode("b"), make_episode("c", outcome=Outcome.INFRA_ERROR)
    mine = replace(make_episode("a", outcome=Outcome.FAILURE, reward=0.0), task=OPEN)
    broken = replace(broken, task=OPEN)
    judged, *others = judge.judged([mine, other, broken])
    assert others == [other, broken]
    assert (judged.outcome, judged.reward) == (outcome, reward)
    assert judged.tags[-1] == JUDGED
    assert judged.reason.startswith("m judged: ")
    assert judge_at(tmp_path, model).judged([mine]) == [judged]
    assert len(model.asked) == 1


def test_a_judge_that_is_away_ends_practice(tmp_path: Path, model: Model) -> None:
    model.troubles = [Trouble(status=500)] * 9
    with pytest.raises(InfraError, match="did not answer"):
        judge_at(tmp_path, model).judged([replace(make_episode("a", outcome=Outcome.TRUNCATED, reward=0.0), task=OPEN)])
    assert not NoteFolder(tmp_path).judgements()


def judge_at(store: Path, model: Model) -> PracticeJudge:
    engine = Server(ServerConfig(url=model.url, model="m", backoff_s=0.01))
    return PracticeJudge(Judge(engine), store, tasks=frozenset({OPEN.name}), least_sure=0.8)


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Model]:
    with ReplayStore(tmp_path), serving(Model()) as served:
        yield served
