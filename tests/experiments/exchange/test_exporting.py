import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.action import Action, Check, Click, Point, Press, Scroll, Select, Type, action_from_json
from browser_env.env import BrowserEnv
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DataError, UsageError
from browser_env.locate import find_browser
from browser_env.observation import Element, Observation
from browser_env.task import Task
from browser_env.task_source import as_task
from experiments.cli import main
from experiments.exchange.chrome_recorder import read_chrome_recorder
from experiments.exchange.exporting import export
from experiments.exchange.replaying import replay_plan
from experiments.exchange.tables import read_tables
from experiments.exchange.to_playwright import to_playwright
from experiments.exchange.to_recorder import to_recorder
from replay import ReplayStore, give_consent
from replay.notes import NoteFolder, TagNote
from rewards import Evidence, Outcome


def record(task: Task, choose: Callable[[Observation], list[Action]]) -> Episode:
    env = BrowserEnv(task)
    seen, _ = env.reset(seed=0)
    steps, info, reward = [], dict[str, Any](), 0.0
    for action in choose(seen):
        steps.append(Step(observation=seen, action=action, log_prob=-0.5))
        seen, reward, _, _, info = env.step(action)
        assert seen.error is None, seen.error
    env.close()
    return Episode(
        id="order-1",
        task=task,
        seed=0,
        source=Source.SCRIPT,
        steps=tuple(steps),
        final=seen,
        outcome=info["outcome"] or Outcome.TRUNCATED,
        reward=reward,
        evidence=info["evidence"] or Evidence(),
        tags=("made",),
    )


def of(seen: Observation, role: str, name: str) -> str:
    return next(e.id for e in seen.elements if (e.role, e.name) == (role, name))


def ordering(seen: Observation) -> list[Action]:
    name = of(seen, "textbox", "Name")
    return [
        Click(name),
        *(Press(key) for key in "Ann"),
        Type(name, "b", clear=False),
        Press("Backspace"),
        Type(name, "a", clear=False),
        Press("Control+a"),
        Type(name, "Anna"),
        Select(of(seen, "combobox", "Drink"), ("Coffee",)),
        Scroll(Point(200, 200), 0, 40),
        Check(of(seen, "checkbox", "Milk")),
        Click(of(seen, "button", "Order")),
    ]


@pytest.fixture(scope="module")
def episode(order: Task) -> Episode:
    episode = record(order, ordering)
    assert episode.success
    return episode


def test_a_recorder_file_leads_to_the_same_final_state(episode: Episode, order: Task) -> None:
    data, left_out = to_recorder(episode)
    replayed = replay_plan(read_chrome_recorder(json.dumps(data)), order, seed=0, tag="x")
    assert not left_out
    assert replayed.verified
    assert state(replayed.episode.final) == state(episode.final)
    assert replayed.episode.evidence.form_values == episode.evidence.form_values


def state(seen: Observation) -> list[Any]:
    return [seen.url, seen.scroll, [(e.role, e.name, e.value, e.states, e.box) for e in seen.elements]]


def test_what_has_no_name_of_its_own_is_clicked_at_its_place(site: str) -> None:
    task = as_task(f"{site}/selectors.html", viewport=(640, 400), goal="Twins")

    def clicks(seen: Observation) -> list[Action]:
        second = [e.id for e in seen.elements if e.name == "Twin"][1]
        return [Click(second), Click(of(seen, "button", "Deep"))]

    episode = record(task, clicks)
    data, _ = to_recorder(episode)
    replayed = replay_plan(read_chrome_recorder(json.dumps(data)), task, seed=0, tag="x", judged=False)
    assert [step["selectors"] for step in data["steps"][2:]] == [[["html"]], [["html"]]]
    assert replayed.episode.final.focus == episode.final.focus
    assert replayed.episode.final.focus == of(episode.final, "button", "Deep")


