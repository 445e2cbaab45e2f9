"""The state of an episode as a digest, by which a replayed prefix is told to have led to the same place."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, replace

from browser_env.observation import Observation

BLOB = re.compile(r"(blob:[^\s\"'<>()]*?)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # made anew in every episode


def digest(observation: Observation, markup: str = "", elapsed_ms: float = 0.0) -> str:
    """Return BLAKE2b-128 in hex of what is seen, the document's markup and the page time.

    Errors are left out, and the random part of blobs' addresses.
    """
    seen = asdict(replace(observation, screenshot=None, error=None))
    state = hashlib.blake2b(digest_size=16)
    state.update(BLOB.sub(r"\1", json.dumps(seen, sort_keys=True)).encode())
    state.update(BLOB.sub(r"\1", markup).encode("utf-8", "surrogatepass"))
    state.update(repr(float(elapsed_ms)).encode())
    if observation.screenshot is not None:
        state.update(observation.screenshot.tobytes())
    return state.hexdigest()
