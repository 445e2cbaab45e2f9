"""Checkpoints as folders of safetensors and JSON, put in place whole; nothing in them is ever executed."""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from browser_env.errors import DataError

MODEL, CONFIG = "model.safetensors", "config.json"
LEARNER, LEARNER_CONFIG = "learner.safetensors", "learner.json"
WEIGHTS = ("reference", "masters")  # of a learner, by their names: those it began with, and those steps are taken on


class Stateful(Protocol):
    """A learner, as far as it is written down."""

    config: Any

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """What takes its steps."""
        ...

    def state(self) -> dict[str, Any]:
        """Return everything but the policy that an exact resume needs."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        ...


LearnerType = TypeVar("LearnerType", bound=Stateful)


def write_folder(path: str | Path, write: Callable[[Path], None]) -> None:
    """Write a folder in place of whatever was there; what was there stays until the new one is whole."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        write(folder)
        folder.chmod(0o755)  # temporary folders begin private
        _put_in_place(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def recover_folder(path: str | Path) -> bool:
    """Put back what a kill kept from being replaced, and return whether there is a folder with a configuration.

    What else a kill left beside it, under names that only :func:`write_folder` gives, goes.
    """
    target = Path(path)
    for left in target.parent.glob(f".{glob.escape(target.name)}-*"):
        if (left / target.name).is_dir() and not target.exists():
            (left / target.name).rename(target)
        shutil.rmtree(left, ignore_errors=True)
    return (target / CONFIG).exists()


def write_learner(folder: Path, learner: Stateful) -> None:
    """Write what a learner needs to go on."""
    state = learner.state()
    tensors: dict[str, Tensor] = {
        f"{index}.{name}": torch.as_tensor(value).contiguous()
        for index, slot in state["optimizer"]["state"].items()
        for name, value in slot.items()
    }
    for kind in WEIGHTS:
        tensors |= {f"{kind}.{name}": value.contiguous() for name, value in state.get(kind, {}).items()}
    save_file(tensors | {"generator": state["generator"]}, folder / LEARNER)
    header = {"steps": state["steps"], "config": learner.config.to_json()}
    (folder / LEARNER_CONFIG).write_text(json.dumps(header, indent=1), encoding="utf-8")


def read_learner(path: str | Path, make: Callable[[dict[str, Any]], LearnerType]) -> LearnerType:
    """Bring the learner that ``make`` makes of its configuration to where the one in a folder stopped."""
    folder = Path(path)
    if not (folder / LEARNER_CONFIG).is_file():
        raise DataError(f"{folder} holds no learner to go on with; start a new one, or save with learner=")
    header = read_json(folder / LEARNER_CONFIG)
    try:
        learner = make(header["config"])
        learner.load_state(_unflatten(read_tensors(folder / LEARNER), header["steps"], learner))
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise broken(folder, error) from error
    return learner


def _unflatten(tensors: dict[str, Tensor], steps: int, learner: Stateful) -> dict[str, Any]:
    """Return a learner's state from its tensors; the groups come from the learner's configuration."""
    generator = tensors.pop("generator")
    slots: dict[int, dict[str, Tensor]] = {}
    weights: dict[str, dict[str, Tensor]] = {kind: {} for kind in WEIGHTS}
    for key, tensor in tensors.items():
        first, name = key.split(".", 1)
        (weights[first] if first in weights else slots.setdefault(int(first), {}))[name] = tensor
    optimizer = {"state": slots, "param_groups": learner.optimizer.state_dict()["param_groups"]}
    return {"optimizer": optimizer, "generator": generator, "steps": steps, **weights}


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


def read_json(path: Path) -> dict[str, Any]:
    """Read an object; raise :class:`DataError` where there is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"no checkpoint in {path.parent}: {path.name} is missing; give the folder it was saved to."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise broken(path.parent, error) from error
    if not isinstance(data, dict):
        raise broken(path.parent, f"{path.name} is not an object")
    return data


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read named tensors; raise :class:`DataError` where there are none."""
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise broken(path.parent, error) from error


def broken(folder: Path, why: object) -> DataError:
    """Return the error that says what is wrong with a checkpoint."""
    reason = " ".join(str(why).split())
    return DataError(f"the checkpoint in {folder} cannot be read ({reason:.200}); use an earlier one or train again.")
