from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from policy.ahead import ahead


def test_items_come_in_their_order_and_the_next_is_made_meanwhile() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    seen: list[int] = []
    for number in ahead(items()):
        assert all(event.wait(10) for event in made[: number + 2])
        seen.append(number)
    assert seen == [0, 1, 2]
    assert list(ahead(iter([None, None]))) == [None, None]


def test_an_error_comes_after_what_was_made_before() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="broken"):
        next(coming)


def test_who_has_enough_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    coming = ahead(iter(range(100)))
    next(coming)
    coming.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
