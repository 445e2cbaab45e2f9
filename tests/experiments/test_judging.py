"""Episodes of a real store are judged over a real connection, and the judge is compared with their verifiers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser_env.action import Click
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Observation
from browser_env.task import NEVER, Task, VerifierSpec
from experiments.cli import main
from experiments.judging import Agreement, JudgeOptions, agreement, judge_store
from policy.vlm.judge import Judge
from policy.vlm.server import Server, ServerConfig
from replay import ReplayStore, give_consent
from replay.checking import check_store
from replay.notes import NoteFolder
from rewards.evidence import Evidence
from rewards.judged import judged_rewards
from rewards.outcome import Outcome
from tests.policy.vlm.chat_server import Model, Trouble, serving

VERIFIER = VerifierSpec(name="text", params={"contains": "Done"})


class Opinionated(Model):
    """A model that takes an episode for a success where its goal says so."""

    def reply(self, body: dict[str, Any]) -> str:
        goal = body["messages"][1]["content"][0]["text"].partition("\n")[0]
        success = {"yes": "true", "no": "false"}.get(goal.split()[-1], "null")
        return f'{{"reason": "It looks so.", "success": {success}, "confidence": 0.8}}'


@pytest.fixture
def model() -> Iterator[Model]:
    with serving(Opinionated()) as served:
        yield served


def episode(name: str, goal: str, outcome: Outcome, **changes: Any) -> Episode:
    values = {"source": Source.AGENT, "verifier": VERIFIER, "tags": ()} | changes
    task = Task(name="t", url="http://a/", verifier=values.pop("verifier"))
    step = Step(observation=Observation(goal=goal), action=Click("e1"))
    return Episode(
        id=name,
        task=task,
        seed=0,
        steps=(step,),
        final=Observation(goal=goal),
        outcome=outcome,
        reward=float(outcome is Outcome.SUCCESS),
        evidence=Evidence(text="Done"),
        **values,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store: of those with a verifier, three right, one false pass, one undecided; two without; one broken off."""
    mine, public = (give_consent(subject=who, text="I agree", basis=who) for who in ("explicit", "public-dataset"))
    with ReplayStore(tmp_path / "store") as store:
        store.add_consent(mine)
        store.add_consent(public)
        store.add(
            [
                episode("a", "yes", Outcome.SUCCESS),
                episode("b", "no", Outcome.FAILURE),
                episode("c", "yes", Outcome.TRUNCATED),
                episode("d", "maybe", Outcome.SUCCESS),
                episode("e", "no", Outcome.TRUNCATED, source=Source.HUMAN, consent=public.id),
                episode("f", "yes", Outcome.TRUNCATED, tags=("unverified",), source=Source.HUMAN, consent=mine.id),
                episode("g", "no", Outcome.FAILURE, verifier=NEVER),
                episode("h", "yes", Outcome.INFRA_ERROR),
            ]
        )
    return tmp_path / "store"


def judge_at(model: Model, **more: Any) -> Judge:
    return Judge(Server(ServerConfig(url=model.url, model="m", backoff_s=0.01, **more)))


def test_what_no_verifier_judged_is_judged_once_and_kept_apart(model: Model, path: Path) -> None:
    told: list[tuple[int, int]] = []
    first = judge_store(path, judge_at(model), JudgeOptions(), tell=lambda *count: told.append(count))
    assert {item.episode: item.success for item in first.judgements} == {"f": True, "g": False}
    assert (first.new, first.tokens, first.kept_back, first.outcomes) == (2, 204, 0, {})
    assert told[-1][0] == 2
    again = judge_store(path, judge_at(model), JudgeOptions())
    assert (again.new, again.tokens, len(again.judgements), len(model.asked)) == (0, 0, 2, 2)
    notes = NoteFolder(path).judgements()
    assert judged_rewards(notes, verified={"a", "b", "c", "d", "e"}) == {"f": 1.0, "g": 0.0}
    with ReplayStore(path) as store:
        assert store.get("f").outcome is Outcome.TRUNCATED, "no judge changes an episode"
        store.revoke(subject="explicit")
    assert [item.episode for item in NoteFolder(path).judgements()] == ["g"]
    assert not check_store(path).faults


