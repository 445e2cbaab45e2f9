"""Writes episodes as a Minari dataset, where Minari is installed."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import string
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from browser_env.episode import Episode
from browser_env.errors import UsageError
from browser_env.observation import Observation
from replay.codec import encode_episode, parse_episode
from rewards.outcome import Outcome

DATASET = "webdual/episodes-v0"
PLACE = "MINARI_DATASETS_PATH"
WANTED = 'run: pip install "minari[hdf5]>=0.5.4"'
MAX_TEXT = 4_000_000  # characters of one page as JSON
_one_at_a_time = threading.Lock()  # of exports: the environment is everybody's


def write_minari(episodes: Sequence[Episode], out: Path) -> int:
    """Write the dataset ``webdual/episodes-v0`` of episodes with steps into a folder; return how many it has.

    An observation is ``{"page": JSON}``, with ``"screenshot"`` where every observation has one; an action is JSON.
    """
    try:
        minari = importlib.import_module("minari")
        buffers = importlib.import_module("minari.data_collector")
        importlib.import_module("h5py")  # what Minari keeps data in
    except ImportError as error:
        raise UsageError(f"Minari is not installed here; {WANTED}, or export parquet") from error
    if "jpeg_encoding" not in inspect.signature(minari.create_dataset_from_buffers).parameters:
        raise UsageError(f"this Minari keeps pictures as it likes; {WANTED}, or export parquet")
    if not episodes:
        return 0
    pixels = _shape(episodes)
    rows = [
        buffers.EpisodeBuffer(id=index, seed=episode.seed if episode.seed >= 0 else None, **_row(episode, pixels))
        for index, episode in enumerate(episodes)
    ]
    text = gym.spaces.Text(max_length=MAX_TEXT, min_length=0, charset=string.printable)
    page: dict[str, gym.Space[Any]] = {"page": text}
    if pixels is not None:
        page["screenshot"] = gym.spaces.Box(0, 255, pixels, np.uint8)
    with _datasets_in(out):
        minari.create_dataset_from_buffers(
            DATASET,
            rows,
            observation_space=gym.spaces.Dict(page),
            action_space=text,
            description="Episodes of webdual",
            jpeg_encoding=False,  # which would lose pixels
        )
    return len(rows)


@contextmanager
def _datasets_in(folder: Path) -> Iterator[None]:
    """Have Minari, which asks the environment, keep its datasets in a folder."""
    with _one_at_a_time:
        before = os.environ.get(PLACE)
        os.environ[PLACE] = str(folder.resolve())
        try:
            with warnings.catch_warnings():  # that nobody has said who made it, by what code and for which environment
                warnings.simplefilter("ignore", UserWarning)
                yield
        finally:
            os.environ.pop(PLACE, None)
            os.environ.update({} if before is None else {PLACE: before})


def _shape(episodes: Sequence[Episode]) -> tuple[int, ...] | None:
    """Return the shape of the screenshots, None where some observation has none."""
    pictures = [seen.screenshot for episode in episodes for seen in episode.observations]
    shapes = {None if picture is None else picture.shape for picture in pictures}
    if None in shapes:
        return None
    if len(shapes) > 1:
        raise UsageError("Minari wants screenshots of one size; export the episodes of one task with --task")
    return next(iter(shapes), None)


def _row(episode: Episode, pixels: tuple[int, ...] | None) -> dict[str, Any]:
    observations = [
        _observation(seen, page, pixels) for seen, page in zip(episode.observations, _pages(episode), strict=True)
    ]
    before = len(episode.steps) - 1
    over = episode.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
    return {
        "observations": {name: [seen[name] for seen in observations] for name in observations[0]},
        "actions": [json.dumps(step.action.to_json()) for step in episode.steps],
        "rewards": [0.0] * before + [float(episode.reward)],
        "terminations": [False] * before + [over],
        "truncations": [False] * before + [not over],
        "infos": {},
    }


def _pages(episode: Episode) -> list[str]:
    """Return every observation as JSON, without its pixels."""
    stored = parse_episode(encode_episode(episode, name_image=lambda _: "", created=0))
    return [json.dumps(seen) for seen in [*(step["observation"] for step in stored.steps), stored.end["final"]]]


def _observation(seen: Observation, page: str, pixels: tuple[int, ...] | None) -> dict[str, Any]:
    return {"page": page} | ({} if pixels is None else {"screenshot": seen.screenshot})
