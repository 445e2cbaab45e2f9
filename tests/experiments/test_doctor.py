import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from browser_env.errors import BrowserMissingError
from browser_env.locate import BrowserBinary, find_browser
from experiments.doctor import (
    check_cores,
    check_disk,
    check_fonts,
    check_frames,
    check_gpu,
    check_kind,
    check_memory,
    check_python,
    check_tracking,
    diagnose,
    existing_folder,
    free_bytes,
    memory_bytes,
    usable_cores,
)


def no_browser() -> BrowserBinary:
    raise BrowserMissingError("no Chromium was found")


def chromium(path: Path) -> BrowserBinary:
    return BrowserBinary(path=path, kind="chromium", version="1.2", source="system")


def test_a_machine_without_a_browser_is_told_what_to_do(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in diagnose(runs=tmp_path, find=no_browser)}
    assert findings["browser"].status == "fail"
    assert "make setup" in findings["browser"].remedy
    assert "frame control" not in findings
    assert set(findings) >= {"python", "fonts", "gpu", "cores", "memory", "disk", "tracking"}


def test_whatever_is_not_well_has_a_remedy(tmp_path: Path) -> None:
    findings = [
        check_python((3, 10, 0)),
        check_kind(chromium(tmp_path / "chromium")),
        check_frames(chromium(tmp_path / "missing")),
        check_fonts(False),
        check_cores(1),
        check_memory(2.0),
        check_memory(1.0),
        check_disk(tmp_path, free_gib=1.0),
        check_disk(tmp_path, free_gib=0.1),
        check_tracking("http://127.0.0.1:9"),
    ]
    assert [finding.status for finding in findings] == [
        *("fail", "warn", "fail", "warn", "warn"),
        *("warn", "fail", "warn", "fail", "fail"),
    ]
    assert all(finding.remedy for finding in findings)


def test_what_is_well_has_none(tmp_path: Path) -> None:
    findings = [
        check_python((3, 11, 0)),
        check_fonts(True),
        check_gpu(driver=False),
        check_cores(2),
        check_memory(16.0),
        check_disk(tmp_path, free_gib=100.0),
        check_tracking(f"sqlite:///{tmp_path}/runs/mlflow.db"),
    ]
    assert {finding.status for finding in findings} == {"ok"}
    assert not any(finding.remedy for finding in findings)


def test_this_machines_browser_draws_frames() -> None:
    assert check_frames(find_browser()).status in ("ok", "warn")


def test_a_store_with_a_password_is_named_without_it() -> None:
    finding = check_tracking("http://anna:secret@127.0.0.1:9")
    assert "secret" not in finding.detail


def test_a_file_in_the_stores_place_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    assert check_tracking(f"sqlite:///{tmp_path}/runs/mlflow.db").status == "fail"
    (tmp_path / "mlflow.db").write_text("not a database, and long enough to be read as one" * 10)
    assert check_tracking(f"sqlite:///{tmp_path}/mlflow.db").status == "fail"


def test_the_disk_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    assert existing_folder(tmp_path / "a/b") == tmp_path
    assert free_bytes(tmp_path / "a/b") > 0


def test_the_machine_has_cores_and_memory() -> None:
    assert usable_cores() >= 1
    assert memory_bytes() > 2**27


@pytest.mark.parametrize("chosen", ["/nowhere/chromium", "/bin/false"])
def test_the_command_fails_and_writes_what_it_found(tmp_path: Path, chosen: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "experiments.cli", "doctor", "--runs", tmp_path, "--json", tmp_path / "new/doctor.json"],
        env=os.environ | {"WEBDUAL_BROWSER": chosen},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert "In the way: browser" in result.stdout
    findings = json.loads((tmp_path / "new/doctor.json").read_text())["findings"]
    assert {"name", "status", "detail", "remedy"} == set(findings[0])
