"""Find a Chromium on this machine, or install one; no page is ever opened here.

The order is: the path in ``WEBDUAL_BROWSER``, the browser that Playwright downloaded, the system's own.
Within each, the headless shell comes before the full browser: it starts faster and its frames can be driven.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from browser_env.errors import BrowserMissingError, WebdualError

VARIABLE = "WEBDUAL_BROWSER"
SYSTEM_NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "headless_shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
PLAYWRIGHT_PATTERNS = (  # folder, then the executable's place in it; names changed between Playwright's versions
    ("chromium_headless_shell-*", ("*/headless_shell", "*/chrome-headless-shell")),
    ("chromium-*", ("*/chrome", "*/*.app/Contents/MacOS/*")),
)
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_SUFFIXES = (".ttf", ".otf", ".ttc", ".pfb", ".pcf.gz")
VERSION_TIMEOUT_S = 30
INSTALL_TIMEOUT_S = 600
VERSION = re.compile(r"\d+(?:\.\d+)+")

Kind = Literal["headless-shell", "chromium"]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserBinary:
    """An executable that has answered ``--version``."""

    path: Path
    kind: Kind
    version: str  # e.g. "159.0.8154.6"
    source: str  # "WEBDUAL_BROWSER", "playwright" or "system"


def find_browser(*, environ: Mapping[str, str] | None = None) -> BrowserBinary:
    """Return the first browser that runs; raise :class:`BrowserMissingError` where none does."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get(VARIABLE):
        return _chosen_browser(chosen, environ)
    failures = []
    for path, source in _candidates(environ):
        try:
            return _examine(path, source=source, environ=environ)
        except BrowserMissingError as error:
            failures.append(str(error))
    tried = f" Tried: {'; '.join(failures)}." if failures else ""
    raise BrowserMissingError(
        f"no Chromium was found: run 'make setup' or 'python -m browser_env.locate --install',"
        f" or set {VARIABLE} to the path of one.{tried}"
    )


def install_browser(
    *, environ: Mapping[str, str] | None = None, is_root: bool | None = None, report: Report = lambda line: None
) -> BrowserBinary:
    """Return a browser, installing one where there is none: Playwright's first, then the distribution's.

    ``report`` receives a line per attempt. Packages of the distribution are installed only for root, with apt.
    """
    environ = os.environ if environ is None else environ
    is_root = os.geteuid() == 0 if is_root is None else is_root
    apt = shutil.which("apt-get", path=environ.get("PATH")) if is_root else None
    try:
        return find_browser(environ=environ)
    except BrowserMissingError as error:
        if environ.get(VARIABLE):
            raise
        last = error
    for command in _install_commands(apt, environ):
        report(f"installing a browser: {' '.join(command)}")
        report(_run(command, environ) or "done")
        try:
            return find_browser(environ=environ)
        except BrowserMissingError as error:
            last = error
    raise BrowserMissingError(
        "no Chromium could be installed: install the package chromium-headless-shell or chromium with your system's"
        f" package manager, or set {VARIABLE} to the path of a browser."
    ) from last


def install_fonts(
    *, environ: Mapping[str, str] | None = None, is_root: bool | None = None, report: Report = lambda line: None
) -> bool:
    """Return whether the machine has a font, after trying apt where it had none and we are root."""
    environ = os.environ if environ is None else environ
    is_root = os.geteuid() == 0 if is_root is None else is_root
    apt = shutil.which("apt-get", path=environ.get("PATH")) if is_root else None
    if not has_fonts() and apt:
        report("installing fonts")
        report(_run(_apt_install(apt, "fonts-liberation"), environ) or "done")
    return has_fonts()


def has_fonts(folders: Sequence[str] = FONT_FOLDERS) -> bool:
    """Whether a font file lies in the usual folders; always true where fonts come with the system."""
    if sys.platform != "linux":
        return True
    files = (path for folder in folders for path in Path(folder).expanduser().rglob("*"))
    return any(path.name.endswith(FONT_SUFFIXES) for path in files)


