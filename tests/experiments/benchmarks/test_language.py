from pathlib import Path

from experiments.cli import main


def test_a_tiny_policy_is_measured_and_it_says_where(tmp_path: Path) -> None:
    arguments = ["bench", "vlm", "--rows", "2", "--repetitions", "1", "--json", str(tmp_path / "vlm.json")]
    assert main(arguments) == 0
    text = (tmp_path / "vlm.json").read_text()
    assert "no GPU" in text or "NVIDIA" in text
    assert main(["bench", "vlm", "smoke"]) == 2
    assert main(["bench", "vlm", "--viewport", "wide"]) == 2
