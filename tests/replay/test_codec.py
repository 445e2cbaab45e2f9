from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.acting import Reply
from browser_env.action import Action, Answer, Click, Drag, Point, Scroll, Type, Wait
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DataError
from browser_env.observation import Dialog, Element, Observation, Screenshot, Tab
from browser_env.task import Task, VerifierSpec
from replay.codec import decode_episode, encode_episode, parse_episode
from replay.errors import DamageError, VersionError
from replay.images import image_name
from rewards import Cost, ElementState, Evidence, Outcome

Make = Callable[..., Episode]
TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)  # lone surrogates too
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
TARGET = st.sampled_from(["e1", "e12"]) | st.builds(Point, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
ACTION: st.SearchStrategy[Action] = st.one_of(
    st.builds(Click, TARGET),
    st.builds(Type, TARGET, TEXT),
    st.builds(Drag, st.lists(TARGET, min_size=2, max_size=4).map(tuple)),
    st.builds(Scroll, TARGET, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    st.builds(Wait, st.integers(0, 1_000_000)),
    st.builds(Answer, TEXT),
)
ELEMENT = st.builds(
    Element,
    id=TEXT,
    role=TEXT,
    name=TEXT,
    value=TEXT,
    states=st.lists(TEXT, max_size=3).map(tuple),
    box=st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    visible=st.booleans(),
    parent=st.none() | TEXT,
    description=TEXT,
    headers=st.lists(TEXT, max_size=2).map(tuple),
    scroll=st.none() | st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
)
OBSERVATION = st.builds(
    Observation,
    goal=TEXT,
    url=TEXT,
    screenshot=st.none() | st.integers(0, 3).map(lambda n: np.full((2, 3, 3), n, dtype=np.uint8)),
    elements=st.lists(ELEMENT, max_size=3).map(tuple),
    focus=st.none() | TEXT,
    tabs=st.lists(st.builds(Tab, url=TEXT, title=TEXT), max_size=2).map(tuple),
    active_tab=st.integers(0, 5),
    viewport=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    error=st.none() | TEXT,
    dialog=st.none() | st.builds(Dialog, kind=TEXT, message=TEXT, default=TEXT),
    truncated=st.booleans(),
    scroll=st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    selection=TEXT,
)
STEP = st.builds(
    Step,
    observation=OBSERVATION,
    action=ACTION,
    log_prob=st.none() | NUMBER,
    value=st.none() | NUMBER,
    intervention=st.booleans(),
    actor=st.sampled_from([None, *Source]),
)
EPISODE = st.builds(
    Episode,
    id=TEXT,
    task=st.builds(
        Task,
        name=TEXT,
        url=TEXT,
        verifier=st.builds(VerifierSpec, name=TEXT, params=st.dictionaries(TEXT, st.lists(NUMBER))),
        golden=st.lists(TEXT, max_size=2).map(tuple),
    ),
    seed=st.integers(),
    source=st.sampled_from(Source),
    steps=st.lists(STEP, max_size=3).map(tuple),
    final=OBSERVATION,
    outcome=st.sampled_from(Outcome),
    reward=NUMBER,
    evidence=st.builds(
        Evidence,
        text=TEXT,
        elements=st.lists(st.builds(ElementState, role=TEXT, states=st.tuples(TEXT)), max_size=2).map(tuple),
        form_values=st.dictionaries(TEXT, TEXT),
        answer=st.none() | TEXT,
    ),
    reason=TEXT,
    policy_version=st.none() | st.integers(0),
    cost=st.builds(Cost, wall_s=NUMBER, steps=st.integers(0)),
    group=st.none() | TEXT,
    consent=st.none() | TEXT,
    tags=st.lists(TEXT, max_size=3).map(tuple),
)


def _encode(episode: Episode, *, created: int = 1) -> tuple[bytes, dict[str, Screenshot]]:
    images: dict[str, Screenshot] = {}

    def name_image(pixels: Screenshot) -> str:
        images[image_name(pixels)] = pixels
        return image_name(pixels)

    return encode_episode(episode, name_image=name_image, created=created), images


def _decode(data: bytes, images: dict[str, Screenshot] | None = None) -> Episode:
    return decode_episode(parse_episode(data), read_image=(images or {}).get)


@given(episode=EPISODE)
def test_any_episode_comes_back_equal(episode: Episode) -> None:
    data, images = _encode(episode)
    assert _decode(data, images) == episode
    assert parse_episode(data).image_names == images.keys()


def test_every_field_is_kept(make_episode: Make) -> None:
    episode = make_episode("a", shade=4, tags=("x", "y"), group="g", policy_version=7, consent="c", reason="why")
    data, images = _encode(replace(episode, source=Source.HUMAN))
    back = _decode(data, images)
    for field in fields(Episode):
        assert getattr(back, field.name) == getattr(replace(episode, source=Source.HUMAN), field.name)
        assert type(getattr(back, field.name)) is type(getattr(episode, field.name))
    assert type(back.steps[0].observation.elements[1].states) is tuple


def test_numpy_numbers_are_plain_numbers(make_episode: Make) -> None:
    episode = make_episode("a", reward=np.float32(0.5), seed=np.int64(4))
    back = _decode(_encode(episode)[0])
    assert (back.reward, back.seed) == (0.5, 4)
    assert type(back.reward) is float


def test_equal_screenshots_share_an_array(make_episode: Make) -> None:
    episode = make_episode("a", shade=4)
    same = replace(episode, final=episode.steps[0].observation)
    data, images = _encode(same)
    back = _decode(data, images)
    assert back.final.screenshot is back.steps[0].observation.screenshot


def test_the_file_is_gzipped_json_lines_with_checksums(make_episode: Make) -> None:
    data, _ = _encode(make_episode("a"), created=99)
    lines = gzip.decompress(data).splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["data"]["kind"] for record in records] == ["episode", "step", "step", "end", "seal"]
    for line, record in zip(lines, records, strict=True):
        assert line == b'{"crc":"%s","data":%s}' % (record["crc"].encode(), line[25:-1])
        assert int(record["crc"], 16) == zlib.crc32(line[25:-1])
    assert records[-1]["data"] | {"checksum": ""} == {"kind": "seal", "records": 4, "checksum": "", "created": 99}


def test_the_checksum_depends_on_content_alone(make_episode: Make) -> None:
    early, late = (parse_episode(_encode(make_episode("a"), created=created)[0]) for created in (1, 2))
    assert early.checksum == late.checksum
    assert early.created != late.created
    other = parse_episode(_encode(make_episode("a", reward=0.5))[0])
    assert other.checksum != early.checksum


@pytest.mark.parametrize("changes", [{"reward": float("nan")}, {"reward": float("inf")}, {"reason": object()}])
def test_what_json_cannot_hold_is_refused(make_episode: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="cannot be stored"):
        _encode(make_episode("a", **changes))


@given(cut=st.integers(0, 10_000))
def test_a_file_cut_short_is_damage(make_episode: Make, cut: int) -> None:
    data, _ = _encode(make_episode("a"))
    with pytest.raises(DamageError):
        parse_episode(data[: cut % len(data)])


@given(position=st.integers(0, 100_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_damage_or_harmless(make_episode: Make, position: int, bit: int) -> None:
    episode = make_episode("a")
    data = bytearray(_encode(episode)[0])
    data[position % len(data)] ^= 1 << bit
    with contextlib.suppress(DamageError):
        assert _decode(bytes(data)) == episode


@given(position=st.integers(0, 100_000), bit=st.integers(0, 7))
def test_a_flipped_bit_inside_the_gzip_is_damage(make_episode: Make, position: int, bit: int) -> None:
    text = bytearray(gzip.decompress(_encode(make_episode("a"))[0]))
    text[position % (len(text) - 1)] ^= 1 << bit
    with pytest.raises(DamageError):
        parse_episode(gzip.compress(bytes(text)))


@given(data=st.binary(max_size=200))
def test_garbage_is_damage(data: bytes) -> None:
    for candidate in (data, gzip.compress(data)):
        with pytest.raises(DamageError):
            parse_episode(candidate)


def test_lines_may_not_be_lost_repeated_or_exchanged(make_episode: Make) -> None:
    lines = gzip.decompress(_encode(make_episode("a"))[0]).splitlines(keepends=True)
    header, first, second, end, seal = lines
    for order in ([header, second, end, seal], [header, second, first, end, seal], [*lines, seal], [header], []):
        with pytest.raises(DamageError):
            parse_episode(gzip.compress(b"".join(order)))


def _reseal(data: bytes, change: Callable[[list[dict[str, Any]]], None]) -> bytes:
    """Change records and make every checksum right again."""
    records = [json.loads(line)["data"] for line in gzip.decompress(data).splitlines()]
    change(records)
    payloads = [json.dumps(record).encode() for record in records[:-1]]
    seal = records[-1] | {"checksum": hashlib.blake2b(b"\n".join(payloads), digest_size=16).hexdigest()}
    payloads.append(json.dumps(seal).encode())
    return gzip.compress(b"".join(b'{"crc":"%08x","data":%s}\n' % (zlib.crc32(p), p) for p in payloads))


def test_the_first_version_is_still_read(make_episode: Make) -> None:
    def age(records: list[dict[str, Any]]) -> None:
        records[0].update(version=1)
        for observation in [*(step["observation"] for step in records[1:-2]), records[-2]["final"]]:
            del observation["scroll"], observation["selection"], observation["dialog"]
            observation["elements"] = [values[:8] for values in observation["elements"]]

    episode = make_episode("a")
    assert _decode(_reseal(_encode(episode)[0], age)) == episode


def test_a_newer_version_is_named(make_episode: Make) -> None:
    newer = _reseal(_encode(make_episode("a"))[0], lambda records: records[0].update(version=3))
    with pytest.raises(VersionError, match="update webdual"):
        parse_episode(newer)


@pytest.mark.parametrize(
    "change",
    [
        lambda records: records[0].pop("id"),
        lambda records: records[0].update(task={"name": "x"}),
        lambda records: records[0].update(source="robot"),
        lambda records: records[1].pop("observation"),
        lambda records: records[1].update(action={"verb": "explode"}),
        lambda records: records[1].update(action="click(e1)"),
        lambda records: records[1].update(extra=1),
        lambda records: records[1]["observation"].update(elements=[["e1"]]),
        lambda records: records[1]["observation"].update(elements=7),
        lambda records: records[3].update(outcome="won"),
        lambda records: records[3].update(evidence=[]),
        lambda records: records[4].update(created="soon"),
    ],
)
def test_records_that_make_no_sense_are_damage(make_episode: Make, change: Callable[[Any], None]) -> None:
    data = _reseal(_encode(make_episode("a"))[0], change)
    with pytest.raises(DamageError, match="make no sense"):
        _decode(data)


def test_a_bomb_is_damage() -> None:
    bomb = zlib.compressobj(level=9, wbits=31)
    chunks = [bomb.compress(bytes(1 << 24)) for _ in range(17)]
    with pytest.raises(DamageError, match="cut short"):
        parse_episode(b"".join(chunks) + bomb.flush())


def test_what_a_language_model_wrote_is_kept(make_episode: Make) -> None:
    episode = make_episode("a")
    reply = Reply(tokens=(5, 0, 7), log_probs=(-0.5, -1e-7, -3.25), error="no action")
    steps = (replace(episode.steps[0], reply=reply), *episode.steps[1:])
    assert _decode(*_encode(replace(episode, steps=steps))).steps == steps
