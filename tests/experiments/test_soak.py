import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.soak import Sample, Soak


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


@pytest.mark.parametrize("fault", [{"paid_failures": 1}, {"left_processes": 1}, {"left_folders": 1}])
def test_what_is_left_behind_is_not_sound(fault: dict[str, int]) -> None:
    assert Soak().is_sound
    assert not Soak(**fault).is_sound


def test_failures_that_nobody_was_killed_for_are_not_sound() -> None:
    assert not Soak(outcomes=Counter(infra_error=2), kills=Counter(browser=1)).is_sound


@pytest.mark.parametrize("argument", ["--steps", "--envs", "--kill-every", "--minutes"])
def test_nothing_is_no_soak(argument: str) -> None:
    assert main(["soak", argument, "0"]) == 2
