"""The project as a whole: what is tracked, what the README promises, what is packaged."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import COMMANDS, installed_commands

ROOT = Path(__file__).parent.parent
MACHINE_PATHS = re.compile(r"/(?:home|Users|root|work|mnt)/[a-z]\w*/|[A-Z]:\\Users")
FOLDERS = ("rewards", "browser_env", "replay", "policy", "experiments")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """The files that git tracks; none where this is not a clone."""
    result = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in result.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_names_a_place_on_somebodys_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or other data
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in MACHINE_PATHS.finditer(text)]
    assert not found


def test_tracked_files_are_small() -> None:
    large = [path.relative_to(ROOT).as_posix() for path in tracked() if path.stat().st_size > 2_000_000]
    assert set(large) <= {"policy/shipped/model.safetensors"}, "nothing but the policy that comes with the package"


def test_every_folder_with_code_is_packaged(project: dict[str, Any]) -> None:
    packaged = set(project["tool"]["setuptools"]["packages"])
    found = {".".join(path.parent.relative_to(ROOT).parts) for name in FOLDERS for path in (ROOT / name).rglob("*.py")}
    assert packaged == found


def test_every_command_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"\bwebdual ([a-z]+)\b", "\n".join(code_of(readme))))
    assert commands <= set(installed_commands())


def test_every_target_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(code_of(readme)))) <= targets


def test_every_command_module_is_registered() -> None:
    modules = {path.stem for path in (ROOT / "experiments/commands").glob("*.py")} - {"__init__", "options"}
    assert modules == set(installed_commands())
    assert modules <= set(COMMANDS)


def test_the_pinned_torch_is_the_makefiles() -> None:
    pinned = re.findall(r"^torch==.*$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"TORCH := {pinned[0]}" in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()


def test_every_dependency_is_pinned(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *(name for group in extras.values() for name in group)]
    pins = re.findall(r"^([\w.-]+)==[\w.]+$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    missing = {normal(re.split(r"[<>=\[]", name)[0]) for name in wanted} - set(map(normal, pins))
    assert not missing


def code_of(markdown: str) -> list[str]:
    """The code blocks and code spans of a Markdown text."""
    blocks = re.findall(r"^```.*?^```", markdown, re.MULTILINE | re.DOTALL)
    return blocks + re.findall(r"`([^`\n]+)`", markdown)


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
