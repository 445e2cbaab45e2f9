"""What this machine can do: one finding per thing that training needs, each with what to do about it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from browser_env.errors import BrowserMissingError, InfraError
from browser_env.locate import BrowserBinary, find_browser, has_fonts
from experiments.tracking_uri import default_uri, public_uri, require_answer

GIB = 1024**3
PROBE_TIMEOUT_S = 60
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one thing."""

    name: str
    status: Status
    detail: str
    remedy: str = ""  # what to do; empty where all is well


def diagnose(*, runs: Path, find: Callable[[], BrowserBinary] = find_browser) -> Iterator[Finding]:
    """Yield the findings one by one; the browser and torch take seconds."""
    yield check_python(sys.version_info[:3])
    try:
        binary = find()
    except BrowserMissingError as error:
        remedy = "run 'make setup', or correct WEBDUAL_BROWSER"
        yield Finding(name="browser", status="fail", detail=str(error), remedy=remedy)
    else:
        yield check_kind(binary)
        yield check_frames(binary)
    yield check_fonts(has_fonts())
    yield check_gpu(driver=shutil.which("nvidia-smi") is not None)
    yield check_cores(usable_cores())
    yield check_memory(memory_bytes() / GIB)
    yield check_disk(runs, free_gib=free_bytes(runs) / GIB)
    yield check_tracking(default_uri(runs))


def check_python(version: tuple[int, int, int]) -> Finding:
    """Judge the interpreter's version."""
    detail = f"{'.'.join(map(str, version))} at {sys.executable}"
    if version < (3, 11):
        return Finding(name="python", status="fail", detail=detail, remedy="make setup PYTHON=python3.11, or newer")
    return Finding(name="python", status="ok", detail=detail)


def check_kind(binary: BrowserBinary) -> Finding:
    """Judge which browser was found."""
    detail = f"{binary.kind} {binary.version} at {binary.path}, from {binary.source}"
    if binary.kind == "headless-shell":
        return Finding(name="browser", status="ok", detail=detail)
    remedy = "only the headless shell draws frame by frame: install the package chromium-headless-shell"
    return Finding(name="browser", status="warn", detail=detail, remedy=remedy)


def check_frames(binary: BrowserBinary) -> Finding:
    """Start the browser, and judge whether it draws frames when told to."""
    from browser_env.browser import probe_frame_control  # noqa: PLC0415  # Playwright is slow to import

    remedy = "install the package chromium-headless-shell, or correct WEBDUAL_BROWSER"
    try:
        controlled = asyncio.run(asyncio.wait_for(probe_frame_control(binary), PROBE_TIMEOUT_S))
    except (InfraError, TimeoutError) as error:
        detail = str(error) or f"no frame within {PROBE_TIMEOUT_S} s"
        return Finding(name="frame control", status="fail", detail=detail, remedy=remedy)
    if controlled:
        return Finding(name="frame control", status="ok", detail="the browser starts, and draws frames when told to")
    detail = "the browser starts, but draws frames in its own time: slower, and observations may differ between runs"
    return Finding(name="frame control", status="warn", detail=detail, remedy=remedy)


def check_fonts(found: bool) -> Finding:
    """Judge whether pages have letters."""
    if found:
        return Finding(name="fonts", status="ok", detail="found")
    remedy = "install the package fonts-liberation"
    return Finding(name="fonts", status="warn", detail="none: pages show no text", remedy=remedy)


def check_gpu(*, driver: bool) -> Finding:
    """Judge whether torch works, and uses the GPU that the machine has."""
    try:
        import torch  # noqa: PLC0415  # a broken torch is a finding, and torch is slow to import
    except (ImportError, OSError) as error:
        return Finding(name="gpu", status="fail", detail=f"torch does not load: {error}", remedy="run 'make setup'")
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / GIB
        detail = f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB, torch {torch.__version__}"
        return Finding(name="gpu", status="ok", detail=detail)
    if driver:
        detail = f"there is an NVIDIA driver, but torch {torch.__version__} cannot use it"
        return Finding(name="gpu", status="warn", detail=detail, remedy="install a torch that is built for CUDA")
    return Finding(name="gpu", status="ok", detail="none: the compact network trains on the processor")


def check_cores(count: int) -> Finding:
    """Judge the number of cores; each environment keeps about one busy."""
    detail = f"{count} cores"
    if count >= 2:
        return Finding(name="cores", status="ok", detail=detail)
    remedy = "expect slow rollouts, or use a machine with at least 2"
    return Finding(name="cores", status="warn", detail=detail, remedy=remedy)


def check_memory(gib: float) -> Finding:
    """Judge the memory; a browser takes about a quarter GiB, torch and MLflow about one."""
    status = _grade(gib, fail_below=1.5, warn_below=4)
    remedy = "" if status == "ok" else "close programs, or use a machine with at least 4 GiB"
    return Finding(name="memory", status=status, detail=f"{gib:.1f} GiB", remedy=remedy)


def check_disk(runs: Path, *, free_gib: float) -> Finding:
    """Judge the room for runs, and whether they may be written."""
    folder = existing_folder(runs)
    detail = f"{free_gib:.1f} GiB free for {runs}"
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "choose another folder with --runs"
        return Finding(name="disk", status="fail", detail=f"{folder} may not be written", remedy=remedy)
    status = _grade(free_gib, fail_below=0.5, warn_below=5)
    remedy = "" if status == "ok" else "delete old runs, or choose another folder with --runs"
    return Finding(name="disk", status=status, detail=detail, remedy=remedy)


def check_tracking(uri: str) -> Finding:
    """Judge whether runs can be recorded at this address."""
    try:
        require_answer(uri)
    except InfraError as error:
        remedy = "set MLFLOW_TRACKING_URI to a store that answers, or unset it"
        return Finding(name="tracking", status="fail", detail=str(error), remedy=remedy)
    return Finding(name="tracking", status="ok", detail=public_uri(uri))


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_bytes() -> int:
    """Return the machine's memory, or the container's where that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [path.read_text().strip() for path in CGROUP_LIMITS if path.is_file()]
    return min([total, *(int(limit) for limit in limits if limit.isdecimal())])


def free_bytes(runs: Path) -> int:
    """Return the free bytes of the disk that the folder of runs lies on, or will lie on."""
    return shutil.disk_usage(existing_folder(runs)).free


def existing_folder(path: Path) -> Path:
    """Return the nearest ancestor that is a folder, the path itself included."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _grade(value: float, *, fail_below: float, warn_below: float) -> Status:
    if value < fail_below:
        return "fail"
    return "warn" if value < warn_below else "ok"
