import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.action import ACTIONS, action_from_json
from browser_env.observation import Element, Observation
from experiments.benchmarks.process_tree import descriptors
from experiments.cli import main
from experiments.soak import RandomActions, Sample, Soak


def test_a_soak_tells_what_came_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "soak.json"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        assert main(["soak", "--steps", "20", "--kill-every", "3", "--json", str(written)]) == 0
        assert bystander.poll() is None  # and is not counted as left behind
        bystander.kill()
    told = json.loads(written.read_text())
    assert told["steps"] >= 20
    assert sum(told["outcomes"].values()) == told["episodes"]
    assert (told["paid_failures"], told["left_processes"], told["left_folders"], told["is_sound"]) == (0, 0, 0, True)
    assert "sound" in capsys.readouterr().out


def test_what_is_counted_survives_json() -> None:
    sample = Sample(steps=5, memory_mib=1.5, descriptors=9, processes=4)
    state = Soak(steps=5, outcomes=Counter(success=2), kills=Counter(browser=1), samples=[sample])
    told = json.loads(json.dumps(state.to_json()))
    assert (told["outcomes"], told["kills"], told["samples"][0]["processes"]) == ({"success": 2}, {"browser": 1}, 4)


def samples(*, first: int, last: int, num: int = 50) -> list[Sample]:
    """Samples that grow evenly in one respect."""
    grown = [first + (last - first) * step // (num - 1) for step in range(num)]
    return [Sample(steps=step, memory_mib=400.0, descriptors=much, processes=10) for step, much in enumerate(grown)]


def test_what_grows_is_not_flat() -> None:
    assert Soak(samples=samples(first=100, last=115)).is_flat
    grown = Soak(samples=samples(first=100, last=150))
    assert not grown.is_flat
    assert not grown.is_sound
    assert Soak(samples=samples(first=150, last=100)).is_flat
    assert Soak(samples=samples(first=100, last=150, num=19)).is_flat, "so few tell nothing"


@pytest.mark.parametrize("field", ["memory_mib", "descriptors", "processes"])
def test_a_moment_in_which_a_browser_was_killed_is_no_trend(field: str) -> None:
    even = samples(first=100, last=100)
    holes = [replace(sample, **{field: 1}) if place in (1, 47) else sample for place, sample in enumerate(even)]
    assert Soak(samples=holes).is_flat
    doubled = [replace(sample, **{field: 2000}) if place >= 45 else sample for place, sample in enumerate(even)]
    assert not Soak(samples=doubled).is_flat


def test_the_random_policy_draws_every_verb() -> None:
    elements = (Element(id="e1", role="button", states=("clickable",)),)
    observation = Observation(goal="", url="http://a.test/", elements=elements)
    policy = RandomActions(seed=0)
    for verb in ACTIONS:
        action = policy.draw(verb, observation)
        assert action_from_json(action.to_json()) == action
        assert action.verb == verb
    drawn = {policy.act([observation])[0].action.verb for _ in range(3000)}
    assert drawn == set(ACTIONS)


def test_descriptors_of_the_whole_family_are_counted(tmp_path: Path) -> None:
    before = descriptors([os.getpid()])
    with (tmp_path / "open").open("w"), subprocess.Popen(["sleep", "60"]) as child:
        assert descriptors([os.getpid()]) >= before + 1 + descriptors([child.pid])
        assert descriptors([child.pid]) >= 3
        child.kill()


@pytest.mark.parametrize("fault", [{"paid_failures": 1}, {"left_processes": 1}, {"left_folders": 1}])
def test_what_is_left_behind_is_not_sound(fault: dict[str, int]) -> None:
    assert Soak().is_sound
    assert not Soak(**fault).is_sound


def test_failures_that_nobody_was_killed_for_are_not_sound() -> None:
    assert not Soak(outcomes=Counter(infra_error=2), kills=Counter(browser=1)).is_sound


@pytest.mark.parametrize("argument", ["--steps", "--envs", "--kill-every", "--minutes"])
def test_nothing_is_no_soak(argument: str) -> None:
    assert main(["soak", argument, "0"]) == 2
