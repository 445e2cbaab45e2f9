import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from browser_env.action import Click
from browser_env.errors import DataError, WebdualError
from browser_env.observation import Observation
from policy.checkpoint import load_learner, load_policy, save_checkpoint
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.folders import recover_folder
from policy.learner import Learner, LearnerConfig
from replay.buffer import Sample

Maker = Callable[[random.Random], tuple[Observation, str]]
SMALL = CompactConfig(d_model=32, layers=1, heads=2, word_buckets=256, gram_buckets=128, channels=4)


@pytest.fixture
def policy() -> CompactPolicy:
    return CompactPolicy(SMALL, seed=3)


def samples(make_named: Maker) -> list[Sample]:
    rng = random.Random(0)
    pages = [make_named(rng) for _ in range(4)]
    return [Sample(observation=o, action=Click(t), weight=1.0, task="t", episode="e", step=0) for o, t in pages]


def test_a_policy_goes_on_as_it_was_saved(policy: CompactPolicy, form: Observation, tmp_path: Path) -> None:
    policy.act([form])
    policy.version = 7
    save_checkpoint(tmp_path / "at" / "depth", policy)
    loaded = load_policy(tmp_path / "at" / "depth")
    assert (loaded.version, loaded.config) == (7, SMALL)
    assert loaded.act([form] * 5) == policy.act([form] * 5)


def test_a_learner_goes_on_exactly(policy: CompactPolicy, make_named: Maker, tmp_path: Path) -> None:
    learner, shown = Learner(policy, LearnerConfig(minibatch=2)), samples(make_named)
    learner.update(shown)
    save_checkpoint(tmp_path / "c", policy, learner)
    resumed = load_learner(tmp_path / "c", load_policy(tmp_path / "c"))
    assert resumed.config == learner.config
    assert [resumed.update(shown), resumed.update(shown)] == [learner.update(shown), learner.update(shown)]


def test_saving_replaces_and_leaves_nothing_else(policy: CompactPolicy, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", policy, Learner(policy, LearnerConfig()))
    policy.version = 2
    save_checkpoint(tmp_path / "c", policy)
    assert load_policy(tmp_path / "c").version == 2
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    with pytest.raises(DataError, match="no learner"):
        load_learner(tmp_path / "c", policy)


def test_what_a_kill_kept_from_being_replaced_is_put_back(policy: CompactPolicy, tmp_path: Path) -> None:
    target = tmp_path / "checkpoints" / "mixed[1]"
    assert not recover_folder(target)
    policy.version = 3
    save_checkpoint(target, policy)
    (target.parent / ".mixed[1]-old-abc").mkdir()
    target.rename(target.parent / ".mixed[1]-old-abc" / target.name)  # a kill between the two renames
    (target.parent / ".mixed[1]-xyz").mkdir()  # the new one
    assert recover_folder(target)
    assert load_policy(target).version == 3
    (target.parent / ".mixed[1]-old-def" / target.name).mkdir(parents=True)  # a kill before the old one was removed
    assert recover_folder(target)
    assert load_policy(target).version == 3
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no checkpoint in"):
        load_policy(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "learner.safetensors", "learner.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00 garbage", b"[" * 100_000, b"[1, 2]"])
def test_corrupt_files_are_data_errors(policy: CompactPolicy, tmp_path: Path, name: str, content: bytes) -> None:
    save_checkpoint(tmp_path / "c", policy, Learner(policy, LearnerConfig()))
    (tmp_path / "c" / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_learner(tmp_path / "c", load_policy(tmp_path / "c"))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other"},
        {"format": 99},
        {"hash": "md5"},
        {"version": "x"},
        {"config": {}},
        {"config": {**SMALL.to_json(), "d_model": "wide"}},
        {"config": {**SMALL.to_json(), "d_model": 64}},
    ],
)
def test_foreign_checkpoints_are_data_errors(policy: CompactPolicy, tmp_path: Path, changes: dict[str, object]) -> None:
    save_checkpoint(tmp_path / "c", policy)
    path = tmp_path / "c" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(DataError):
        load_policy(tmp_path / "c")


def test_half_a_model_is_a_data_error(policy: CompactPolicy, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", policy)
    path = tmp_path / "c" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WebdualError):
        load_policy(tmp_path / "c")
