import math
import random
from collections import Counter
from dataclasses import replace

import pytest

from browser_env.action import Action, Answer, Click, GiveUp, Select, Type
from browser_env.errors import UsageError
from browser_env.observation import Element, Observation
from policy.compact import CompactPolicy
from policy.config import CompactConfig

SMALL = CompactConfig(d_model=32, layers=1, heads=2, word_buckets=256, gram_buckets=128, channels=4, rare_kind_bias=0.0)


def policy(seed: int = 0, **changes: object) -> CompactPolicy:
    return CompactPolicy(replace(SMALL, **changes), seed=seed)  # type: ignore[arg-type]


def hostile(form: Observation) -> list[Observation]:
    odd = Element(
        id="e1", role="x" * 500, name="\ud800 " * 900, value="\x00", box=(math.nan, 0, math.inf, -5), parent="e1"
    )
    crowd = tuple(Element(id=f"e{i}", role="button", name=f"b {i}", box=(0, 0, 5, 5)) for i in range(1, 5001))
    return [
        Observation(goal=""),
        Observation(goal="no elements"),
        Observation(goal="word " * 100_000, elements=form.elements),
        Observation(goal="one", elements=(odd, odd)),
        Observation(goal="b 17", elements=crowd, screenshot=form.screenshot),
        replace(form, screenshot=None),
        replace(form, viewport=(0, 0)),
        replace(form, focus="e999", error="it failed"),
    ]


def test_reported_log_probabilities_are_exact_and_do_not_depend_on_the_batch(form: Observation) -> None:
    subject = policy(copy_bias=0.0)
    observations = [form, replace(form, screenshot=None), Observation(goal="short")] * 30
    decisions = subject.act(observations)
    for observation, decision in zip(observations, decisions, strict=True):
        assert decision.log_prob == pytest.approx(subject.log_prob([observation], [decision.action])[0], abs=1e-4)
    assert len({type(decision.action) for decision in decisions}) >= 6


def test_probabilities_are_the_frequencies_of_sampling(form: Observation) -> None:
    subject = policy(copy_bias=4.0, max_spell=1)
    counts: Counter[Action] = Counter()
    for _ in range(20):
        counts.update(decision.action for decision in subject.act([form] * 100))
    seen = [action for action, count in counts.items() if count >= 20]
    assert Select("e4", ("Chad",)) in seen  # two options, one action
    for action, log_prob in zip(seen, subject.log_prob([form] * len(seen), seen), strict=True):
        share = math.exp(log_prob)
        assert counts[action] / 2000 == pytest.approx(share, abs=5 * math.sqrt(share / 2000))


def test_all_texts_together_have_probability_one() -> None:
    subject = policy(max_spell=1)
    page = Observation(goal="a b")
    letters = ["", *map(chr, range(32, 127)), "a b"]
    texts = subject.log_prob([page] * len(letters), [Answer(letter) for letter in letters])
    reading = subject.read(page, Answer(""))
    assert reading is not None
    kinds = subject.encode(subject.batch([reading.features])).kinds[0].exp()
    assert sum(map(math.exp, texts)) == pytest.approx(kinds[6].item(), rel=1e-4)


def test_only_possible_actions_are_chosen(form: Observation) -> None:
    actions = [decision.action for decision in policy().act([form] * 400)]
    assert {action.target for action in actions if isinstance(action, Type)} <= {"e2", "e3"}
    clicked = {action.target for action in actions if isinstance(action, Click) and isinstance(action.target, str)}
    assert clicked <= {"e1", "e2", "e3", "e4"}


def test_impossible_actions_have_no_probability(form: Observation) -> None:
    too_long = Type("e2", "not in the goal, and longer than anything that can be spelled")
    assert policy().log_prob([form] * 3, [GiveUp(), Click("e8"), too_long]) == [-math.inf] * 3


def test_greedy_is_the_same_every_time_and_for_every_batch(form: Observation) -> None:
    subject = policy()
    first = subject.act([form, Observation(goal="other")], greedy=True)
    assert subject.act([form], greedy=True)[0].action == first[0].action


def test_one_seed_gives_one_policy(form: Observation) -> None:
    first, again, other = policy(seed=1), policy(seed=1), policy(seed=2)
    drawn = [decision.action for decision in first.act([form] * 20)]
    assert drawn == [decision.action for decision in again.act([form] * 20)]
    assert drawn != [decision.action for decision in other.act([form] * 20)]


def test_hostile_observations_are_coped_with(form: Observation) -> None:
    subject = policy()
    for greedy in (False, True):
        observations = hostile(form) * 5
        decisions = subject.act(observations, greedy=greedy)
        again = subject.log_prob(observations, [decision.action for decision in decisions])
        for decision, log_prob in zip(decisions, again, strict=True):
            assert decision.log_prob == pytest.approx(log_prob, abs=1e-4)
            assert decision.value is not None
            assert math.isfinite(decision.value)


def test_a_blind_policy_does_not_depend_on_pixels(form: Observation) -> None:
    blind = policy(use_screenshot=False)
    assert blind.log_prob([form], [Click("e1")]) == blind.log_prob([replace(form, screenshot=None)], [Click("e1")])
    seeing = policy()
    assert seeing.log_prob([form], [Click("e1")]) != seeing.log_prob([replace(form, screenshot=None)], [Click("e1")])


def test_no_observations_no_decisions() -> None:
    assert policy().act([]) == []


@pytest.mark.parametrize("changes", [{"heads": 5}, {"layers": 0}, {"image_size": (4, 4)}])
def test_impossible_configurations_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        replace(CompactConfig(), **changes)  # type: ignore[arg-type]


def test_the_default_network_is_small() -> None:
    network = CompactPolicy(CompactConfig(), seed=0).network
    assert sum(parameter.numel() for parameter in network.parameters()) < 2_000_000


def test_seeding_leaves_other_randomness_alone() -> None:
    random.seed(0)
    before = random.random()
    random.seed(0)
    policy()
    assert random.random() == before


def test_an_answer_counts_however_it_comes_about(form: Observation) -> None:
    subject = policy(max_spell=8)
    observation = Observation(goal="Say Chad", elements=form.elements, screenshot=form.screenshot)
    counts = Counter(decision.action for _ in range(30) for decision in subject.act([observation] * 100))
    share = math.exp(subject.log_prob([observation], [Answer("Chad")])[0])
    assert counts[Answer("Chad")] / 3000 == pytest.approx(share, abs=5 * math.sqrt(share / 3000))
    assert share > 0.01
