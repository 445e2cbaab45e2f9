"""Several devices that learn as one: each takes its share of a minibatch, and all take the same step.

The process that trains leads; each further device has a process of its own, which is sent every update's samples and
ends with the leader. All hold the same weights, as in torch's DistributedDataParallel, but gradients are added up, not
averaged, because losses are divided by the whole minibatch's totals before.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import _set_pg_timeout

from browser_env.errors import InfraError

PATIENCE = timedelta(days=2)  # a follower waits as long as practice takes; lost connections are noticed at once
MEETING = timedelta(minutes=5)  # until all processes must have started
END_S = 10.0  # until a process that was told to end is killed
CPU = torch.device("cpu")

Item = TypeVar("Item")
Value = TypeVar("Value")
Follow = Callable[["Team"], None]  # what a follower does; must be importable


class Team:
    """One member among ``size``: what it is given of the work, and how results come together."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    def share(self, items: Sequence[Item]) -> list[Item]:
        """Return this member's part of what all have."""
        return list(items[self.rank :: self.size])

    @contextmanager
    def together(self, message: Any, *, first: Callable[[], Any]) -> Iterator[None]:
        """Have every follower, if there are any, hear a message and take part in what happens meanwhile.

        Who has just come hears what is ``first`` before.
        """
        yield

    def hear(self) -> Any:
        """Return the leader's next message."""
        heard = [None]
        dist.broadcast_object_list(heard, src=0, device=CPU)
        return heard[0]

    def collect(self, value: Value) -> list[Value]:
        """Return every member's value, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        with _noticing():
            dist.all_gather_object(values, value)
        return values

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their sums over all members."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        with _noticing():
            dist.all_reduce(flat)
        for tensor, total in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def close(self) -> None:
        """End what was begun."""


class LeadingTeam(Team):
    """The member that others follow; it starts them when it first has something to tell."""

    def __init__(self, size: int, follow: Follow, *, meeting: timedelta = MEETING) -> None:
        super().__init__(rank=0, size=size)
        self._follow, self._meeting = follow, meeting
        self._folder = ""  # through which they find each other, while there are any
        self._followers: list[BaseProcess] = []  # the processes of the others, by rank
        self._busy = False  # they take part in something, or were left in the middle of it

    @contextmanager
    def together(self, message: Any, *, first: Callable[[], Any]) -> Iterator[None]:
        """Have every follower hear a message and take part; raise :class:`InfraError` where one is gone."""
        self._busy = True
        if not self._followers:
            self._start()
            self._send(first())
        self._send(message)
        yield
        self._busy = False

    def _start(self) -> None:
        """Start the followers and meet them; raise :class:`InfraError` where one does not come."""
        context = get_context("spawn")
        # It stays as long as they do: who has met the leader may still be reading it, and so do groups made later.
        self._folder = tempfile.mkdtemp(prefix="webdual-team-")
        meeting = str(Path(self._folder) / "meeting")
        for rank in range(1, self.size):
            follower = context.Process(
                target=_member,
                args=(rank, self.size, meeting, self._follow, self._meeting),
                name=f"learner-{rank}",
                daemon=True,
            )
            follower.start()
            self._followers.append(follower)
        with _noticing():
            _meet(0, self.size, meeting, self._meeting)

    def _send(self, message: Any) -> None:
        with _noticing():
            dist.broadcast_object_list([message], src=0, device=CPU)

    def close(self) -> None:
        """End the followers; those that wait for what never comes, at once."""
        if not self._followers:
            return
        if not self._busy:
            with suppress(InfraError):  # where one is gone, the others end by that
                self._send(None)
        for follower in self._followers:
            follower.join(0.0 if self._busy else END_S)
            follower.kill()
            follower.join()
        self._followers.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        if dist.is_initialized():
            dist.destroy_process_group()


def devices_there(device: torch.device) -> int:
    """Return how many devices of a kind can learn together; without a GPU, as many as there are processors."""
    return torch.cuda.device_count() if device.type == "cuda" else os.cpu_count() or 1


def _meet(rank: int, size: int, meeting: str, limit: timedelta) -> None:
    """Find the others; who is late beyond the limit is not waited for. From then on, members are patient."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all are on this machine
    backend = "cpu:gloo,cuda:nccl" if dist.is_nccl_available() and torch.cuda.is_available() else "gloo"
    store = dist.FileStore(meeting, size)  # type: ignore[attr-defined]
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=limit)
    _set_pg_timeout(PATIENCE)


def _member(rank: int, size: int, meeting: str, follow: Follow, limit: timedelta) -> None:
    torch.set_num_threads(1)
    _meet(rank, size, meeting, limit)
    follow(Team(rank, size))
    dist.destroy_process_group()


@contextmanager
def _noticing() -> Iterator[None]:
    """Raise :class:`InfraError` where another member is gone."""
    try:
        yield
    except RuntimeError as error:
        raise InfraError(
            "a process that learns on another device is gone; its error is printed above. Go on with --resume."
        ) from error
