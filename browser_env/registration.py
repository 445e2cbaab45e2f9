"""The environments by name, for :func:`gymnasium.make` and :func:`gymnasium.make_vec`."""

from __future__ import annotations

import gymnasium as gym

NAMES = {"webdual/MiniWoB-v0": "miniwob", "webdual/Web-v0": "web"}  # id -> how its makers' names end


def register_envs() -> None:
    """Make ``webdual/MiniWoB-v0`` and ``webdual/Web-v0`` known; ``import browser_env`` calls it."""
    for id_, kind in NAMES.items():
        if id_ not in gym.registry:
            gym.register(
                id=id_,
                entry_point=f"browser_env.env:make_{kind}",
                vector_entry_point=f"browser_env.vector:make_{kind}_vec",
            )
