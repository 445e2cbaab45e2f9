import os
import stat
from pathlib import Path

import pytest

from browser_env.errors import BrowserMissingError
from browser_env.locate import find_browser, has_fonts, install_browser, install_fonts, main, playwright_folder

ANSWERS = "echo 'Chromium 150.0.1.2'"
NOTHING = "http://127.0.0.1:9"  # the discard port: refuses at once


def script(path: Path, body: str = ANSWERS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without a browser, whose downloads are refused."""
    (tmp_path / "bin").mkdir()
    return {
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path),
        "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "playwright"),
        "PLAYWRIGHT_DOWNLOAD_HOST": NOTHING,
    }


def test_the_variable_comes_first(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin/chromium")
    mine = script(tmp_path / "mine", "echo 'Chromium 1.2.3'")
    browser = find_browser(environ=machine | {"WEBDUAL_BROWSER": str(mine)})
    assert (browser.path, browser.kind, browser.version, browser.source) == (
        mine,
        "chromium",
        "1.2.3",
        "WEBDUAL_BROWSER",
    )


@pytest.mark.parametrize("chosen", ["/nowhere/chromium", "/", "nothing-of-this-name"])
def test_a_variable_that_points_at_nothing_is_named(machine: dict[str, str], tmp_path: Path, chosen: str) -> None:
    script(tmp_path / "bin/chromium")
    with pytest.raises(BrowserMissingError, match=f"WEBDUAL_BROWSER={chosen} is not an executable"):
        find_browser(environ=machine | {"WEBDUAL_BROWSER": chosen})
    with pytest.raises(BrowserMissingError, match="WEBDUAL_BROWSER"):
        install_browser(environ=machine | {"WEBDUAL_BROWSER": chosen}, is_root=False)


@pytest.mark.parametrize("body", ["exit 1", "echo no version", "printf '\\377\\376'"])
def test_a_chosen_browser_that_does_not_answer_is_named(machine: dict[str, str], tmp_path: Path, body: str) -> None:
    mine = script(tmp_path / "mine", body)
    with pytest.raises(BrowserMissingError, match="does not start"):
        find_browser(environ=machine | {"WEBDUAL_BROWSER": str(mine)})


def test_playwrights_own_browser_comes_before_the_systems(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin/chromium-headless-shell")
    script(tmp_path / "playwright/chromium-1300/chrome-linux64/chrome")
    script(tmp_path / "playwright/chromium_headless_shell-999/chrome-linux/headless_shell")
    newest = script(
        tmp_path / "playwright/chromium_headless_shell-1255/chrome-headless-shell-linux64/chrome-headless-shell"
    )
    browser = find_browser(environ=machine)
    assert (browser.path, browser.kind, browser.source) == (newest, "headless-shell", "playwright")


def test_a_browser_that_cannot_start_is_passed_over(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "playwright/chromium_headless_shell-1/x/headless_shell", "echo missing libnss3.so >&2; exit 127")
    (tmp_path / "playwright/chromium_headless_shell-2/x").mkdir(parents=True)  # a download that was broken off
    system = script(tmp_path / "bin/chromium")
    assert find_browser(environ=machine).path == system


def test_the_systems_headless_shell_comes_before_its_browser(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin/chromium")
    shell = script(tmp_path / "bin/chromium-headless-shell")
    assert find_browser(environ=machine).path == shell


def test_no_browser_says_what_to_do_and_what_was_tried(machine: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BrowserMissingError, match="make setup"):
        find_browser(environ=machine)
    script(tmp_path / "bin/chromium", "echo no libnss3 >&2; exit 1")
    with pytest.raises(BrowserMissingError, match="no libnss3"):
        find_browser(environ=machine)


def test_install_leaves_a_machine_with_a_browser_alone(machine: dict[str, str], tmp_path: Path) -> None:
    shell = script(tmp_path / "bin/chromium-headless-shell")
    script(tmp_path / "bin/apt-get", f"touch {tmp_path}/ran")
    assert install_browser(environ=machine, is_root=True).path == shell
    assert not (tmp_path / "ran").exists()


def test_install_falls_back_to_the_distributions_package(machine: dict[str, str], tmp_path: Path) -> None:
    """apt-get here knows no headless shell, as on older Debian."""
    ready, target = script(tmp_path / "package/chromium"), tmp_path / "bin/chromium"
    script(
        tmp_path / "bin/apt-get",
        f'case "$*" in *headless*) echo "E: Unable to locate package" >&2; exit 100;;'
        f" *chromium*) /bin/cp {ready} {target};; esac",
    )
    lines: list[str] = []
    assert install_browser(environ=machine, is_root=True, report=lines.append).path == target
    assert any("Unable to locate" in line for line in lines)
    assert any("ECONNREFUSED" in line or "Failed to download" in line for line in lines)


def test_install_without_root_uses_no_package_manager(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin/apt-get", f"touch {tmp_path}/ran")
    with pytest.raises(BrowserMissingError, match="could be installed"):
        install_browser(environ=machine, is_root=False)
    assert not (tmp_path / "ran").exists()


def test_playwright_folder_follows_its_variables() -> None:
    assert playwright_folder({"PLAYWRIGHT_BROWSERS_PATH": "/a"}) == Path("/a")
    assert playwright_folder({"HOME": "/home/anna"}).parts[:3] == ("/", "home", "anna")
    assert playwright_folder({"HOME": "/home/anna"}).name == "ms-playwright"


def test_fonts_are_files_with_a_fonts_name(tmp_path: Path) -> None:
    assert not has_fonts([str(tmp_path), str(tmp_path / "missing")])
    (tmp_path / "readme.txt").touch()
    assert not has_fonts([str(tmp_path)])
    (tmp_path / "sans.ttf").touch()
    assert has_fonts([str(tmp_path)])


def test_installing_fonts_never_fails(machine: dict[str, str]) -> None:
    assert install_fonts(environ=machine, is_root=False) == has_fonts()


def test_this_machines_browser_is_found_and_printed(capfd: pytest.CaptureFixture[str]) -> None:
    browser = find_browser()
    assert os.access(browser.path, os.X_OK)
    assert main([]) == 0
    assert browser.version in capfd.readouterr().out
