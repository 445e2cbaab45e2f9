"""What a learner needs to know of one decision."""

from __future__ import annotations

from typing import Protocol

from browser_env.acting import Reply, Turn
from browser_env.action import Action
from browser_env.observation import Observation


class LearningSample(Protocol):
    """One decision with what is to be learned from it; :class:`replay.buffer.Sample` is one."""

    @property
    def observation(self) -> Observation:
        """What was seen."""
        ...

    @property
    def action(self) -> Action:
        """What was done."""
        ...

    @property
    def weight(self) -> float:
        """How much the action is imitated; 0 not at all."""
        ...

    @property
    def advantage(self) -> float | None:
        """How much better than expected it went; None where the policy gradient leaves it alone."""
        ...

    @property
    def log_prob(self) -> float | None:
        """The action's log-probability when it was taken."""
        ...

    @property
    def target_return(self) -> float | None:
        """What the value estimate should have been; None where it is not taught."""
        ...

    @property
    def desired_return(self) -> float:
        """What the policy is told to reach; 1 but where a failure is imitated as one."""
        ...

    @property
    def past(self) -> tuple[Turn, ...]:
        """What was done before."""
        ...

    @property
    def reply(self) -> Reply | None:
        """What a language model wrote."""
        ...
