"""A live site is recorded, its server stopped, and the same actions done again from the file."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from browser_env.acting import Decision
from browser_env.action import Wait
from browser_env.errors import DataError, InfraError
from browser_env.judgement import StepResult
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from browser_env.snapshot.exchange import Exchange, Request, Response, Snapshot, header
from browser_env.snapshot.har import read_snapshot, write_snapshot
from browser_env.snapshot.recording import Recorder
from browser_env.task import Task, VerifierSpec
from rewards.outcome import Outcome

PAGES = Path(__file__).parent / "pages"
NEVER = VerifierSpec(name="url", params={"regex": "(?!)"})
ADD_MILK = ["type(e5, 'milk')", "click(e6)"]


class Patient:
    """A policy that waits."""

    version = 0

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        return [Decision(action=Wait(50)) for _ in observations]


def task_at(url: str, verifier: VerifierSpec = NEVER, **fields: Any) -> Task:
    return Task(name="test/shop", url=url, goal="Buy milk.", viewport=(500, 400), verifier=verifier, **fields)


def text_of(result: StepResult) -> str:
    assert result.evidence is not None
    return result.evidence.text


def differences(live: list[StepResult], replayed: list[StepResult]) -> list[str]:
    """Say where two episodes differ, in few words."""
    found = [] if len(live) == len(replayed) else [f"{len(live)} and {len(replayed)} steps"]
    for index, (one, other) in enumerate(zip(live, replayed, strict=False)):
        found += [f"{index}: {what}" for what in _differences(one.observation, other.observation)]
        found += [f"{index}: {one.outcome} and {other.outcome}"] if one.outcome != other.outcome else []
    return found


def _differences(one: Observation, other: Observation) -> list[str]:
    assert one.screenshot is not None
    assert other.screenshot is not None
    count = int(np.count_nonzero((one.screenshot != other.screenshot).any(axis=2)))
    found = [f"{count} pixels"] if count else []
    found += [f"{a} is not {b}" for a, b in zip(one.elements, other.elements, strict=False) if a != b]
    return found + (["something else"] if one != other and not found else [])


@pytest.mark.parametrize("name", ["shop.har.zip", "shop.har"])
def test_a_recorded_episode_is_the_same_without_the_server(studio: Any, shop: Any, name: str) -> None:
    task = task_at(shop.url, VerifierSpec(name="text", params={"contains": "bread, milk"}))
    live = studio.play(task, ADD_MILK)
    assert live[-1].outcome is Outcome.SUCCESS
    shop.items[:] = ["bread"]
    snapshot = studio.record(task, ADD_MILK, name)
    shop.stop()
    replayed = studio.play(snapshot, ADD_MILK)
    assert differences(live, replayed) == []
    assert replayed[-1].misses == ()
    assert studio.play(replace(task, snapshot=snapshot.snapshot), ADD_MILK)[-1].outcome is Outcome.SUCCESS


def test_nothing_reaches_a_live_server(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(f"{shop.url}/requests.html"), ["wait(500)"], "kinds.har.zip")
    shop.connections = 0
    shop.hits.clear()
    studio.play(task, ["wait(500)", f"navigate('{shop.url}/never')", "back()", "wait(500)"])
    assert (shop.connections, shop.hits) == (0, [])


def test_no_way_out_is_open(studio: Any, shop: Any, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        packets.bind(("127.0.0.1", 0))
        packets.setblocking(False)
        text = (PAGES / "leaks.html").read_text().replace("UDP_PORT", str(packets.getsockname()[1]))
        page = Exchange(
            request=Request(method="GET", url=f"{shop.url}/leaks.html"),
            response=Response(status=200, headers=(("content-type", "text/html"),), body="page"),
        )
        path = tmp_path / "leaks.har"
        write_snapshot(Snapshot(exchanges=(page,), bodies={"page": text.encode()}), path)
        task = task_at(f"{shop.url}/leaks.html", snapshot=str(path))
        studio.play(task, ["wait(2000)", "click(e1)", "wait(2000)"])
        with pytest.raises(BlockingIOError):
            packets.recv(2000)
    assert (shop.connections, shop.hits) == (0, [])


def test_every_kind_of_request_is_answered_as_it_was(studio: Any, shop: Any) -> None:
    task = task_at(f"{shop.url}/requests.html", max_steps=1)
    live = studio.play(task, ["wait(500)"])
    replayed = studio.play(studio.record(task, ["wait(500)"], "requests.har.zip"), ["wait(500)"])
    first, second = text_of(live[-1]).splitlines(), text_of(replayed[-1]).splitlines()
    moved = {"service worker: registered": "service worker: SecurityError"}
    assert len(first) == 19
    assert [moved.get(line, line) for line in first if not line.startswith("nonce")] == [
        line for line in second if not line.startswith("nonce")
    ]
    assert {miss.kind for miss in replayed[-1].misses} == {"websocket", "serviceworker", "eventsource"}
    assert all(miss.cosmetic for miss in replayed[-1].misses)


def test_a_workers_requests_are_answered_too(studio: Any, shop: Any) -> None:
    waits = ["wait(300)"] * 5  # a worker begins in its own time
    task = studio.record(task_at(f"{shop.url}/working.html", max_steps=5), waits, "worker.har.zip")
    shop.connections = 0
    assert text_of(studio.play(task, waits)[-1]) == "the target"
    assert shop.connections == 0


def test_what_cannot_be_kept_is_named_and_secrets_are_not_kept(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(f"{shop.url}/requests.html"), ["wait(500)"], "secrets.har")
    snapshot = read_snapshot(Path(task.snapshot))
    assert sorted(line.split()[0] for line in snapshot.skipped) == ["serviceworker", "websocket", "xhr"]
    sent = [header(exchange.request.headers, "authorization") for exchange in snapshot.exchanges]
    assert {value for value in sent if value} == {"redacted"}
    with open(task.snapshot) as file:  # noqa: PTH123 - the whole of it
        assert "secret-value" not in file.read()


def test_a_change_of_the_site_is_seen_only_once_it_was_made(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [*ADD_MILK, "wait(100)"], "changes.har.zip")
    never = replace(task, max_steps=3)
    looked = studio.play(never, [f"navigate('{shop.url}')", f"navigate('{shop.url}')", "wait(1)"])
    assert "List: bread" in text_of(looked[-1])
    assert "milk" not in text_of(looked[-1])
    added = studio.play(never, [f"navigate('{shop.url}')", *ADD_MILK])
    assert "List: bread, milk" in text_of(added[-1])


def test_each_of_several_runs_is_seen_by_the_episode_that_does_the_same(studio: Any, shop: Any, tmp_path: Path) -> None:
    recorder, task, path = Recorder(), task_at(shop.url, max_steps=3), tmp_path / "runs.har.zip"
    runs = {item: [f"type(e5, '{item}')", "click(e6)", "wait(1)"] for item in ("milk", "eggs")} | {"": ["wait(1)"] * 3}
    for actions in runs.values():
        shop.items[:] = ["bread"]
        studio.play(task, actions, recorder=recorder)
    write_snapshot(studio.snapshot(recorder), path)
    shop.stop()
    for item, actions in runs.items():
        replayed = studio.play(replace(task, snapshot=str(path)), actions)
        assert text_of(replayed[-1]).count(f"List: bread, {item}" if item else "List: bread") == 1
        assert [name for name in ("milk", "eggs") if name in text_of(replayed[-1])] == [item] * bool(item)
        assert replayed[-1].misses == ()


def test_environments_that_work_side_by_side_share_a_recorder(studio: Any, shop: Any) -> None:
    recorder, pages = Recorder(), [f"{shop.url}/", f"{shop.url}/working.html"]
    studio.open_at_once([task_at(page) for page in pages], recorder=recorder)
    snapshot = studio.snapshot(recorder)
    assert sorted(snapshot.pages) == pages
    documents = {e.request.url: (e.page, e.run) for e in snapshot.exchanges if e.request.kind == "document"}
    assert [documents[page][0] for page in pages] == pages
    assert sorted(documents[page][1] for page in pages) == [0, 1]
    assert recorder.num_exchanges >= len(snapshot.exchanges)


def test_a_page_that_is_recorded_is_waited_for_as_ever(studio: Any, shop: Any) -> None:
    events, still_open = studio.requests_of(task_at(f"{shop.url}/requests.html"), recorder=Recorder())
    assert events > 10
    assert still_open == 0


def test_resets_that_look_alike_are_kept_once(studio: Any, shop: Any, tmp_path: Path) -> None:
    once, often = Recorder(), Recorder()
    for recorder, resets in ((once, 1), (often, 6)):
        for _ in range(resets):
            studio.play(task_at(shop.url), [], recorder=recorder)
    sizes = []
    for number, recorder in enumerate((once, often)):
        write_snapshot(studio.snapshot(recorder), tmp_path / f"{number}.har.zip")
        sizes.append((tmp_path / f"{number}.har.zip").stat().st_size)
    assert often.num_exchanges >= 6 * len(studio.snapshot(once).exchanges)
    assert len(studio.snapshot(often).exchanges) == len(studio.snapshot(once).exchanges)
    assert sizes[1] < 1.1 * sizes[0]


def test_a_miss_counts_against_the_task(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "misses.har.zip")
    *_, asked, ended = studio.play(task, ["click(e7)", "give_up('it does not answer')"])
    assert [str(miss) for miss in ended.misses] == [f"xhr GET {shop.url}/unseen?q=1"]
    assert ended.outcome is Outcome.INFRA_ERROR
    assert not ended.outcome.learnable
    assert ended.reward == 0
    assert "/unseen?q=1" in ended.reason
    assert ended.evidence.unanswered == (f"xhr GET {shop.url}/unseen?q=1",)
    assert asked.observation.tabs[0].title == "unseen 404"


def test_a_miss_does_not_take_a_success_away(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "success.har.zip")
    done = VerifierSpec(name="answer", params={"equals": "42"})
    result = studio.play(replace(task, verifier=done), ["click(e7)", "answer('42')"])[-1]
    assert (result.outcome, len(result.misses)) == (Outcome.SUCCESS, 1)


def test_a_missing_picture_is_only_reported(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "pictures.har.zip")
    result = studio.play(task, ["click(e8)", "give_up('no picture')"])[-1]
    assert [(miss.kind, miss.cosmetic) for miss in result.misses] == [("image", True)]
    assert result.outcome is Outcome.FAILURE
    assert result.evidence.unanswered == ()


def test_a_page_that_is_not_in_the_snapshot_says_so(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "pages.har.zip")
    result = studio.play(replace(task, max_steps=1), [f"navigate('{shop.url}/<other>')"])[-1]
    assert "The snapshot has no answer to GET" in text_of(result)
    assert result.outcome is Outcome.INFRA_ERROR
    with pytest.raises(InfraError, match="does not hold"):
        studio.play(replace(task, url=f"{shop.url}/other"), [])


@pytest.mark.parametrize("path", ["/other", "/?page=2", "/other#part"])
def test_a_page_that_is_not_in_the_snapshot_is_no_success(studio: Any, shop: Any, path: str) -> None:
    anywhere = VerifierSpec(name="url", params={"regex": r".*/(other|\?page=2).*"})
    task = replace(studio.record(task_at(shop.url), [], "missed.har.zip"), verifier=anywhere)
    result = studio.play(task, [f"navigate('{shop.url}{path}')"])[-1]
    assert (result.outcome, result.reward) == (Outcome.INFRA_ERROR, 0)
    assert result.evidence.status == 404


def test_a_page_that_is_in_the_snapshot_is_a_success_after_one_that_is_not(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "back.har.zip")
    done = VerifierSpec(name="answer", params={"equals": "42"})
    actions = [f"navigate('{shop.url}/other')", f"navigate('{shop.url}/')", "answer('42')"]
    result = studio.play(replace(task, verifier=done), actions)[-1]
    assert (result.outcome, result.evidence.status) == (Outcome.SUCCESS, 200)


def test_gymnasium_plays_an_address_from_a_snapshot(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "gym.har.zip")
    shop.stop()
    env = gym.make("browser_env.registration:webdual/Web-v0", task=shop.url, goal="Look.", snapshot=task.snapshot)
    observation, info = env.reset(seed=7)
    assert "Shop" in [element.name for element in observation.elements]
    assert "misses" not in info
    *_, info = env.step("click(e7)")
    assert [miss.kind for miss in info["misses"]] == ["xhr"]
    env.close()


def test_the_pool_plays_snapshots(studio: Any, shop: Any) -> None:
    found = VerifierSpec(name="text", params={"contains": "bread"})
    task = studio.record(task_at(shop.url, found), [], "pool.har.zip")
    shop.stop()
    with Pool(num_envs=1) as pool:
        (episode,) = pool.rollout(Patient(), [RolloutRequest(task=task, seed=3)])
    assert episode.outcome is Outcome.SUCCESS
    assert episode.task.snapshot == task.snapshot


def test_a_damaged_body_counts_against_the_task(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "damaged.har.zip")
    snapshot = read_snapshot(Path(task.snapshot))
    name = next(e.response.body for e in snapshot.exchanges if e.request.url.endswith(".css?v=7"))
    data = bytearray(Path(task.snapshot).read_bytes())
    data[data.index(name.encode()) + len(name) + 5] ^= 255
    Path(task.snapshot).write_bytes(data)
    result = studio.play(task, ["give_up('it looks odd')"])[-1]
    assert result.outcome is Outcome.INFRA_ERROR
    assert "is damaged" in result.reason


def test_a_task_may_pin_its_snapshot(studio: Any, shop: Any) -> None:
    task = studio.record(task_at(shop.url), [], "pinned.har.zip")
    digest = read_snapshot(Path(task.snapshot)).digest
    assert studio.play(replace(task, snapshot=f"{task.snapshot}#sha256={digest}"), [])
    with pytest.raises(DataError, match="is not the snapshot of the task"):
        studio.play(replace(task, snapshot=f"{task.snapshot}#sha256={'0' * 64}"), [])
    with pytest.raises(DataError, match="there is no snapshot"):
        studio.play(replace(task, snapshot="missing.har.zip"), [])


def test_what_may_change_the_site_fails_where_the_task_only_reads(studio: Any, shop: Any) -> None:
    task = replace(studio.record(task_at(shop.url), [], "reading.har.zip"), read_only=True)
    shop.stop()
    posted = studio.play(task, ["type(e5, 'milk')", "click(e6)"])[-1]
    assert posted.misses == ()
    assert posted.observation.url.rstrip("/") == shop.url
    assert [miss.kind for miss in studio.play(task, ["click(e7)"])[-1].misses] == ["xhr"]
