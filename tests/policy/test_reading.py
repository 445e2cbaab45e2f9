"""What is read of an observation is remembered, and nothing else is taken for it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from browser_env.acting import Turn
from browser_env.action import Click
from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.features import Features, featurize
from policy.page import read_page
from policy.reading import Reader

CONFIG = CompactConfig()


def seen(name: str = "Go") -> Observation:
    button = Element(id="e1", role="button", name=name, states=("clickable",), box=(1.0, 1.0, 20.0, 9.0), visible=True)
    return Observation(goal="Click Go", elements=(button,), screenshot=np.zeros((40, 40, 3), dtype=np.uint8))


def equal(one: Features, other: Features) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(Features))


def test_the_same_observation_is_read_once() -> None:
    reader, page = Reader(CONFIG), seen()
    first, again = reader.read(page, ()), reader.read(page, ())
    assert first[1] is again[1]
    assert equal(first[1], featurize(read_page(page, CONFIG), CONFIG))


def test_another_past_or_return_or_page_is_read_anew() -> None:
    reader, page, past = Reader(CONFIG), seen(), (Turn(action=Click("e1")),)
    fresh = reader.read(page, ())[1]
    after = reader.read(page, past)[1]
    assert equal(after, featurize(read_page(page, CONFIG), CONFIG, past=past))
    assert not equal(after, fresh)
    assert not equal(reader.read(page, past, desired_return=0.0)[1], after)
    assert not equal(reader.read(replace(page, elements=()), past)[1], after)
    assert equal(reader.read(page, ())[1], fresh)


def test_only_so_much_is_remembered() -> None:
    page = seen()
    forgetful = Reader(CONFIG, remembered_bytes=1)
    assert forgetful.read(page, ())[1] is not forgetful.read(page, ())[1]
    size = 4800 + sum(
        getattr(Reader(CONFIG).read(page, ())[1], field.name).nbytes
        for field in fields(Features)
        if field.name != "has_image"
    )
    two = Reader(CONFIG, remembered_bytes=2 * size)
    pages = [seen("Go"), seen("Go"), seen("Go")]
    readings = [two.read(each, ())[1] for each in pages]
    assert two.read(pages[2], ())[1] is readings[2]
    assert two.read(pages[1], ())[1] is readings[1]
    assert two.read(pages[0], ())[1] is not readings[0]
