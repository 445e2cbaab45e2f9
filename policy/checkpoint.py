"""Compact policies and learners as folders of safetensors and JSON; nothing in them is ever executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from browser_env.errors import DataError, UsageError
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.device import AUTO
from policy.folders import (
    CONFIG,
    MODEL,
    broken,
    read_json,
    read_learner,
    read_tensors,
    write_folder,
    write_learner,
)
from policy.learner import Learner, LearnerConfig
from policy.text import HASH

KIND = "compact"
FORMAT = 6


def save_checkpoint(path: str | Path, policy: CompactPolicy, learner: Learner | None = None) -> None:
    """Write a policy, and what its learner needs to go on, in place of whatever checkpoint was there."""

    def write(folder: Path) -> None:
        _write_policy(folder, policy)
        if learner is not None:
            write_learner(folder, learner)

    write_folder(path, write)


def load_policy(path: str | Path, *, device: str = AUTO) -> CompactPolicy:
    """Read a policy; raise :class:`DataError` where there is none that can be read."""
    folder = Path(path)
    header = read_json(folder / CONFIG)
    _check_header(folder, header)
    try:
        policy = CompactPolicy(CompactConfig.from_json(header["config"]), seed=0, device=device)
        tensors = read_tensors(folder / MODEL)
        policy.generator.set_state(tensors.pop("generator"))
        policy.network.load_state_dict(tensors)
        policy.version = int(header["version"])
    except (KeyError, UsageError, RuntimeError, TypeError, ValueError) as error:
        raise broken(folder, error) from error
    return policy


def load_learner(path: str | Path, policy: CompactPolicy) -> Learner:
    """Read the learner that was saved with a policy, to go on exactly where it stopped."""
    return read_learner(path, lambda config: Learner(policy, LearnerConfig(**config)))


def _write_policy(folder: Path, policy: CompactPolicy) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in policy.network.state_dict().items()}
    save_file(tensors | {"generator": policy.generator.get_state()}, folder / MODEL)
    header = {
        "kind": KIND,
        "format": FORMAT,
        "version": policy.version,
        "hash": HASH,
        "config": policy.config.to_json(),
    }
    (folder / CONFIG).write_text(json.dumps(header, indent=1), encoding="utf-8")


def _check_header(folder: Path, header: dict[str, Any]) -> None:
    if header.get("kind") != KIND:
        raise DataError(f"{folder} holds a policy of kind {header.get('kind')!r:.40}, not {KIND!r}.")
    if header.get("format") != FORMAT or header.get("hash") != HASH:
        raise DataError(
            f"{folder} was written in another format than {FORMAT}; load it with the version that wrote it."
        )
