"""Real browsers as reinforcement learning environments.

Importing it makes them known to :func:`gymnasium.make`; no browser library is loaded before one is made.
"""

from browser_env.registration import register_envs

register_envs()
