"""What is to be done, where it starts, and how success is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from browser_env.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSpec:
    """A verifier by name, with its parameters; see :mod:`rewards.verifier`."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as plain data: no code inside, the same after a trip through JSON."""

    name: str  # unique, e.g. "miniwob/click-button"
    url: str  # where it starts
    verifier: VerifierSpec
    goal: str | None = None  # None: the page states it
    suite: str = "web"  # "web" or "miniwob": how the page is started and seeded
    ignore: str | None = None  # CSS selector of a suite's own instruments, which are not observed
    reload: bool = False  # a suite's page is loaded anew at each reset, as something of an episode would outlive it
    viewport: tuple[int, int] = (1280, 720)  # width, height in CSS px
    max_steps: int = 30
    time_limit_s: float = 120.0  # wall clock of a reset or a step, for infrastructure; page time is simulated
    step_ms: int = 100  # page time that passes with each action
    allowed_origins: tuple[str, ...] = ()  # beside the start URL's own origin
    upload_folder: str | None = None  # from which files may be uploaded; None: from nowhere
    difficulty: float | None = None  # 0 easy to 1 hard, where known
    provenance: str = ""  # where the task comes from
    golden: tuple[str, ...] = ()  # actions in text form that solve it, where known
    snapshot: str | None = None  # PATH or PATH#sha256=HEX of what the site served; None: the site itself
    read_only: bool = False  # requests that may change the site are refused

    def to_json(self) -> dict[str, Any]:
        """Return the task as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a task from :meth:`to_json`; raise :class:`DataError` on anything else."""
        try:
            return cls(
                **{
                    **data,
                    "verifier": VerifierSpec(**data["verifier"]),
                    "viewport": tuple(data["viewport"]),
                    "allowed_origins": tuple(data["allowed_origins"]),
                    "golden": tuple(data["golden"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise DataError(f"not a task: {error}; write one with Task.to_json()") from error


NEVER = VerifierSpec(name="url", params={"regex": "(?!)"})  # no address matches
