"""Episodes on disk, demonstrations, consent, and the batches made of them."""

from replay.advantages import group_advantages
from replay.buffer import ReplayBuffer
from replay.consent import ConsentRecord, give_consent
from replay.errors import ConsentError, DamageError, VersionError
from replay.index import EpisodeInfo
from replay.samples import Sample, experience_samples
from replay.shelf import Sampling
from replay.store import ReplayStore

__all__ = [
    "ConsentError",
    "ConsentRecord",
    "DamageError",
    "EpisodeInfo",
    "ReplayBuffer",
    "ReplayStore",
    "Sample",
    "Sampling",
    "VersionError",
    "experience_samples",
    "give_consent",
    "group_advantages",
]
