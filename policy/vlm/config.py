"""A vision-language policy's configuration: which model, what it is shown, how it writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from browser_env.action import ACTIONS
from browser_env.errors import UsageError

CHOICES = {
    "picture": ("screenshot", "marks", "none"),
    "coordinates": ("thousand", "unit", "image", "page"),
    "dtype": ("float32", "bfloat16"),
    "attention": ("sdpa", "eager", "flash_attention_2"),
}
LEAST = {
    "image_pixels": 1024,
    "image_multiple": 1,
    "image_scale": 1,
    "max_prompt_tokens": 64,
    "max_turns": 0,
    "max_new_tokens": 8,
    "batch": 1,
    "prefixes": 0,
    "lora_rank": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VlmConfig:
    """Everything that decides what a vision-language policy reads and writes."""

    KIND: ClassVar[str] = "vlm"

    model: str = "tiny-llava"  # a name at Hugging Face, a folder, or tiny-llava and the like: random ones
    revision: str = ""  # of the model at Hugging Face; empty: its newest
    dtype: str = "bfloat16"
    attention: str = "sdpa"
    device: str = "auto"  # "auto": a GPU where there is one
    picture: str = "screenshot"  # "marks": with numbered boxes; "none": the page's elements alone
    elements: bool = True  # list the page's elements; without, actions aim at points
    coordinates: str = "thousand"  # 0..1000; "unit": 0..1; "image": pixels of the image sent; "page": CSS pixels
    image_pixels: int = 1_000_000  # of the image sent, at most
    image_multiple: int = 1  # sides of the image sent are multiples of this
    image_scale: int = 1  # small pages are sent enlarged
    max_prompt_tokens: int = 4096  # of text; the oldest turns and the last elements are left out beyond
    max_turns: int = 24  # told of what was done before
    instructions: str = ""  # added to what every prompt begins with
    verbs: tuple[str, ...] = ()  # actions it is offered; empty: all
    max_new_tokens: int = 128
    temperature: float = 1.0
    constrained: bool = False  # only what is an action can be written
    batch: int = 8  # replies written side by side
    server: str = ""  # address, up to and with /v1, of a server that writes them instead, with adapters pushed to it
    server_folder: str = "adapters"  # where adapters are put for the server to read
    prefixes: int = 16  # prompts whose beginnings are kept for what follows, two for each browser; 0: none
    lora_rank: int = 16  # 0: all weights are trained
    lora_alpha: float = 32.0
    gradient_checkpointing: bool = True

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise UsageError(f"{name} of a vision-language policy is one of {', '.join(known)}")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise UsageError(f"{name} of a vision-language policy must be at least {least}")
        if unknown := set(self.verbs) - set(ACTIONS):
            raise UsageError(f"there are no actions {sorted(unknown)}; known are {', '.join(ACTIONS)}")
        if self.temperature <= 0:
            raise UsageError("a policy's temperature must be above 0; a greedy one is asked for when it acts")
        if self.server and (self.constrained or self.temperature != 1 or not self.lora_rank):
            raise UsageError("a server needs constrained=false, temperature=1 and a lora_rank: adapters are sent to it")
        if not (self.elements or self.points):
            raise UsageError("a policy needs something to see: a picture, or elements=true")

    @property
    def points(self) -> bool:
        """Whether actions may aim at points."""
        return self.picture != "none"

    @property
    def ids(self) -> bool:
        """Whether actions may aim at elements."""
        return self.elements or self.picture == "marks"

    @property
    def offered(self) -> tuple[str, ...]:
        """The actions it is offered."""
        return self.verbs or tuple(ACTIONS)

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a configuration from :meth:`to_json`; raise :class:`UsageError` on anything else."""
        try:
            return cls(**data | {"verbs": tuple(data["verbs"])})
        except (TypeError, KeyError) as error:
            raise UsageError("not a vision-language configuration: it must have exactly VlmConfig's fields") from error
