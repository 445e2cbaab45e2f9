"""Many browsers as one Gymnasium vector environment, each in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from browser_env.action import Action, parse_action
from browser_env.env import check_render_mode, draw_seed, transition
from browser_env.errors import InfraError, UsageError
from browser_env.judgement import StepResult
from browser_env.observation import Observation, Screenshot
from browser_env.pool import Pool, Ready
from browser_env.rollout import RolloutRequest
from browser_env.spaces import ActionSpace, ObservationSpace, without_pixels
from browser_env.task import Task
from browser_env.task_source import TaskSource, as_miniwob_task, as_task
from rewards.outcome import Outcome

RESET_TRIES = 2  # a browser that dies while an episode begins is replaced, and the episode begun once more

Batch = tuple[Observation, ...]
Flags = NDArray[np.bool_]
StepReturn = tuple[Batch, NDArray[np.float64], Flags, Flags, dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class _Answers:
    """What came back from one round of calls."""

    ended: dict[int, StepResult] = field(default_factory=dict)  # by environment: how what was begun anew at once ended
    last: dict[int, Ready] = field(default_factory=dict)  # the newest answer of each environment
    page_seeds: dict[int, int]  # of the environments that were reset
    tries: dict[int, int] = field(default_factory=dict)  # to begin


class BrowserVectorEnv(gym.vector.VectorEnv[Batch, Sequence[Action | str], NDArray[Any]]):
    """One task an environment, of one viewport; ``step`` takes an action or its text for each.

    An environment whose browser dies is truncated with the outcome ``infra_error`` and gets another one, while
    the others go on. One whose next episode cannot begin is truncated again, with an empty observation.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        pixels: bool = True,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ):
        check_render_mode(render_mode)
        if len({task.viewport for task in tasks}) != 1:
            raise UsageError("the tasks of a vector environment need one viewport; give at least one task, all alike")
        self.tasks = tuple(tasks)
        self.num_envs = len(tasks)
        self.render_mode = render_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 10, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space: ObservationSpace = ObservationSpace(viewport=tasks[0].viewport, pixels=pixels)
        self.single_action_space = ActionSpace(viewport=tasks[0].viewport)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._with_pictures = pixels or render_mode is not None
        self._pool: Pool | None = None  # made by the first reset
        self._chances = [seeding.np_random()[0] for _ in tasks]
        self._seen = [self._blank(task) for task in tasks]  # with the pictures that rendering needs
        self._is_over = np.ones(self.num_envs, np.bool_)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Batch, dict[str, Any]]:
        """Begin episodes, with the seeds ``seed``, ``seed + 1``, and so on, or one for each environment.

        ``options={"reset_mask": mask}`` begins only some; there are no other options.
        Raise :class:`InfraError` where one cannot begin.
        """
        seeds = self._each_seed(seed)
        chosen = self._chosen(options)
        pool = self._start()
        pool.settle()
        answers = _Answers(page_seeds={env_id: self._draw(env_id, seeds[env_id]) for env_id in chosen})
        self._send_resets(pool, chosen, answers)
        self._receive(pool, answers)
        results = {env_id: self._keep(answers.last[env_id], begins=True) for env_id in chosen}
        infos: dict[str, Any] = {}
        for env_id, result in results.items():
            if result.outcome is not None:
                raise InfraError(f"environment {env_id} could not begin an episode: {result.reason}")
            infos = self._add_info(infos, self._reset_info(env_id, result, answers), env_id)
        return self._batch(), infos

    def step(self, actions: Sequence[Action | str]) -> StepReturn:
        """Act in all environments and wait for all; what Gymnasium says of the autoreset mode holds.

        A malformed text raises :class:`ActionError`, before anything is done.
        """
        typed = [parse_action(action) if isinstance(action, str) else action for action in actions]
        if len(typed) != self.num_envs:
            raise UsageError(f"step needs {self.num_envs} actions, one an environment, not {len(typed)}")
        over = [env_id for env_id in range(self.num_envs) if self._is_over[env_id]]
        going = [env_id for env_id in range(self.num_envs) if env_id not in over]
        if self.closed or self._pool is None or (over and self.autoreset_mode is AutoresetMode.DISABLED):
            raise UsageError(f"no episode is under way in the environments {over}; call reset() first")
        answers = _Answers(page_seeds={env_id: self._draw(env_id, None) for env_id in over})
        self._pool.send([typed[env_id] for env_id in going], going)
        self._send_resets(self._pool, over, answers)
        self._receive(self._pool, answers)
        return self._step_return(answers)

    def render(self) -> tuple[Screenshot, ...] | None:
        """Return each environment's last picture, (height, width, 3) uint8, in the mode ``rgb_array``."""
        if self.render_mode is None:
            return None
        return tuple(np.array(seen.screenshot) for seen in self._seen)

    def close_extras(self, **kwargs: Any) -> None:
        """End all browsers."""
        if self._pool is not None:
            self._pool.close()

    def _start(self) -> Pool:
        if self.closed:
            raise UsageError("the environment is closed; make another one")
        if self._pool is None:
            self._pool = Pool(num_envs=self.num_envs, pixels=self._with_pictures)
        return self._pool

    def _each_seed(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        seeds = [seed + env_id for env_id in range(self.num_envs)] if isinstance(seed, int) else seed
        if len(seeds) != self.num_envs:
            raise UsageError(f"{len(seeds)} seeds do not fit {self.num_envs} environments; give one for each")
        return seeds

    def _chosen(self, options: dict[str, Any] | None) -> list[int]:
        """Return the environments to reset."""
        unknown = sorted(set(options or {}) - {"reset_mask"})
        if unknown:
            raise UsageError(
                f"a vector environment's reset has no option {unknown[0]!r}; the only one is reset_mask, "
                "and Pool.rollout begins episodes in their middle"
            )
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return list(range(self.num_envs))
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise UsageError(f"reset_mask has to be a boolean array of shape ({self.num_envs},)")
        if not mask.any():
            raise UsageError("reset_mask chooses no environment; set at least one to True")
        return [int(env_id) for env_id in np.flatnonzero(mask)]

    def _draw(self, env_id: int, seed: int | None) -> int:
        """Return the page's seed, as an environment of its own would draw it."""
        if seed is None:
            return draw_seed(self._chances[env_id])
        self._chances[env_id] = seeding.np_random(seed)[0]
        return seed

    def _send_resets(self, pool: Pool, env_ids: Sequence[int], answers: _Answers) -> None:
        requests = [RolloutRequest(task=self.tasks[i], seed=answers.page_seeds[i]) for i in env_ids]
        pool.send_reset(requests, env_ids)

    def _receive(self, pool: Pool, answers: _Answers) -> None:
        """Take answers until nobody owes one."""
        while pool.waiting:
            for ready in pool.recv():
                self._take(pool, ready, answers)

    def _take(self, pool: Pool, ready: Ready, answers: _Answers) -> None:
        env_id = ready.env_id
        begins = env_id in answers.page_seeds
        if begins and ready.result is None and answers.tries.setdefault(env_id, 1) < RESET_TRIES:
            answers.tries[env_id] += 1
            self._send_resets(pool, [env_id], answers)
        elif not begins and ready.outcome is not None and self.autoreset_mode is AutoresetMode.SAME_STEP:
            answers.ended[env_id] = self._keep(ready, begins=False)
            answers.page_seeds[env_id] = self._draw(env_id, None)
            self._send_resets(pool, [env_id], answers)
        else:
            answers.last[env_id] = ready

    def _keep(self, ready: Ready, *, begins: bool) -> StepResult:
        """Note what an environment looks like now; where infrastructure failed, make the end of its episode up."""
        env_id = ready.env_id
        result = ready.result
        if result is None:
            last = self._blank(self.tasks[env_id]) if begins else self._seen[env_id]
            result = StepResult(observation=last, outcome=Outcome.INFRA_ERROR, reason=ready.error)
        self._seen[env_id] = result.observation
        self._is_over[env_id] = result.outcome is not None
        return result

    def _step_return(self, answers: _Answers) -> StepReturn:
        rewards = np.zeros(self.num_envs, np.float64)
        terminated, truncated = np.zeros((2, self.num_envs), np.bool_)
        infos: dict[str, Any] = {}
        for env_id in range(self.num_envs):
            begins = env_id in answers.page_seeds
            result = self._keep(answers.last[env_id], begins=begins)
            *flags, info = transition(result)
            if begins:
                info = self._reset_info(env_id, result, answers) | (info if result.outcome is not None else {})
            final = answers.ended.get(env_id, result if self._needs_final(result) else None)
            if final is not None:
                *flags, final_info = transition(final)
                info |= {"final_obs": self._shown(final.observation), "final_info": final_info}
            rewards[env_id], terminated[env_id], truncated[env_id] = flags
            infos = self._add_info(infos, info, env_id)
        return self._batch(), rewards, terminated, truncated, infos

    def _needs_final(self, result: StepResult) -> bool:
        """Whether an episode is over at once: in the same-step mode nothing but a failed begin leaves one so."""
        return result.outcome is not None and self.autoreset_mode is AutoresetMode.SAME_STEP

    def _reset_info(self, env_id: int, result: StepResult, answers: _Answers) -> dict[str, Any]:
        return {"seed": answers.page_seeds[env_id], "task": self.tasks[env_id].name, "fields": result.fields}

    def _blank(self, task: Task) -> Observation:
        return ObservationSpace(viewport=task.viewport, pixels=self._with_pictures).blank(task.goal or "")

    def _shown(self, observation: Observation) -> Observation:
        return observation if self.single_observation_space.pixels else without_pixels(observation)

    def _batch(self) -> Batch:
        return tuple(self._shown(seen) for seen in self._seen)


def make_miniwob_vec(
    num_envs: int = 1,
    *,
    task: TaskSource | Sequence[TaskSource] = "click-button",
    pixels: bool = True,
    render_mode: str | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **fields: Any,
) -> BrowserVectorEnv:
    """Return MiniWoB++ environments, of one task or of one for each; what :func:`gymnasium.make_vec` calls."""
    tasks = [as_miniwob_task(source, **fields) for source in _one_each(task, num_envs)]
    return BrowserVectorEnv(tasks, pixels=pixels, render_mode=render_mode, autoreset_mode=autoreset_mode)


def make_web_vec(
    num_envs: int = 1,
    *,
    task: TaskSource | Sequence[TaskSource],
    pixels: bool = True,
    render_mode: str | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **fields: Any,
) -> BrowserVectorEnv:
    """Return environments of any task or URL, or of one for each; what :func:`gymnasium.make_vec` calls."""
    tasks = [as_task(source, **fields) for source in _one_each(task, num_envs)]
    return BrowserVectorEnv(tasks, pixels=pixels, render_mode=render_mode, autoreset_mode=autoreset_mode)


def _one_each(task: TaskSource | Sequence[TaskSource], num_envs: int) -> list[TaskSource]:
    if isinstance(task, Task | str | Path | Mapping):
        return [task] * num_envs
    if len(task) != num_envs:
        raise UsageError(f"{len(task)} tasks do not fit {num_envs} environments; give one for each, or one for all")
    return list(task)
