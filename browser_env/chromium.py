"""A Chromium process: started with a DevTools pipe, ended with everything that belongs to it.

The pipe ties the browser's life to ours: Chromium ends when its other end closes, however this process died, and a
shell that waits for it then removes the profile folder. Where even that fails (the browser hangs while its owner is
killed), the next launch finds a folder whose lock nobody holds any more, and clears it away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

PREFIX = "webdual-"  # of profile folders: webdual-OWNER-RANDOM, the owner's process id
LOCK = "owner.lock"  # inside, held by the owner as long as it lives
YOUNG_S = 30.0  # a folder without its lock may be in the making for so long
RUN_AND_CLEAN = 'trap "" INT TERM; "$@"; rm -rf "$PROFILE"'
END_S = 3.0  # a browser that was told to end gets so long, then it is killed
POLL_S = 0.005
FREE_DESCRIPTORS = 64  # the pipe's ends are moved here first: 3 and 4 may be taken


@dataclass(slots=True, kw_only=True, eq=False, weakref_slot=True)
class ChromiumProcess:
    """The process group of a browser, its profile folder, our ends of its pipe; it ends with the last who has it."""

    pid: int  # of the shell that waits for the browser; it leads a process group of its own
    profile: Path
    write_fd: int  # commands go in here
    read_fd: int  # answers and events come out here
    lock_fd: int  # holds the profile
    _forgotten: weakref.finalize[Any, ChromiumProcess] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ours = (self.write_fd, self.read_fd, self.lock_fd)
        self._forgotten = weakref.finalize(self, _let_go, os.getpid(), self.pid, self.profile, ours)
        self._forgotten.atexit = False  # then the pipe closes by itself

    @classmethod
    def start(cls, binary: Path, flags: Sequence[str]) -> Self:
        """Start a browser with a new profile; raise :class:`OSError` where the system refuses."""
        reap_leftovers()
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as theirs:  # what is ours stays, if all goes well
            profile = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
            undo.callback(shutil.rmtree, profile, ignore_errors=True)
            lock_fd = os.open(profile / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            undo.callback(os.close, lock_fd)
            fcntl.flock(lock_fd, fcntl.LOCK_EX)
            theirs_in, write_fd = _pipe()
            theirs.callback(os.close, theirs_in)
            undo.callback(os.close, write_fd)
            read_fd, theirs_out = _pipe()
            undo.callback(os.close, read_fd)
            theirs.callback(os.close, theirs_out)
            null = os.open(os.devnull, os.O_RDWR)
            theirs.callback(os.close, null)
            command = [str(binary), *flags, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
            pid = os.posix_spawn(
                "/bin/sh",
                ["sh", "-c", RUN_AND_CLEAN, "sh", *command],
                os.environ | {"PROFILE": str(profile), "TZ": "UTC", "LANG": "en_US.UTF-8", "LANGUAGE": "en_US"},
                file_actions=[
                    *((os.POSIX_SPAWN_DUP2, null, standard) for standard in (0, 1, 2)),
                    (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                    (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                ],
                setpgroup=0,
            )
            undo.pop_all()
        return cls(pid=pid, profile=profile, write_fd=write_fd, read_fd=read_fd, lock_fd=lock_fd)

    def end(self) -> None:
        """Close the pipe, wait for the browser to go, kill what stays, and remove the profile; safe to call twice."""
        if self._forgotten.detach() is None:
            return
        pid, self.pid = self.pid, 0
        os.close(self.write_fd)
        os.close(self.read_fd)
        _see_off(pid, self.profile, self.lock_fd)

    def kill(self) -> None:
        """Kill the browser's whole process group; :meth:`end` has still to be called."""
        if self.pid:
            _kill_group(self.pid)


def _let_go(owner: int, pid: int, profile: Path, ours: tuple[int, int, int]) -> None:
    """End a browser that nobody has any more, as something failed just when it was there; never wait for it here."""
    if os.getpid() != owner:  # a fork of the owner has forgotten it
        return
    write_fd, read_fd, lock_fd = ours
    os.close(write_fd)
    os.close(read_fd)
    threading.Thread(target=_see_off, args=(pid, profile, lock_fd), daemon=True).start()


def _see_off(pid: int, profile: Path, lock_fd: int) -> None:
    """Wait for a browser whose pipe is closed to go, kill what stays, and remove its profile."""
    if not _wait(pid, END_S):
        _kill_group(pid)
        _wait(pid, END_S)
    _kill_group(pid)  # children that outlived the browser
    shutil.rmtree(profile, ignore_errors=True)
    os.close(lock_fd)


_reaping = threading.Lock()


def reap_leftovers(folder: Path | None = None) -> int:
    """Kill browsers and remove profiles whose owners are gone; return how many."""
    found = 0
    with _reaping:
        for profile in (folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*-*"):
            if _is_left(profile):
                _kill_users_of(profile)
                shutil.rmtree(profile, ignore_errors=True)
                found += 1
    return found


def _is_left(profile: Path) -> bool:
    """Whether nobody holds the lock of what once was somebody's profile."""
    try:
        lock_fd = os.open(profile / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # no profile, another user's, or one in the making
        return False
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return time.time() - profile.stat().st_mtime > YOUNG_S
    finally:
        os.close(lock_fd)


def _kill_users_of(profile: Path) -> None:
    needle = f"--user-data-dir={profile}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended, or is another user's
            if needle in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def _pipe() -> tuple[int, int]:
    """Return the read and the write end of a pipe, at numbers out of the way, closed in children."""
    ends = os.pipe()
    moved: list[int] = []
    try:
        for end in ends:
            moved.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FREE_DESCRIPTORS))
    except OSError:
        for end in moved:
            os.close(end)
        raise
    finally:
        for end in ends:
            os.close(end)
    return moved[0], moved[1]


def _wait(pid: int, limit_s: float) -> bool:
    """Reap a child; return whether it ended in time."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return True
        except ChildProcessError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
