from collections.abc import Sequence

from browser_env.acting import Decision, DecisionStream, Turn
from browser_env.action import Click, GiveUp
from browser_env.episode import Episode
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from rewards import Outcome


class ThreeSteps:
    """Clicks on the goal's text, where nothing happens, twice, then gives up."""

    version = 0

    def __init__(self) -> None:
        self._left: dict[str, int] = {}

    def act(self, observations: list[Observation], *, greedy: bool = False) -> list[Decision]:
        return [Decision(action=self._act(observation)) for observation in observations]

    def _act(self, seen: Observation) -> Click | GiveUp:
        left = self._left.setdefault(seen.goal, 2)
        self._left[seen.goal] -= 1
        return Click("e1") if left else GiveUp()


def test_each_step_of_a_running_episode_is_told_under_its_later_id() -> None:
    told: list[Episode] = []
    with Pool(num_envs=2, pixels=False) as pool:
        requests = [RolloutRequest(task=miniwob_task("click-button"), seed=seed) for seed in (1, 2)]
        finished = list(pool.rollout(ThreeSteps(), requests, on_step=told.append))  # type: ignore[arg-type]
    assert len({episode.id for episode in finished}) == 2
    for episode in finished:
        so_far = [running for running in told if running.id == episode.id]
        assert [running.steps for running in so_far] == [episode.steps[:n] for n in (1, 2, 3)]
        assert {running.outcome for running in so_far} == {Outcome.INFRA_ERROR}
        assert so_far[-1].cost.steps == 3


class Hesitating:
    """Clicks where nothing happens; the first it is asked, it answers when everybody else is done."""

    version = 0

    def __init__(self, *, others: int) -> None:
        self.left, self.closed = others, False
        self._first: int | None = None
        self._open: list[tuple[int, int]] = []

    def stream(self, *, greedy: bool = False) -> DecisionStream:
        return self

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        self._first = key if self._first is None else self._first
        self._open.append((key, len(past)))

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        decided = [(key, done) for key, done in self._open if key != self._first or not self.left]
        self._open = [one for one in self._open if one not in decided]
        self.left -= sum(done == 2 for _, done in decided)
        return [(key, Decision(action=Click("e1") if done < 2 else GiveUp())) for key, done in decided]

    def close(self) -> None:
        self.closed = True


def test_nobody_waits_for_the_slowest_decision() -> None:
    policy = Hesitating(others=3)
    with Pool(num_envs=2, pixels=False) as pool:
        requests = [RolloutRequest(task=miniwob_task("click-button"), seed=seed) for seed in range(4)]
        finished = list(pool.rollout(policy, requests))
    assert [len(episode.steps) for episode in finished] == [3] * 4
    assert policy.closed
    last = finished[-1]
    assert last.cost.wall_s > max(episode.cost.wall_s for episode in finished[:-1])
