import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main
from experiments.commands.demos import PUBLIC_SUBJECT
from replay import ReplayStore, give_consent
from tests.replay.conftest import make_episode


def node(tag: str, ref: int, **more: Any) -> dict[str, Any]:
    return {"tag": tag, "ref": ref, "left": 0, "top": 0, "width": 160, "height": 210, **more}


def recording(raw_reward: float = 1.0) -> dict[str, Any]:
    """One click on one button."""

    def dom(**more: Any) -> dict[str, Any]:
        return node("BODY", 1, children=[node("BUTTON", 2, text="Pay", **more)])

    pressed = dom(recordingTarget=True)
    events = [{"type": kind, "timing": 1, "x": 5, "y": 5} for kind in ("mousedown", "mouseup", "click")]
    states = [{"time": 0, "action": None, "dom": dom()}]
    states += [{"time": 100 + i, "action": event, "dom": pressed} for i, event in enumerate(events)]
    states += [{"time": 200, "action": None, "dom": node("BODY", 9)}]
    return {"utterance": "Pay.", "taskName": "pay", "rawReward": raw_reward, "reward": 0.5, "states": states}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings/first/pay"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(recording()))
    (folder / "b.json.gz").write_bytes(gzip.compress(json.dumps(recording(-1.0)).encode()))
    (folder / "c.json").write_text("[not json")
    return tmp_path / "recordings"


def demos(*arguments: object) -> int:
    return main(["demos", *map(str, arguments)])


def test_recordings_are_imported_listed_and_revoked(recordings: Path, tmp_path: Path) -> None:
    store, result = tmp_path / "store", tmp_path / "result.json"
    assert demos("import", "miniwob", recordings, "--store", store, "--json", result) == 0
    report = json.loads(result.read_text())
    assert (report["files"], report["episodes"], report["successes"]) == (3, 2, 1)
    assert report["failures"]["not JSON"]
    assert demos("list", "--store", store, "--json", result) == 0
    listing = json.loads(result.read_text())
    assert listing["tasks"] == {"miniwob/pay": {"episodes": 2, "successes": 1, "steps": 2}}
    assert listing["subjects"] == {PUBLIC_SUBJECT: 2}
    assert demos("revoke", "--subject", PUBLIC_SUBJECT, "--store", store, "--json", result) == 0
    assert json.loads(result.read_text())["deleted"] == 2
    with ReplayStore(store, read_only=True) as left:
        assert not list(left.episodes())


def test_whoever_took_over_from_an_agent_is_listed(tmp_path: Path) -> None:
    ada = give_consent(subject="Ada", text="Yes")
    with ReplayStore(tmp_path / "store") as store:
        store.add_consent(ada)
        store.add([make_episode("helped", consent=ada.id), make_episode("alone")])
    assert demos("list", "--store", tmp_path / "store", "--json", tmp_path / "result.json") == 0
    listing = json.loads((tmp_path / "result.json").read_text())
    assert (listing["episodes"], listing["subjects"]) == (1, {"Ada": 1})


def test_importing_again_adds_nothing(recordings: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert demos("import", "miniwob", recordings, "--store", tmp_path / "store") == 0
    with ReplayStore(tmp_path / "store", read_only=True) as store:
        assert len(list(store.episodes())) == 2
        assert store.consent(PUBLIC_SUBJECT).basis == "public-dataset"


def test_a_revoked_consent_is_not_given_again_by_importing(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert demos("import", "miniwob", recordings, "--store", store) == 0
    assert demos("revoke", "--subject", PUBLIC_SUBJECT, "--store", store) == 0
    assert demos("import", "miniwob", recordings, "--store", store) == 1
    assert "revoked" in capsys.readouterr().err


def test_a_folder_without_recordings_falls_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert demos("import", "miniwob", tmp_path / "empty", "--store", tmp_path / "store") == 1
    assert "0 episodes" in capsys.readouterr().out


def test_a_damaged_archive_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demos.tar.xz").write_bytes(b"not an archive")
    assert demos("import", "miniwob", tmp_path / "demos.tar.xz", "--store", tmp_path / "store") == 1
    assert "demos.tar.xz" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["import", "nothing", "."],
        ["import", "miniwob"],
        ["import", "miniwob", "missing.tar"],
        ["list", "--store", "missing"],
        ["revoke", "--store", "missing"],
        ["verify"],
        ["verify", "missing"],
        ["revoke", "--subject", "anna", "--store", "missing"],
    ],
)
def test_misuse_is_exit_code_2_and_creates_nothing(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    placed = [str(tmp_path / argument) if argument.startswith("missing") else argument for argument in arguments]
    assert demos(*placed) == 2
    assert capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_revoking_somebody_unknown_is_a_failure(recordings: Path, tmp_path: Path) -> None:
    assert demos("import", "miniwob", recordings, "--store", tmp_path / "store") == 0
    assert demos("revoke", "--subject", "nobody", "--store", tmp_path / "store") == 1


def test_a_store_is_verified_and_repaired(recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, result = tmp_path / "store", tmp_path / "result.json"
    assert demos("import", "miniwob", recordings, "--store", store) == 0
    assert demos("verify", store, "--json", result) == 0
    assert json.loads(result.read_text())["sound"]
    episode = next(store.glob("episodes/*/*"))
    episode.write_bytes(episode.read_bytes()[:-9])
    capsys.readouterr()
    assert demos("verify", store, "--json", result) == 1
    assert "cut short" in capsys.readouterr().out
    assert [fault["kind"] for fault in json.loads(result.read_text())["left"]["faults"]] == ["episode"]
    assert demos("verify", store, "--repair", "--json", result) == 0
    assert "1 damaged files lie in" in capsys.readouterr().out
    assert json.loads(result.read_text())["left"]["episodes"] == 1
    assert demos("verify", store) == 0


def test_what_cannot_be_repaired_stays_a_failure(recordings: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert demos("import", "miniwob", recordings, "--store", store) == 0
    (store / "consent" / f"{PUBLIC_SUBJECT}.json").write_text("{")
    assert demos("verify", store, "--repair") == 1