def test_a_playwright_script_does_the_same(episode: Episode, tmp_path: Path) -> None:
    script = tmp_path / "order.py"
    script.write_text(to_playwright(episode), encoding="utf-8")
    environment = os.environ | {"CHROMIUM": str(find_browser().path)}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        env=environment, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert result.stderr == ""
    assert episode.final.url in result.stdout
    assert "Ordered Coffee for Anna" in result.stdout


def bare(id_: str = "a", *actions: Action, **changes: Any) -> Episode:
    seen = Observation(goal="Try", viewport=(640, 300))
    values: dict[str, Any] = {
        "id": id_, "task": as_task("http://shop.test/", goal="Try"), "seed": 0, "source": Source.SCRIPT,
        "steps": tuple(Step(observation=seen, action=action) for action in actions or (Click("e1"),)),
        "final": seen, "outcome": Outcome.TRUNCATED, "reward": 0.0, "evidence": Evidence(),
    }  # fmt: skip
    return Episode(**values | changes)


def run_filled(text: str, secret: str) -> str:
    """What a script's own function puts in place of a text's placeholders."""
    head = to_playwright(bare()).partition("def only(")[0]
    head = "\n".join(line for line in head.splitlines() if "playwright.sync_api" not in line)
    asked = f"{head}\nprint(filled({text!r}))"
    environment = os.environ | {"SECRET_1": secret}
    result = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return (result.stdout or result.stderr).removesuffix("\n")


@pytest.mark.parametrize(
    ("text", "secret", "filled"),
    [
        ("{{secret:1}}", "a b-c.d", "a b-c.d"),
        ("{{secret:1:1-3/7}}", "a b-c.d", "a b"),
        ("{{secret:1:5-8/16}}", "4111 2222-3333.4444", "2222"),
        ("{{secret:1:5-8/16}}", "4111", "SECRET_1 was typed in parts and needs 16 characters, not 4"),
    ],
)
def test_a_script_fills_in_secrets_as_a_replay_does(text: str, secret: str, filled: str) -> None:
    assert run_filled(text, secret) == filled


def test_a_script_fills_in_what_it_selects() -> None:
    script = to_playwright(bare("a", Select("e1", ("{{secret:1}}",))))
    assert "select_option(label=[filled(label) for label in ['{{secret:1}}']])" in script


def test_a_script_counts_the_elements_of_the_page_itself() -> None:
    boxes = [Element(id=id_, role="combobox", name="Size", box=(0, 0, 9, 9)) for id_ in ("e1", "e100001", "e2")]
    step = Step(observation=Observation(goal="", elements=tuple(boxes)), action=Select("e2", ("L",)))
    script = to_playwright(replace(bare(), steps=(step,)))
    assert "page.get_by_role('combobox').nth(1)" in script


@pytest.mark.parametrize("format_", ["chrome-recorder", "playwright"])
def test_what_begins_in_its_middle_is_no_script(format_: str, tmp_path: Path) -> None:
    cut = bare("cut", prefix=(Press("Tab"),))
    report = export([cut, bare("whole")], format_, tmp_path / "both")
    assert report.to_json() == {"episodes": 1, "cut": 1, "empty": 0, "left_out": {}}
    assert [path.stem for path in (tmp_path / "both").iterdir()] == ["whole"]
    with pytest.raises(DataError, match="export them as parquet"):
        export([cut], format_, tmp_path / "none")
    assert export([cut], "parquet", tmp_path / "tables").episodes == 1


def test_tags_are_those_that_the_gallery_gave_last(tmp_path: Path) -> None:
    ada = give_consent(subject="Ada", text="Yes.")
    with ReplayStore(tmp_path / "store") as store:
        store.add_consent(ada)
        store.add([bare("tagged", tags=("old",)), bare("retagged", tags=("old",)), bare("new")])
    notes = NoteFolder(tmp_path / "store")
    for episode_id, tag in (("retagged", "good"), ("new", "old")):
        at = "2030-01-01T00:00:00+00:00"
        notes.add(TagNote(id=f"n-{episode_id}", episode=episode_id, tags=(tag,), consent=ada.id, given_at=at))
    arguments = ["demos", "export", str(tmp_path / "store"), "--format", "playwright"]
    assert main([*arguments, "--tag", "old", "--out", str(tmp_path / "a")]) == 0
    assert sorted(path.stem for path in (tmp_path / "a").iterdir()) == ["new", "tagged"]
    assert main([*arguments, "--tag", "good", "--out", str(tmp_path / "b")]) == 0
    assert [path.stem for path in (tmp_path / "b").iterdir()] == ["retagged"]
    assert main([*arguments, "--tag", "none", "--out", str(tmp_path / "c")]) == 1


