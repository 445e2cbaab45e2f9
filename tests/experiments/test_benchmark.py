import json
from pathlib import Path

import pytest

from experiments.cli import main


def test_throughput_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    assert main(["bench", "--envs", "1", "--episodes", "1", "--json", str(report)]) == 0
    blind, seeing = json.loads(report.read_text())["results"]
    assert (blind["pixels"], seeing["pixels"]) == (False, True)
    for result in (blind, seeing):
        assert result["episodes"] == 10
        assert result["infra_errors"] == 0
        assert result["steps_per_s"] == pytest.approx(result["steps"] / result["wall_s"])
        assert result["cpu_s"] > 0


@pytest.mark.parametrize("options", [["--envs", "two"], ["--envs", "0"], ["--episodes", "0"]])
def test_misuse_is_told(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *options]) == 2
    assert "webdual: --e" in capsys.readouterr().err
