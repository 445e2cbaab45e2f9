import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser_env.serving import FolderServer
from experiments.cli import main

PAGE = "<!DOCTYPE html><title>{0}</title><link rel=stylesheet href=style.css><a href=b.html>{0}</a><p>Hello</p>"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "a.html").write_text(PAGE.format("first"))
    (folder / "b.html").write_text(PAGE.format("second"))
    (folder / "style.css").write_text("p { color: green }")
    with FolderServer(folder) as server:
        yield f"http://{server.address}"


def snapshot(*arguments: object) -> int:
    return main(["snapshot", *map(str, arguments)])


def test_a_site_is_recorded_shown_and_checked(site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, result = tmp_path / "site.har.zip", tmp_path / "result.json"
    assert snapshot("record", f"{site}/a.html", "--out", out, "--pages", 5, "--json", result) == 0
    recorded = json.loads(result.read_text())
    assert recorded["pages"] == [f"{site}/a.html", f"{site}/b.html"]
    assert recorded["sites"] == {site: {"document": 2, "stylesheet": 2}}
    assert snapshot("show", out, "--json", result) == 0
    assert json.loads(result.read_text()) == recorded
    assert recorded["digest"] in capsys.readouterr().out.replace("\n", "")
    assert snapshot("check", out, "--json", result) == 0
    assert json.loads(result.read_text())["misses"] == []


def test_a_snapshot_that_lacks_an_answer_fails_its_check(site: str, tmp_path: Path) -> None:
    out, result = tmp_path / "site.har", tmp_path / "result.json"
    assert snapshot("record", f"{site}/a.html", "--out", out) == 0
    data = json.loads(out.read_text())
    data["log"]["entries"] = [e for e in data["log"]["entries"] if not e["request"]["url"].endswith(".css")]
    out.write_text(json.dumps(data))
    assert snapshot("check", out, "--json", result) == 1
    assert json.loads(result.read_text())["misses"][0]["miss"] == f"stylesheet GET {site}/style.css"


@pytest.mark.parametrize(
    "arguments",
    [
        ["record", "http://127.0.0.1:9/", "--out", "site.txt"],
        ["record", "file:///etc/passwd", "--out", "site.har"],
        ["record", "http://127.0.0.1:9/", "--out", "site.har", "--pages", "0"],
        ["record", "http://127.0.0.1:9/", "--out", "site.har", "--viewport", "big"],
        ["record", "http://127.0.0.1:9/", "--out", "site.har", "--actions", "missing.txt"],
        ["record", "http://127.0.0.1:9/"],
    ],
)
def test_misuse_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert snapshot(*arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["show", "missing.har"], ["check", "missing.har"], ["record", "http://127.0.0.1:9/", "--out", "x.har"]],
)
def test_what_is_not_there_fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert snapshot(*arguments) == 1
    assert capsys.readouterr().err.startswith("webdual: ")
