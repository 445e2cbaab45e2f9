"""Where a policy computes."""

from __future__ import annotations

import torch

from browser_env.errors import UsageError

AUTO = "auto"  # a GPU where there is one


def device_of(name: str | torch.device) -> torch.device:
    """Return the device of a name; raise :class:`UsageError` where there is none."""
    if name == AUTO:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device was found; use device=cpu")
    return device