def test_agreement_is_measured_where_a_verifier_judged(model: Model, path: Path) -> None:
    part = judge_store(path, judge_at(model), JudgeOptions(verified=True, most=2))
    assert (part.new, len(part.judgements)) == (2, 2)
    whole = judge_store(path, judge_at(model), JudgeOptions(verified=True))
    assert (whole.new, len(whole.judgements)) == (3, 5)
    assert agreement(whole.judgements, whole.outcomes) == Agreement(
        right_passes=1, right_fails=2, false_passes=1, false_fails=0, undecided=1
    )


def test_what_was_judged_before_the_server_failed_is_kept(model: Model, path: Path) -> None:
    judge = judge_at(model, parallel=1, retries=0)
    judge_store(path, judge, JudgeOptions(verified=True, most=2))
    model.troubles = [Trouble(status=500)]
    with pytest.raises(Exception, match="did not answer"):
        judge_store(path, judge, JudgeOptions(verified=True))
    assert len(NoteFolder(path).judgements()) == 2


def test_peoples_episodes_go_to_no_other_machine_unless_they_are_public(model: Model, path: Path) -> None:
    there = Judge(Server(ServerConfig(url=model.url.replace("127.0.0.1", "0.0.0.0"), model="m")))
    unverified = judge_store(path, there, JudgeOptions())
    assert ([item.episode for item in unverified.judgements], unverified.kept_back) == (["g"], 1)
    verified = judge_store(path, there, JudgeOptions(verified=True))
    assert "e" in {item.episode for item in verified.judgements}


def test_rates_by_hand() -> None:
    found = Agreement(right_passes=20, right_fails=15, false_passes=10, false_fails=5, undecided=3)
    assert found.decided == 50
    assert (found.accuracy.value, found.false_pass_rate.value, found.false_fail_rate.value) == (0.7, 0.4, 0.2)
    assert found.kappa == pytest.approx(0.4)
    assert found.false_pass_rate.low == pytest.approx(0.2340, abs=1e-4)
    assert found.false_pass_rate.high == pytest.approx(0.5926, abs=1e-4)
    assert json.loads(json.dumps(found.to_json()))["accuracy"]["value"] == 0.7


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (9, 0, 0, 0), (0, 9, 0, 0)])
def test_nothing_is_said_beyond_chance_where_all_are_the_same(counts: tuple[int, int, int, int]) -> None:
    names = ("right_passes", "right_fails", "false_passes", "false_fails")
    found = Agreement(**dict(zip(names, counts, strict=True)), undecided=0)
    assert found.kappa is None
    assert found.to_json()["kappa"] is None


def test_the_command_says_how_far_a_judge_may_be_trusted(
    model: Model, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "result.json"
    arguments = ["demos", "judge", str(path), "--server", model.url, "--model", "m", "--json", str(result)]
    assert main([*arguments, "--agreement"]) == 0
    said = capsys.readouterr().out
    assert "5 episodes are judged, 5 of them now with 510 tokens: 2 successes, 2 failures, 1 undecided." in said
    data = json.loads(result.read_text())
    assert data["agreement"]["false_pass_rate"]["value"] == pytest.approx(1 / 3)
    assert data["agreement"]["kappa"] == pytest.approx(0.5)
    assert main(arguments) == 0
    assert json.loads(result.read_text())["successes"] == 1
    assert main([*arguments, "--task", "nothing"]) == 1
    assert main([*arguments, "--episodes", "0"]) == 2
    arguments[2] = str(tmp_path / "missing")
    assert main(arguments) == 2


def test_a_model_that_is_loaded_here_judges_too(path: Path, tmp_path: Path) -> None:
    """A random one has no opinions, but each is kept, under its own name."""
    result = tmp_path / "result.json"
    arguments = ["demos", "judge", str(path), "--model", "tiny-llava", "--json", str(result)]
    assert main(arguments) == 0
    data = json.loads(result.read_text())
    assert (data["judged"], data["undecided"], data["model"]) == (2, 2, "tiny-llava")
    assert {judgement.judge for judgement in NoteFolder(path).judgements()} == {"tiny-llava"}
