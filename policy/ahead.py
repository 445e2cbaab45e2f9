"""Making what comes next while what is there is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items in their order, each made by a thread while the one before is used; errors come in their place."""
    ended = object()
    with ThreadPoolExecutor(max_workers=1) as making:
        coming = making.submit(next, items, ended)
        while (item := coming.result()) is not ended:
            coming = making.submit(next, items, ended)
            yield item  # type: ignore[misc]