def _chosen_browser(chosen: str, environ: Mapping[str, str]) -> BrowserBinary:
    path = shutil.which(chosen, path=environ.get("PATH"))
    if path is None:
        raise BrowserMissingError(f"{VARIABLE}={chosen} is not an executable file; correct it or unset it")
    try:
        return _examine(Path(path), source=VARIABLE, environ=environ)
    except BrowserMissingError as error:
        raise BrowserMissingError(f"{VARIABLE}={chosen} does not start; correct it or unset it ({error})") from error


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield executables with their source, the preferred first."""
    folder = playwright_folder(environ)
    for name, executables in PLAYWRIGHT_PATTERNS:
        for revision in sorted(folder.glob(name), key=_revision, reverse=True):
            for pattern in executables:
                yield from ((path, "playwright") for path in revision.glob(pattern) if os.access(path, os.X_OK))
    for name in SYSTEM_NAMES:
        if path := shutil.which(name, path=environ.get("PATH")):
            yield Path(path), "system"


def playwright_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that Playwright downloads its browsers to."""
    if chosen := environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(chosen).expanduser()
    home = Path(environ.get("HOME", "~")).expanduser()
    if sys.platform == "darwin":
        return home / "Library/Caches/ms-playwright"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "ms-playwright"


def _revision(folder: Path) -> int:
    digits = folder.name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else -1


def _examine(path: Path, *, source: str, environ: Mapping[str, str]) -> BrowserBinary:
    """Ask the executable for its version; a wrapper script answers like the browser it starts."""
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, env=environ, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise BrowserMissingError(f"{path} does not start: {error}") from error
    version = VERSION.search(answer.stdout)
    if answer.returncode != 0 or version is None:
        raise BrowserMissingError(f"{path} --version ended with {answer.returncode}: {_complaint(answer.stderr)}")
    kind: Kind = "headless-shell" if "headless" in path.name else "chromium"
    return BrowserBinary(path=path, kind=kind, version=version.group(), source=source)


def _install_commands(apt: str | None, environ: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield what to try next; the caller asks for more only while there is no browser."""
    playwright = [sys.executable, "-m", "playwright"]
    yield [*playwright, "install", "chromium-headless-shell"]
    if apt and any(playwright_folder(environ).glob(PLAYWRIGHT_PATTERNS[0][0])):
        yield [*playwright, "install-deps", "chromium-headless-shell"]  # it is there, but lacks libraries
    if apt:
        yield [apt, "update"]
        yield _apt_install(apt, "chromium-headless-shell", "fonts-liberation")
        yield _apt_install(apt, "chromium", "fonts-liberation")


def _apt_install(apt: str, *packages: str) -> list[str]:
    return [apt, "install", "-y", "--no-install-recommends", *packages]


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Run an installer; return why it failed, or None."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, env={**environ, **quiet}, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"failed: {error}"
    return f"failed: {_complaint(result.stderr or result.stdout)}" if result.returncode else None


def _complaint(text: str) -> str:
    """Return the line that names the error, or the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("Error:", "E:"))]
    return (errors or lines or ["it said nothing"])[-1][:200]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the browser that would be used; with ``--install``, make sure that there is one."""
    parser = argparse.ArgumentParser(prog="python -m browser_env.locate", description=main.__doc__)
    parser.add_argument("--install", action="store_true", help="install a browser and a font where there are none")
    args = parser.parse_args(argv)
    try:
        browser = install_browser(report=_say) if args.install else find_browser()
    except WebdualError as error:
        sys.stderr.write(f"webdual: {error}\n")
        return 1
    if args.install and not install_fonts(report=_say):
        _say("no font was found, pages would show no text: install the package fonts-liberation")
    _say(f"browser: {browser.path} ({browser.kind} {browser.version}, from {browser.source})")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
