import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from browser_env.errors import UsageError
from experiments.cli import COMMANDS, build_parser, installed_commands, main
from experiments.commands.options import write_result

HEAVY = ("torch", "mlflow", "playwright", "rich")


def webdual(*arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments.cli", *arguments],
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=_as_from_a_terminal,
    )


def _as_from_a_terminal() -> None:
    """Undo that a shell lets what it starts in the background ignore Ctrl+C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_help_lists_every_command_that_is_installed() -> None:
    result = webdual("--help")
    assert result.returncode == 0
    assert "doctor" in installed_commands()
    for name in installed_commands():
        assert f"    {name} " in result.stdout
        assert COMMANDS[name] in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from experiments.cli import main; main(['--help']);"
        f"sys.exit(repr([name for name in {HEAVY} if name in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert result.stderr.strip() == "[]"


@pytest.mark.parametrize("name", installed_commands())
def test_every_command_has_a_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"webdual {name}" in text.partition("xample")[2]


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("webdual 0.")


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["doctor", "--nothing"], ["doctor", "--json"], ["--json", "doctor"]]
)
def test_misuse_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: webdual" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["doctor", "--runs", str(tmp_path), "--json", str(tmp_path / "file/result.json")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("webdual: cannot write")
    assert "Traceback" not in error


def test_results_are_written_only_where_asked(tmp_path: Path) -> None:
    write_result(None, {"a": 1})
    write_result(tmp_path / "a/b.json", {"name": "ä"})
    assert (tmp_path / "a/b.json").read_text(encoding="utf-8") == '{\n  "name": "ä"\n}\n'
    with pytest.raises(UsageError, match="cannot write"):
        write_result(tmp_path, {})


def test_an_interrupt_is_a_sentence_and_130(tmp_path: Path) -> None:
    """The browser that the doctor asks for its version presses Ctrl+C."""
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\nkill -INT $PPID\nsleep 5\n")
    browser.chmod(0o755)
    result = webdual("doctor", "--runs", str(tmp_path), environ={"WEBDUAL_BROWSER": str(browser)})
    assert result.returncode == 128 + signal.SIGINT
    assert "webdual: interrupted" in result.stderr
    assert "Traceback" not in result.stderr


def test_only_the_named_commands_parser_is_complete() -> None:
    parser = build_parser(["doctor"])
    assert parser.parse_args(["doctor", "--runs", "x"]).runs == Path("x")
    with pytest.raises(SystemExit):
        build_parser([]).parse_args(["doctor", "--runs", "x"])
    assert isinstance(parser, argparse.ArgumentParser)
