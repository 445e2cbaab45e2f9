"""Registers the environments with Gymnasium; called by its plug-in mechanism."""

from __future__ import annotations

import gymnasium as gym


def register_envs() -> None:
    """Make ``webdual/MiniWoB-v0`` and ``webdual/Web-v0`` known to :func:`gymnasium.make`."""
    for name, maker in {"MiniWoB-v0": "make_miniwob", "Web-v0": "make_web"}.items():
        if f"webdual/{name}" not in gym.registry:
            gym.register(id=f"webdual/{name}", entry_point=f"browser_env.env:{maker}")