NASTY = ['"""\nimport os\n', "'); os.abort(); ('", "{url}", "{{secret:1}}", "\\", "\ud800", "\n", "${x}"]
TEXTS = st.sampled_from(NASTY) | st.text(max_size=10)


@given(TEXTS, TEXTS, TEXTS)
def test_no_text_of_an_episode_becomes_code(goal: str, name: str, text: str) -> None:
    seen = Observation(goal=goal, viewport=(640, 300))
    task = Task(
        name=name or "t", url=f"http://shop.test/{text}", goal=goal, verifier=as_task("http://shop.test/").verifier
    )
    steps = [Step(observation=seen, action=action) for action in (Type("e1", text), Press(text), Select("e1", (text,)))]
    episode = Episode(
        id="a", task=task, seed=0, source=Source.SCRIPT, steps=tuple(steps), final=seen,
        outcome=Outcome.TRUNCATED, reward=0.0, evidence=Evidence(),
    )  # fmt: skip
    script = compile(to_playwright(episode), "script", "exec")
    assert {name for name in script.co_names if name.startswith("abort")} == set()
    plan = read_chrome_recorder(json.dumps(to_recorder(episode)[0]))
    assert plan.moves


def test_a_placeholder_is_one_key_of_a_recording(episode: Episode) -> None:
    field = of(episode.steps[0].observation, "textbox", "Name")
    typing = Step(observation=episode.steps[1].observation, action=Type(field, "a{{secret:1}}b", clear=False))
    data, _ = to_recorder(replace(episode, steps=(typing,)))
    assert [step["key"] for step in data["steps"] if step["type"] == "keyDown"][-3:] == ["a", "{{secret:1}}", "b"]


def test_parquet_holds_the_same_episodes(episode: Episode, tmp_path: Path) -> None:
    bare = replace(episode, id="bare", steps=(), final=replace(episode.final, screenshot=None))
    report = export([episode, bare, replace(episode, id="again", seed=-1)], "parquet", tmp_path / "out")
    assert report.episodes == 3
    assert list(read_tables(tmp_path / "out")) == [episode, bare, replace(episode, id="again", seed=-1)]


def test_parquet_is_readable_without_webdual(episode: Episode, tmp_path: Path) -> None:
    export([episode], "parquet", tmp_path / "out")
    steps = pq.read_table(tmp_path / "out/steps.parquet")
    features = json.loads(steps.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["screenshot"] == {"_type": "Image"}
    assert set(features) == set(steps.column_names)
    assert steps["action"].to_pylist() == [*(step.action.to_text() for step in episode.steps), None]
    assert steps["screenshot"][0]["bytes"].as_py().startswith(b"\x89PNG")
    assert pq.read_table(tmp_path / "out/episodes.parquet")["outcome"].to_pylist() == ["success"]


JSON_TEXT = st.sampled_from(["{}", "[]", "null", "3", "[[[", "", '{"kind":"episode"}', '{"final":{}}'])


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), JSON_TEXT, JSON_TEXT, st.integers(-1, 2)), max_size=3))
def test_tables_of_others_are_refused(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    heads = [{"id": id_, "num_steps": n, "record": one, "end": two} for id_, one, two, n in rows]
    steps = [{"episode": id_, "record": one, "screenshot": None} for id_, one, _, _ in rows]
    names = [("id", pa.string()), ("num_steps", pa.int64()), ("record", pa.string()), ("end", pa.string())]
    pq.write_table(pa.Table.from_pylist(heads, schema=pa.schema(names)), folder / "episodes.parquet")
    columns = pa.schema([("episode", pa.string()), ("record", pa.string()), ("screenshot", pa.null())])
    pq.write_table(pa.Table.from_pylist(steps, schema=columns), folder / "steps.parquet")
    if not rows:
        assert not list(read_tables(folder))
        return
    with pytest.raises(DataError, match=r"holds no episodes|are missing"):
        list(read_tables(folder))


@given(st.binary(max_size=200))
def test_files_that_are_no_tables_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "episodes.parquet").write_bytes(data)
    with pytest.raises(DataError, match="holds no episodes"):
        list(read_tables(folder))


