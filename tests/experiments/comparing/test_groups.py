from __future__ import annotations

import pytest

from experiments.comparing.groups import differing, group_replicates, label_groups, natural, unique
from experiments.comparing.replicates import Replicate
from tests.experiments.comparing.building import group, replicate


def labels(*replicates: Replicate) -> list[str]:
    return [found.label for found in label_groups(group_replicates(replicates)[0])]


def test_runs_of_equal_settings_but_for_the_seed_are_replicates() -> None:
    runs = [
        replicate("new", seed=10, arm="mixed", settings={"rate": "0.1"}),
        replicate("b", seed=2, arm="mixed", settings={"rate": "0.1"}),
        replicate("other", seed=2, arm="mixed", settings={"rate": "0.2"}),
        replicate("arm", seed=2, arm="imitation", settings={"rate": "0.1"}),
        replicate("old", seed=10, arm="mixed", settings={"rate": "0.1"}),
    ]
    groups, left_out = group_replicates(runs)
    assert [found.seeds for found in groups] == [["2", "10"], ["2"], ["2"]]
    assert [(run.name, run.why) for run in left_out] == [("old", "a newer run has the same settings and seed 10")]


def test_ignored_settings_do_not_tell_groups_apart() -> None:
    runs = [replicate(seed=seed, settings={"limit": str(seed), "rate": "0.1"}) for seed in (0, 1)]
    groups, left_out = group_replicates(runs, ignoring=["limit"])
    (found,) = groups
    assert (found.seeds, found.settings, found.varied) == (["0", "1"], {"rate": "0.1"}, ["limit"])
    assert left_out == []


def test_a_label_says_as_little_as_tells_groups_apart() -> None:
    default, smoke = {"name": "default", "rate": "1"}, {"name": "smoke", "rate": "2"}
    assert labels(replicate(settings=default)) == ["default"]
    assert labels(replicate(arm="mixed", settings=default)) == ["mixed"]
    arms = [replicate(arm="mixed", settings=default), replicate(arm="imitation", settings=default)]
    assert labels(*arms) == ["imitation", "mixed"]
    assert labels(*arms, replicate(arm="mixed", settings=smoke)) == [
        "default/imitation",
        "default/mixed",
        "smoke/mixed",
    ]
    counts = [{**default, "learner.rate": value} for value in ("10", "9")]
    ablation = [replicate(arm="mixed", settings=settings) for settings in counts]
    assert labels(*ablation, arms[1]) == ["imitation", "mixed rate=9", "mixed rate=10"]
    both = [replicate(arm="mixed", settings={**default, "rate": rate, "steps": f"{rate}0"}) for rate in "12"]
    assert labels(*both) == ["mixed rate=1", "mixed rate=2"]
    elsewhere = replicate(arm="mixed", settings=default, experiment="theirs")
    assert labels(arms[0], elsewhere) == ["theirs", "webdual"]


def test_labels_of_long_or_missing_settings_stay_short_and_differ() -> None:
    long = [replicate(arm="mixed", settings={"tasks": "t" * 100 + end}) for end in "ab"]
    assert labels(*long) == [f"mixed tasks={'t' * 23}…", f"mixed tasks={'t' * 23}… (2)"]
    assert labels(replicate(arm="a", settings={"x": "1"}), replicate(arm="a")) == ["a x=1", "a x=none"]


def test_unique_numbers_what_came_before_and_natural_sorts_by_size() -> None:
    assert unique(["a", "b", "a"]) == ["a", "b", "a (2)"]
    assert sorted(["d=10", "d=9", "d", "²", "9" * 30], key=natural) == ["9" * 30, "d", "d=9", "d=10", "²"]


def test_differing_leaves_out_what_is_the_same() -> None:
    assert differing([{"a": "1", "b": "2"}, {"a": "1", "c": "3"}]) == {"b": ("2", None), "c": (None, "3")}


def test_a_groups_tasks_are_those_of_all_its_runs() -> None:
    made = group("a", replicate(seed=0, x=(1, 2), y=(1, 4)), replicate(seed=1, y=(2, 4)))
    assert made.tasks == {"y"}
    sample = made.sample(["y"])
    assert sample.scores.tolist() == [[0.25], [0.5]]
    assert sample.episodes.tolist() == [[4], [4]]
    with pytest.raises(KeyError):
        made.sample(["x"])
