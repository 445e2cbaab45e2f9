"""Registers the environments with Gymnasium when it is imported.

``gym.make("browser_env.registration:webdual/MiniWoB-v0")`` imports it on the way.
"""

from __future__ import annotations

import gymnasium as gym


def register_envs() -> None:
    """Make ``webdual/MiniWoB-v0`` and ``webdual/Web-v0`` known to :func:`gymnasium.make`; safe to call twice."""
    for name, maker in {"MiniWoB-v0": "make_miniwob", "Web-v0": "make_web"}.items():
        if f"webdual/{name}" not in gym.registry:
            gym.register(id=f"webdual/{name}", entry_point=f"browser_env.env:{maker}")


register_envs()
