"""Which code made a run."""

from __future__ import annotations

import subprocess
from importlib import metadata
from pathlib import Path


def code_version() -> dict[str, str]:
    """Return the package's version and, in a checkout, its commit and whether files differ from it."""
    version = {"webdual.version": _package_version()}
    commit = _git("rev-parse", "HEAD")
    if commit:
        dirty = bool(_git("status", "--porcelain", "--untracked-files=no"))
        version |= {"mlflow.source.git.commit": commit, "webdual.dirty": str(dirty).lower()}
    return version


def _package_version() -> str:
    try:
        return metadata.version("webdual")
    except metadata.PackageNotFoundError:
        return "not installed"


def _git(*arguments: str) -> str:
    """Return what git says of the checkout that holds this package, or nothing where there is none."""
    folder = Path(__file__).parent.parent
    if not (folder / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
