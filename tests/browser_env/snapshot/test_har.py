import base64
import hashlib
import json
import multiprocessing
import os
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from browser_env.errors import DataError, UsageError
from browser_env.locate import find_browser
from browser_env.snapshot import archive
from browser_env.snapshot.archive import ZipBodies, body_name
from browser_env.snapshot.exchange import Exchange, Request, Response, Snapshot
from browser_env.snapshot.har import open_snapshot, read_snapshot, write_snapshot
from browser_env.task import Task, VerifierSpec

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HEADERS = st.lists(st.tuples(st.from_regex(r"[a-z][a-z-]{0,9}", fullmatch=True), TEXT), max_size=3).map(tuple)


def entry(url: str = "http://a/", **content: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2024-05-01T10:00:00Z",
        "request": {"method": "get", "url": url, "headers": [{"name": ":path", "value": "/"}]},
        "response": {"status": 200, "headers": [{"name": "X-A", "value": "1"}], "content": content or {"text": "hi"}},
    }


def har(*entries: Any, **log: Any) -> dict[str, Any]:
    return {"log": {"version": "1.2", "entries": list(entries), **log}}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a HAR file of JSON data, or of bytes; with members, as an archive."""

    def write(data: Any, **members: bytes) -> Path:
        text = data if isinstance(data, bytes) else json.dumps(data).encode()
        path = tmp_path / ("a.har.zip" if members else "a.har")
        if members:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr("har.har", text)
                for name, body in members.items():
                    file.writestr(name, body)
        else:
            path.write_bytes(text)
        return path

    return write


def make(bodies: list[tuple[Any, Any, Any, bytes, bytes]]) -> Snapshot:
    exchanges, known = [], {}
    for number, (sent, got, status, posted, body) in enumerate(bodies):
        name = body_name(body, "text/plain")
        known[name] = body
        request = Request(method="POST", url=f"http://a/{number}", headers=sent, body=posted, kind="xhr")
        response = Response(status=status, headers=got, body=name)
        exchanges.append(Exchange(request=request, response=response, started="2024-01-01T00:00:00Z", page="http://a/"))
    return Snapshot(exchanges=tuple(exchanges), bodies=known, pages=("http://a/",), skipped=("websocket ws://a/",))


@pytest.mark.parametrize("name", ["site.har", "site.har.zip"])
@given(
    rows=st.lists(st.tuples(HEADERS, HEADERS, st.sampled_from([200, 201, 404]), st.binary(), st.binary()), max_size=4)
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, name: str, rows: Any) -> None:
    path, snapshot = tmp_path_factory.mktemp("har") / name, make(rows)
    write_snapshot(snapshot, path)
    read = read_snapshot(path)
    assert [e.request for e in read.exchanges] == [e.request for e in snapshot.exchanges]
    for one, other in zip(read.exchanges, snapshot.exchanges, strict=True):
        assert (one.started, one.page, one.response.status) == (other.started, other.page, other.response.status)
        assert one.response.headers == other.response.headers
        assert (read.bodies[one.response.body] if one.response.body else b"") == snapshot.bodies[other.response.body]
    assert (read.pages, read.skipped) == (snapshot.pages, snapshot.skipped)
    assert read.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.har.zip", "b.har.zip"):
        write_snapshot(make([((), (), 200, b"", b"body")]), tmp_path / name)
    assert (tmp_path / "a.har.zip").read_bytes() == (tmp_path / "b.har.zip").read_bytes()


def test_files_of_other_tools_are_read(write: Callable[..., Path]) -> None:
    posted = entry("http://a/post")
    posted["request"] |= {"method": "POST", "postData": {"mimeType": "x", "params": [{"name": "q", "value": "ü 1"}]}}
    unanswered, kept_out = entry("http://a/failed"), entry("http://a/big", size=9)
    unanswered["response"]["status"] = 0
    rows = [entry(), posted, unanswered, kept_out, entry("ws://a/s"), entry("data:text/plain,x"), entry("http://[bad/")]
    snapshot = read_snapshot(write(har(*rows)))
    assert [e.request.url for e in snapshot.exchanges] == ["http://a/", "http://a/post"]
    assert snapshot.exchanges[0].request.method == "GET"
    assert snapshot.exchanges[0].request.headers == ()
    assert snapshot.exchanges[0].response.headers == (("x-a", "1"),)
    assert snapshot.exchanges[1].request.body == b"q=%C3%BC+1"
    assert len(snapshot.skipped) == 5


def test_another_tool_replays_a_recorded_site(studio: Any, shop: Any) -> None:
    never = VerifierSpec(name="url", params={"regex": "(?!)"})
    task = studio.record(Task(name="test", url=shop.url, verifier=never), [], "tool.har.zip")
    shop.stop()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_browser().path), chromium_sandbox=False)
        page = browser.new_page()
        page.route_from_har(task.snapshot, not_found="abort")
        page.goto(shop.url)
        assert page.title() == "Shop"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(244, 240, 232)"
        browser.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"\xff\xfe",
        {"log": []},
        {"log": {"entries": 5}},
        har(5),
        har({}),
        har({"request": {}, "response": {}}),
        har(entry() | {"response": {"status": "x"}}),
        har(entry() | {"response": {"status": 200, "headers": 7}}),
        har(entry(text="!!", encoding="base64")),
        har(entry(text="aGk", encoding="base64")),
        har(entry(_file="missing.txt")),
        har(entry(), pages=[{}]),
        b'{"log": {"entries": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_har_is_refused_in_words(write: Callable[..., Path], data: Any) -> None:
    with pytest.raises(DataError, match=r"a\.har"):
        read_snapshot(write(data))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for read in (lambda: read_snapshot(tmp_path / "none.har"), lambda: open_snapshot(str(tmp_path / "none.har"))):
        with pytest.raises(DataError, match=r"none\.har"):
            read()
    with pytest.raises(DataError, match="there is no snapshot"):
        open_snapshot("\0")


def test_a_cut_or_changed_archive_is_told(write: Callable[..., Path]) -> None:
    body = bytes(range(256)) * 40
    whole = write(har(entry(_file="b.bin")), **{"b.bin": body}).read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-30], whole[40:]):
        path = write(damaged)
        with pytest.raises(DataError):
            read_all(path)
    at = whole.index(b"b.bin") + 30
    path = write(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    with pytest.raises(DataError, match="damaged"):
        read_all(path)


def read_all(path: Path) -> list[bytes]:
    snapshot = read_snapshot(path)
    return [snapshot.bodies[exchange.response.body] for exchange in snapshot.exchanges]


def test_an_archive_without_a_har_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"holds no \.har"):
        read_snapshot(tmp_path / "a.zip")


def test_names_that_leave_the_archive_are_only_names(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "..\\secret.txt"):
        with pytest.raises(DataError, match="missing from the archive"):
            read_snapshot(write(har(entry(_file=name)), **{"b.bin": b"x"}))
    snapshot = read_snapshot(write(har(entry(_file="../secret.txt")), **{"../secret.txt": b"inside"}))
    assert snapshot.bodies["../secret.txt"] == b"inside"
    assert {path.name for path in tmp_path.iterdir()} == {"secret.txt", "a.har.zip"}


def test_a_bomb_is_refused_before_it_is_unpacked(write: Callable[..., Path]) -> None:
    path = write(har(entry(_file="b.bin")), **{"b.bin": bytes(archive.MAX_BODY_BYTES + 1)})
    assert path.stat().st_size < 1_000_000
    snapshot = read_snapshot(path)
    with pytest.raises(DataError, match="more than 256 MiB"):
        snapshot.bodies["b.bin"]


def test_an_archive_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a", b"")
        file.writestr("b", b"")
    directory = bytearray((tmp_path / "a.zip").read_bytes())
    for match in re.finditer(rb"PK\x01\x02", bytes(directory)):
        directory[match.start() + 24 : match.start() + 28] = b"\xf0\xff\xff\xff"  # the length that it claims
    (tmp_path / "a.zip").write_bytes(directory)
    with pytest.raises(DataError, match="it is refused"):
        ZipBodies(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["site.txt", "site"])
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="must end in"):
        write_snapshot(make([]), tmp_path / name)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    write_snapshot(make([((), (), 200, b"", b"body")]), tmp_path / "site.har")
    before = (tmp_path / "site.har").read_bytes()
    with pytest.raises(KeyError):
        write_snapshot(
            Snapshot(exchanges=make([((), (), 200, b"", b"other")]).exchanges, bodies={}), tmp_path / "site.har"
        )
    assert (tmp_path / "site.har").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["site.har"]


def test_binary_bodies_are_base64_in_one_file(tmp_path: Path) -> None:
    write_snapshot(make([((), (), 200, b"\xff\x00", b"\x00\xff")]), tmp_path / "site.har")
    first = json.loads((tmp_path / "site.har").read_text())["log"]["entries"][0]
    assert base64.b64decode(first["request"]["postData"]["text"]) == b"\xff\x00"
    assert base64.b64decode(first["response"]["content"]["text"]) == b"\x00\xff"


def are_whole(bodies: ZipBodies, names: list[str]) -> bool:
    return all(bodies[name] == name.encode() * 5000 for _ in range(20) for name in names)


def test_forked_processes_read_one_archive_side_by_side(tmp_path: Path) -> None:
    names = [f"body{number}" for number in range(20)]
    archive.write_zip(tmp_path / "a.zip", {name: name.encode() * 5000 for name in names})
    bodies = ZipBodies(tmp_path / "a.zip")
    assert are_whole(bodies, names)
    fork = multiprocessing.get_context("fork")
    readers = [fork.Process(target=lambda: os._exit(not are_whole(bodies, names))) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that threads are not copied
        for reader in readers:
            reader.start()
    for reader in readers:
        reader.join()
    bodies.close()
    assert [reader.exitcode for reader in readers] == [0, 0, 0]
