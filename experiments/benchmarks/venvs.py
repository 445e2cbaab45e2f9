"""Virtual environments for peers: made once in the user's cache folder, used again next time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from browser_env.errors import InfraError

INSTALL_S = 600.0
DONE = "complete"  # a file that is written last


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where virtual environments of benchmarks lie."""
    home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".cache"
    return Path(home) / "webdual" / "benchmarks"


def place_of(name: str, pins: Sequence[str], environ: Mapping[str, str]) -> Path:
    """Return the folder of a virtual environment: another for other versions of packages or of Python."""
    text = "\n".join([*sorted(pins), sys.version])
    return cache_folder(environ) / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def make_venv(name: str, pins: Sequence[str], *, environ: Mapping[str, str] | None = None) -> str:
    """Return the Python of a virtual environment with these packages; raise :class:`InfraError` where it fails."""
    folder = place_of(name, pins, os.environ if environ is None else environ)
    python = folder / "bin" / "python"
    if (folder / DONE).exists():
        return str(python)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins])
    except InfraError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    (folder / DONE).touch()
    return str(python)


def _run(command: Sequence[str]) -> None:
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfraError(f"its packages could not be installed: {error}") from error
    if result.returncode:
        lines = [line.strip() for line in (result.stderr or result.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        reason = (errors or lines or ["pip said nothing"])[-1][:200]
        raise InfraError(f"its packages could not be installed: {reason}")
