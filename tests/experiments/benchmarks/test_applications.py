"""What starts and resets applications; the applications themselves are run by ``webdual bench tasks``."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from browser_env.errors import InfraError, UsageError
from experiments.benchmarks.applications import APPLICATIONS, restoring, running, samples
from experiments.benchmarks.applications.dokuwiki import pages
from experiments.benchmarks.applications.serving import free_port, run_to_end, server
from experiments.benchmarks.process_tree import living, still_living


def names_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT name FROM roasters ORDER BY id")]


def test_data_come_back_while_they_are_used(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    (data / "pages").mkdir(parents=True)
    (data / "pages" / "kept.txt").write_text("as it was")
    samples.write_database(data / "a.db")
    restoring.copy_folder(data, copy)
    before = names_in(data / "a.db")
    with closing(sqlite3.connect(data / "a.db")) as server_side:
        server_side.execute("PRAGMA journal_mode=WAL")
        server_side.execute("DELETE FROM roasters")
        server_side.commit()
        (data / "pages" / "kept.txt").write_text("changed")
        (data / "pages" / "new").mkdir()
        (data / "pages" / "new" / "page.txt").write_text("new")
        subprocess.run([sys.executable, "-I", restoring.__file__, copy, data], check=True)
        assert len(server_side.execute("SELECT * FROM roasters").fetchall()) == len(before) == 6
    assert (data / "pages" / "kept.txt").read_text() == "as it was"
    assert not (data / "pages" / "new").exists()
    assert names_in(data / "a.db") == before


def test_a_server_ends_with_all_its_processes(tmp_path: Path) -> None:
    port = free_port()
    program = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-m', 'http.server', '{port}', '-b', '127.0.0.1'])"
    )
    url = f"http://127.0.0.1:{port}/"
    with server([sys.executable, "-c", program], url=url, log=tmp_path / "server.log"):
        assert urllib.request.urlopen(url).status == 200
        processes = living([os.getpid()])
        assert len(processes) >= 3
    deadline = time.monotonic() + 5
    own = {pid for pid, _ in living([os.getpid()])}
    while still_living(one for one in processes if one[0] not in own) and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert not still_living(one for one in processes if one[0] not in own)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=2)


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "raise SystemExit('there is no data')"]
    with (
        pytest.raises(InfraError, match="there is no data"),
        server(failing, url="http://127.0.0.1:9/", log=tmp_path / "l"),
    ):
        pass
    with pytest.raises(InfraError, match="there is no data"):
        run_to_end(failing, log=tmp_path / "l")


def test_an_unknown_application_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are mlflow, datasette"), running("nothing", tmp_path):
        pass


def test_samples_are_the_same_every_time_and_names_are_unique() -> None:
    assert samples.beans(56) == samples.beans(56)
    for rows in (samples.beans(56), samples.books(45), samples.tickets(42)):
        assert len({row[0] for row in rows}) == len(rows)
    assert len(pages()) > 60
    assert {name for name, application in APPLICATIONS.items() if application.held_out} == {"sqlite-web"}
