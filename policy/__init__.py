"""Policies: what they see, how they decide, and how they learn."""
