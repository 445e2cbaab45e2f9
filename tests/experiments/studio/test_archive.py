import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser_env.action import Press, Wait
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DataError, UsageError
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from experiments.studio.archive import Archive, trim
from experiments.studio.consent import agreed
from replay.notes import NoteFolder
from replay.redaction import Redactor
from rewards.evidence import Evidence
from rewards.outcome import Outcome

SEEN = [Observation(goal="Try", url=f"http://localhost/{index}") for index in range(4)]
WHOLE = Episode(
    id="e",
    task=Task(name="t", url="http://localhost", verifier=VerifierSpec(name="url")),
    seed=0,
    source=Source.HUMAN,
    steps=tuple(Step(observation=seen, action=Wait(index)) for index, seen in enumerate(SEEN[:3])),
    final=SEEN[3],
    outcome=Outcome.SUCCESS,
    reward=1.0,
    evidence=Evidence(url="http://localhost/3", page_done=True),
    prefix=(Press("Tab"),),
)


def test_a_cut_beginning_becomes_the_prefix() -> None:
    cut = trim(WHOLE, first=2, last=3)
    assert cut.prefix == (Press("Tab"), Wait(0), Wait(1))
    assert [step.action for step in cut.steps] == [Wait(2)]
    assert (cut.outcome, cut.reward, cut.evidence) == (Outcome.SUCCESS, 1.0, WHOLE.evidence)


def test_a_persons_mark_is_of_the_end() -> None:
    marked = replace(WHOLE, tags=("good", "judged-by-person", "marked-success"))
    assert trim(marked, first=1, last=3).tags == (*marked.tags, "trimmed-1-3", "from-e")
    assert trim(marked, first=0, last=2).tags == ("good", "trimmed-0-2", "from-e")


def test_a_cut_end_proves_nothing() -> None:
    cut = trim(WHOLE, first=0, last=1)
    assert cut.final == SEEN[1]
    assert (cut.outcome, cut.reward) == (Outcome.TRUNCATED, 0.0)
    assert cut.evidence == Evidence(url="http://localhost/1")
    assert cut.id != WHOLE.id


@pytest.mark.parametrize(("first", "last"), [(-1, 2), (2, 2), (0, 4), (3, 1)])
def test_steps_that_are_not_there_cannot_be_kept(first: int, last: int) -> None:
    with pytest.raises(UsageError, match="none of an episode with 3 steps"):
        trim(replace(WHOLE), first=first, last=last)


def test_tags_are_masked_like_everything_else(tmp_path: Path) -> None:
    archive = Archive(path=tmp_path / "store", redactor=Redactor())
    ada = agreed(subject="Ada", days=30)

    async def run() -> tuple[str, ...]:
        await archive.agree(ada)
        await archive.keep(replace(WHOLE, consent=ada.id))
        return await archive.tag("e", ("good", "ask ada@example.org"), consent=ada.id)

    assert asyncio.run(run()) == ("good", "ask {{secret:1}}")
    assert NoteFolder(tmp_path / "store").tags() == {"e": ("good", "ask {{secret:1}}")}


def test_damaged_notes_are_counted_and_the_gallery_goes_on(tmp_path: Path) -> None:
    archive = Archive(path=tmp_path / "store", redactor=Redactor())
    ada = agreed(subject="Ada", days=30)

    async def run() -> tuple[int, list[Any]]:
        await archive.agree(ada)
        await archive.keep(replace(WHOLE, consent=ada.id))
        await archive.tag("e", ("good",), consent=ada.id)
        (tmp_path / "store" / "notes" / "torn.json").write_text("{")
        return await archive.num_damaged_notes(), [row["tags"] for row in await archive.episodes()]

    assert asyncio.run(run()) == (1, [("good",)])


def test_what_is_played_is_read_once_and_not_shown_after_its_consent_is_gone(tmp_path: Path) -> None:
    async def play() -> None:
        archive = Archive(path=tmp_path, redactor=Redactor())
        await archive.open()
        record = agreed(subject="Ada", days=30)
        await archive.agree(record)
        pictured = [replace(seen, screenshot=np.full((4, 4, 3), i, np.uint8)) for i, seen in enumerate(SEEN)]
        steps = tuple(replace(step, observation=seen) for step, seen in zip(WHOLE.steps, pictured, strict=False))
        await archive.keep(replace(WHOLE, steps=steps, final=pictured[-1], consent=record.id))
        await archive.keep(replace(WHOLE, id="f", steps=steps, final=pictured[-1], consent=record.id))
        first, second = await archive.get("e"), await archive.get("f")
        assert (await archive.get("e"), await archive.get("f")) == (first, second)
        assert await archive.get("e") is first
        assert len({await archive.picture("e", index) for index in range(4)}) == 4
        await archive.revoke("Ada")
        with pytest.raises(DataError):
            await archive.picture("e", 0)

    asyncio.run(play())
