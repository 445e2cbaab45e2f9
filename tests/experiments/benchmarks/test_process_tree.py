import os
import subprocess
import sys
import time

import pytest

from experiments.benchmarks.process_tree import (
    KINDS,
    Spent,
    cpu_between,
    cpu_s,
    family,
    kind_of,
    living,
    memory_mib,
    require_proc,
    still_living,
)

BUSY = "import subprocess, sys; sum(range(3_000_000)); sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


def test_children_of_children_belong_to_the_family() -> None:
    require_proc()
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"x"
        members = family([process.pid])
        assert process.pid in members
        assert len(members) == 2
        assert os.getpid() not in members
        assert cpu_between({}, cpu_s([process.pid]))["python"] > 0
        assert memory_mib([process.pid]) > 1
        process.communicate()
    assert family([process.pid]) == []


def test_an_orphan_is_still_living_until_it_ends() -> None:
    require_proc()
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"x"
        owned = living([process.pid])
        assert {pid for pid, _ in owned} == set(family([process.pid]))
        process.kill()
        process.wait()
        assert len(still_living(owned)) == 1  # it reads on, and its parent is another one now
        process.communicate()
    deadline = time.monotonic() + 10
    while still_living(owned) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not still_living(owned)


def test_what_ended_counts_once_and_never_less_than_nothing() -> None:
    before = {
        1: Spent(kind="python", own_s=1.0, ended_s=0.5),
        2: Spent(kind="browser", own_s=2.0, ended_s=0.0),
    }
    waited_for = {1: Spent(kind="python", own_s=1.5, ended_s=2.75), 3: Spent(kind="browser", own_s=0.25, ended_s=0.0)}
    assert cpu_between(before, waited_for) == {"python": 0.5, "browser": 0.25, "ended": 0.25}
    orphaned = {1: Spent(kind="python", own_s=1.5, ended_s=0.5)}
    assert cpu_between(before, orphaned) == {"python": 0.5}


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/venv/bin/python3.11\0-c\0import x", "python"),
        ("/usr/lib/chromium/chromium\0--headless", "browser"),
        ("/usr/bin/headless_shell\0--no-sandbox", "browser"),
        ("/usr/lib/chromium/chromium\0--type=renderer\0--x", "renderer"),
        ("/usr/lib/chromium/chromium\0--type=gpu-process", "gpu"),
        ("/usr/lib/chromium/chromium\0--type=zygote", "other"),
        ("/usr/bin/chromedriver\0--port=1", "other"),
        ("/somewhere/node\0cli.js", "other"),
        ("", "other"),
    ],
)
def test_a_process_is_told_by_its_command(command: str, kind: str) -> None:
    assert kind_of(command) == kind
    assert kind in KINDS
