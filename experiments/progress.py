"""What a person sees while a run goes on: one progress bar for each phase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress


class Bar:
    """The progress bar of a phase."""

    def __init__(self, progress: RichProgress, task: TaskID):
        self._progress = progress
        self._task = task

    def advance(self, count: int = 1, *, detail: str = "") -> None:
        """Move on, and say how it goes."""
        self._progress.update(self._task, advance=count)
        if detail:
            self._progress.update(self._task, detail=detail)


class Progress:
    """Progress bars on a console."""

    def __init__(self, console: Console):
        self.console = console

    @contextmanager
    def phase(self, name: str, *, total: int, done: int = 0) -> Iterator[Bar]:
        """Show a bar while the block runs; it stays on the screen when it is full."""
        columns = (
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}"),
        )
        with RichProgress(*columns, console=self.console) as progress:
            yield Bar(progress, progress.add_task(name, total=total, completed=done, detail=""))
