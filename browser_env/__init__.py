"""Real browsers as reinforcement learning environments."""