def test_episodes_without_a_valid_consent_are_not_exported(episode: Episode, tmp_path: Path) -> None:
    consent = give_consent(subject="anna", text="Yes.")
    with ReplayStore(tmp_path / "store") as store:
        store.add_consent(consent)
        store.add([replace(episode, id="hers", source=Source.HUMAN, consent=consent.id)])
        store.add([replace(episode, id="nobodys", source=Source.HUMAN), replace(episode, id="made")])
    result = tmp_path / "result.json"
    arguments = ["demos", "export", str(tmp_path / "store"), "--format", "chrome-recorder"]
    assert main([*arguments, "--out", str(tmp_path / "a"), "--json", str(result)]) == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["hers.json", "made.json"]
    assert json.loads(result.read_text())["refused"] == 1
    assert main([*arguments, "--out", str(tmp_path / "b"), "--episode", "nobodys"]) == 1
    assert main(["demos", "revoke", "--subject", "anna", "--store", str(tmp_path / "store")]) == 0
    assert main([*arguments, "--out", str(tmp_path / "c")]) == 0
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["made.json"]


def test_an_export_appears_whole_or_not_at_all(episode: Episode, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no episode to export"):
        export([], "playwright", tmp_path / "none")
    with pytest.raises(DataError, match="name of a file"):
        export([episode, replace(episode, id="../out")], "playwright", tmp_path / "bad")
    assert not list(tmp_path.iterdir())
    assert export([episode], "playwright", tmp_path / "new/deep").episodes == 1
    with pytest.raises(UsageError, match="is there already"):
        export([episode], "playwright", tmp_path / "new")


def test_minari_reads_what_was_written(episode: Episode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = replace(episode, id="cut", steps=episode.steps[:2], seed=-1, outcome=Outcome.TRUNCATED, reward=0.0)
    report = export([episode, replace(episode, id="bare", steps=()), cut], "minari", tmp_path / "sets")
    assert (report.episodes, report.empty) == (2, 1)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    dataset = minari.load_dataset("webdual/episodes-v0")
    whole, broken = dataset.iterate_episodes()
    assert (dataset.total_episodes, dataset.total_steps) == (2, len(episode.steps) + 2)
    assert [action_from_json(json.loads(text)) for text in whole.actions] == [step.action for step in episode.steps]
    assert whole.rewards.tolist() == [0.0] * (len(episode.steps) - 1) + [episode.reward]
    assert (whole.terminations[-1], whole.truncations.any()) == (True, False)
    for index, seen in enumerate(episode.observations):
        assert np.array_equal(whole.observations["screenshot"][index], seen.screenshot)
        page = json.loads(whole.observations["page"][index])
        assert (page["goal"], page["url"]) == (seen.goal, seen.url)
        assert len(page["elements"]) == len(seen.elements)
    assert len(broken.observations["page"]) == 3
    assert (broken.terminations.any(), broken.truncations.tolist()) == (False, [False, True])
    with pytest.raises(DataError, match="no episode has a step"):
        export([replace(episode, steps=())], "minari", tmp_path / "none")


def test_minari_is_named_where_it_is_missing(episode: Episode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(UsageError, match="Minari is not installed"):
        export([episode], "minari", tmp_path / "out")
