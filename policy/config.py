"""The compact policy's configuration; everything that fixes its shapes and its features."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from browser_env.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactConfig:
    """Shapes and limits of a compact policy; the same configuration reads the same features."""

    d_model: int = 128  # width of every token in the transformer
    layers: int = 3
    heads: int = 4
    feedforward: int = 2  # hidden width of a layer, in multiples of d_model
    embedding: int = 64  # width of the hashed word vectors
    word_buckets: int = 4096
    gram_buckets: int = 2048  # for character trigrams
    role_buckets: int = 128
    max_elements: int = 96
    max_goal_tokens: int = 48
    max_span: int = 8  # goal tokens in one copied text
    name_ids: int = 24  # hashed words and trigrams read of an element's name
    value_ids: int = 12  # likewise of its value, and of its neighbour's name
    image_size: tuple[int, int] = (80, 105)  # width, height of the shrunk screenshot
    crop_size: int = 16  # pixels on each side of an element's picture
    crop_margin: float = 0.08  # share of the box cut off on each side, to leave out its border
    channels: int = 16  # of the first convolution over the screenshot; doubles twice
    image_tokens: tuple[int, int] = (2, 3)  # columns and rows of screenshot tokens
    use_screenshot: bool = True  # False: blind, for ablations
    use_elements: bool = True  # False: only the screenshot and the goal, for ablations
    spell_hidden: int = 96  # width of the character decoder
    max_spell: int = 32  # characters in one spelled text
    copy_bias: float = 2.0  # first log-odds of copying over spelling
    rare_kind_bias: float = -4.0  # first logit of everything but clicking, typing and selecting

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise UsageError(f"d_model {self.d_model} must be a multiple of heads {self.heads}")
        sizes = [getattr(self, f.name) for f in fields(self) if f.type == "int"]
        if min(sizes) < 1 or min(self.image_size) < 16 or min(self.image_tokens) < 1:
            raise UsageError("sizes of a compact policy are at least 1, and its image at least 16 x 16")

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a configuration from :meth:`to_json`; raise :class:`UsageError` on anything else."""
        defaults = cls().to_json()
        if not isinstance(data, dict) or set(data) != set(defaults):
            raise UsageError("not a compact configuration: it must have exactly the fields of CompactConfig")
        return cls(**{name: _like(name, value, defaults[name]) for name, value in data.items()})


def _like(name: str, value: Any, default: Any) -> Any:
    """Return a value of a default's type, or raise :class:`UsageError`."""
    if isinstance(default, tuple) and isinstance(value, list | tuple) and len(value) == len(default):
        return tuple(_like(name, item, first) for item, first in zip(value, default, strict=True))
    if type(value) is type(default) or (isinstance(default, float) and type(value) is int):
        return value
    raise UsageError(f"{name} of a compact configuration cannot be {value!r:.80}")
