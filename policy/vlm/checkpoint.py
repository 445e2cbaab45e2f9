"""Vision-language policies and learners as folders: the weights that were trained, and which model they belong to."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file

from browser_env.errors import DataError, UsageError
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
from policy.vlm.config import VlmConfig
from policy.vlm.learner import VlmLearner
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.policy import VlmPolicy
from policy.vlm.pretrained import save_adapter, save_model

FORMAT = 1


def save_checkpoint(path: str | Path, policy: VlmPolicy, learner: VlmLearner | None = None) -> None:
    """Write a policy, and what its learner needs to go on, in place of whatever checkpoint was there."""

    def write(folder: Path) -> None:
        tensors = {name: tensor.cpu().contiguous() for name, tensor in policy.weights().items()}
        save_file(tensors | {"generator": policy.generator.get_state()}, folder / MODEL)
        header = {
            "kind": VlmConfig.KIND,
            "format": FORMAT,
            "version": policy.version,
            "config": policy.config.to_json(),
        }
        (folder / CONFIG).write_text(json.dumps(header, indent=1), encoding="utf-8")
        if learner is not None:
            write_learner(folder, learner)

    write_folder(path, write)


def load_policy(path: str | Path, *, device: str | None = None) -> VlmPolicy:
    """Read a policy; raise :class:`DataError` where there is none that can be read."""
    folder = Path(path)
    header = read_json(folder / CONFIG)
    if header.get("format") != FORMAT:
        raise DataError(
            f"{folder} was written in another format than {FORMAT}; load it with the version that wrote it."
        )
    try:
        policy = VlmPolicy(VlmConfig.from_json(header["config"]), seed=0, device=device)
        tensors = read_tensors(folder / MODEL)
        policy.generator.set_state(tensors.pop("generator"))
        policy.take_over(tensors, version=int(header["version"]))
    except (KeyError, UsageError, RuntimeError, TypeError, ValueError) as error:
        raise broken(folder, error) from error
    return policy


def export_policy(path: str | Path, out: str | Path, *, merged: bool) -> None:
    """Write a policy as its adapter, in peft's form, or ``merged`` into its model, as ``from_pretrained`` reads it.

    A policy whose weights were all trained has no adapter; it is written whole.
    """
    policy = load_policy(path, device="cpu")

    def write(folder: Path) -> None:
        if merged or not policy.config.lora_rank:
            save_model(folder, policy.model, policy.reader.tools)
        else:
            save_adapter(folder, policy.model)

    write_folder(out, write)


def load_learner(path: str | Path, policy: VlmPolicy) -> VlmLearner:
    """Read the learner that was saved with a policy, to go on exactly where it stopped."""
    return read_learner(path, lambda config: VlmLearner(policy, VlmLearnerConfig(**config)))
