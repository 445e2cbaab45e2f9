"""Compact policies and learners as folders of safetensors and JSON; nothing in them is ever executed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from browser_env.errors import DataError, UsageError
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.learner import Learner, LearnerConfig
from policy.text import HASH

KIND = "compact"
FORMAT = 3
MODEL, CONFIG = "model.safetensors", "config.json"
LEARNER, LEARNER_CONFIG = "learner.safetensors", "learner.json"


def save_checkpoint(path: str | Path, policy: CompactPolicy, learner: Learner | None = None) -> None:
    """Write a policy, and what its learner needs to go on, in place of whatever checkpoint was there."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _write_policy(folder, policy)
        if learner is not None:
            _write_learner(folder, learner)
        folder.chmod(0o755)  # temporary folders begin private
        _put_in_place(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def load_policy(path: str | Path, *, device: str = "cpu") -> CompactPolicy:
    """Read a policy; raise :class:`DataError` where there is none that can be read."""
    folder = Path(path)
    header = _read_json(folder / CONFIG)
    _check_header(folder, header)
    try:
        policy = CompactPolicy(CompactConfig.from_json(header["config"]), seed=0, device=device)
        tensors = _read_tensors(folder / MODEL)
        policy.generator.set_state(tensors.pop("generator"))
        policy.network.load_state_dict(tensors)
        policy.version = int(header["version"])
    except (KeyError, UsageError, RuntimeError, TypeError, ValueError) as error:
        raise _broken(folder, error) from error
    return policy


def load_learner(path: str | Path, policy: CompactPolicy) -> Learner:
    """Read the learner that was saved with a policy, to go on exactly where it stopped."""
    folder = Path(path)
    if not (folder / LEARNER_CONFIG).is_file():
        raise DataError(f"{folder} holds no learner to go on with; start a new one, or save with learner=")
    header = _read_json(folder / LEARNER_CONFIG)
    try:
        learner = Learner(policy, LearnerConfig(**header["config"]))
        tensors = _read_tensors(folder / LEARNER)
        learner.load_state(_unflatten(tensors, header["steps"], learner))
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise _broken(folder, error) from error
    return learner


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


def _write_learner(folder: Path, learner: Learner) -> None:
    state = learner.state()
    slots: dict[str, Tensor] = {
        f"{index}.{name}": torch.as_tensor(value).contiguous()
        for index, slot in state["optimizer"]["state"].items()
        for name, value in slot.items()
    }
    save_file(slots | {"generator": state["generator"]}, folder / LEARNER)
    header = {"steps": state["steps"], "config": learner.config.to_json()}
    (folder / LEARNER_CONFIG).write_text(json.dumps(header, indent=1), encoding="utf-8")


def _unflatten(tensors: dict[str, Tensor], steps: int, learner: Learner) -> dict[str, Any]:
    """Return a learner's state from its tensors; the groups come from the learner's configuration."""
    generator = tensors.pop("generator")
    slots: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        slots.setdefault(int(index), {})[name] = tensor
    groups = learner.optimizer.state_dict()["param_groups"]
    return {"optimizer": {"state": slots, "param_groups": groups}, "generator": generator, "steps": steps}


def _put_in_place(folder: Path, target: Path) -> None:
    """Rename a finished folder to its name; the one it replaces goes only once the new one is there."""
    for file in folder.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    if not target.exists():
        folder.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    target.rename(old / target.name)
    folder.rename(target)
    shutil.rmtree(old)


def _check_header(folder: Path, header: dict[str, Any]) -> None:
    if header.get("kind") != KIND:
        raise DataError(f"{folder} holds a policy of kind {header.get('kind')!r:.40}, not {KIND!r}.")
    if header.get("format") != FORMAT or header.get("hash") != HASH:
        raise DataError(
            f"{folder} was written in another format than {FORMAT}; load it with the version that wrote it."
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"no checkpoint in {path.parent}: {path.name} is missing; give the folder it was saved to."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path.parent, error) from error
    if not isinstance(data, dict):
        raise _broken(path.parent, f"{path.name} is not an object")
    return data


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise _broken(path.parent, error) from error


def _broken(folder: Path, why: object) -> DataError:
    reason = " ".join(str(why).split())
    return DataError(f"the checkpoint in {folder} cannot be read ({reason:.200}); use an earlier one or train again.")
