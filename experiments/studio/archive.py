"""The studio's way to the replay store: every call opens it on a thread and closes it again."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from browser_env.episode import Episode, Source
from browser_env.errors import DataError, UsageError
from experiments.exchange.packing import pack
from experiments.watching import episodes_page
from replay.consent import ConsentRecord
from replay.imitation import CUT_BEFORE, actors, cut_tags, to_imitate
from replay.notes import NoteFolder, TagNote
from replay.opinions import MARKED, MARKED_AS
from replay.redaction import Redactor
from replay.store import ReplayStore
from rewards.evidence import Evidence
from rewards.outcome import Outcome
from rewards.rating import Rating, preference_rewards, rating_rewards

T = TypeVar("T")
WEB_PAGE = "web-page"  # the export that needs no program but a browser
LISTED = 500  # episodes in the gallery, the newest


@dataclass(slots=True, kw_only=True, eq=False)
class Archive:
    """Episodes, consents and notes; nothing is stored that was not redacted."""

    path: Path
    redactor: Redactor
    _played: dict[str, Episode] = field(default_factory=dict, init=False)  # the last, whose pictures come one by one

    async def open(self) -> None:
        """Create the store where there is none."""
        await self._with(lambda store: None)

    async def agree(self, record: ConsentRecord) -> None:
        """Store a consent."""
        await self._with(lambda store: store.add_consent(record))

    async def consent(self, consent_id: str) -> ConsentRecord:
        """Return a consent; raise :class:`ConsentError` where it does not stand any more."""
        return await self._with(lambda store: store.consent(consent_id))

    async def revoke(self, subject: str) -> int:
        """Delete a person's episodes and notes; return how many episodes."""
        return await self._with(lambda store: store.revoke(subject=subject))

    async def keep(self, episode: Episode) -> Episode:
        """Redact an episode and store it; return what was stored."""

        def work(store: ReplayStore) -> Episode:
            redacted = self.redactor.redact(episode)
            store.add([redacted])
            return redacted

        return await self._with(work)

    async def get(self, episode_id: str) -> Episode:
        """Return an episode; raise :class:`DataError` where it is unknown or may not be read."""

        def work(store: ReplayStore) -> Episode:
            known = self._played.pop(episode_id, None)
            episode = known if known is not None and store.allows(known) else store.get(episode_id)
            last = list(self._played.items())[-1:]  # two may be compared
            self._played = {**dict(last), episode_id: episode}
            return episode

        return await self._with(work)

    async def episodes(self) -> list[dict[str, Any]]:
        """Describe the newest episodes, newest first."""

        def work(store: ReplayStore) -> list[dict[str, Any]]:
            notes = NoteFolder(self.path)
            ratings, tags = notes.ratings(), notes.tags()
            rated, preferred = rating_rewards(ratings), preference_rewards(ratings)
            return [
                {
                    "id": info.id,
                    "task": info.task,
                    "seed": info.seed,
                    "source": str(info.source),
                    "outcome": str(info.outcome),
                    "reward": info.reward,
                    "steps": info.num_steps,
                    "tags": tags.get(info.id, info.tags),
                    "rating": rated.get(info.id),
                    "preferred": preferred.get(info.id),
                }
                for info in reversed(store.query()[-LISTED:])
            ]

        return await self._with(work)

    async def num_damaged_notes(self) -> int:
        """Return how many ratings and tags cannot be read."""
        return len(await self._with(lambda store: NoteFolder(self.path).damaged()))

    async def describe(self, episode_id: str) -> dict[str, Any]:
        """Describe an episode step by step."""
        episode = await self.get(episode_id)
        frames = [
            {
                "action": step.action.to_text(),
                "actor": str(actor),
                "intervention": step.intervention,
                "imitate": imitate,
                "error": after.error,
            }
            for step, actor, imitate, after in zip(
                episode.steps, actors(episode), to_imitate(episode), episode.observations[1:], strict=True
            )
        ]
        return {
            "id": episode.id,
            "task": episode.task.name,
            "goal": episode.observations[0].goal,
            "seed": episode.seed,
            "source": str(episode.source),
            "outcome": str(episode.outcome),
            "reward": episode.reward,
            "reason": episode.reason,
            "tags": (await self._tags()).get(episode_id, episode.tags),
            "steps": frames,
        }

    async def picture(self, episode_id: str, index: int) -> bytes:
        """Return what was seen before step ``index``, or at the end, as PNG."""
        observations = (await self.get(episode_id)).observations
        if not 0 <= index < len(observations) or observations[index].screenshot is None:
            raise UsageError(f"episode {episode_id} has no picture {index}")
        return await asyncio.to_thread(_png, observations[index].screenshot)

    async def export(self, episode_id: str, format_: str) -> tuple[str, bytes]:
        """Return the episode as a file, by its name and bytes: a web page, or what ``webdual demos export`` writes."""
        episode = await self.get(episode_id)
        ending, data = await asyncio.to_thread(_exported, episode, format_)
        return f"episode-{episode_id}{ending}", data

    async def trim(self, episode_id: str, *, first: int, last: int) -> str:
        """Store the steps from ``first`` up to, not including, ``last`` as another episode; return its id."""
        trimmed = trim(await self.get(episode_id), first=first, last=last)
        return (await self.keep(trimmed)).id

    async def tag(self, episode_id: str, tags: tuple[str, ...], *, consent: str) -> tuple[str, ...]:
        """Give an episode tags, masked as its own texts are; return what was stored."""
        episode = await self.get(episode_id)
        tags = (await asyncio.to_thread(self.redactor.redact, replace(episode, tags=tags))).tags
        given_at = datetime.now(UTC).isoformat()
        note = TagNote(id=uuid.uuid4().hex, episode=episode_id, tags=tags, consent=consent, given_at=given_at)
        await self._with(lambda store: self._note(store, note))
        return tags

    async def rate(self, rating: Rating) -> None:
        """Store a rating."""
        await self._with(lambda store: self._note(store, rating))

    async def _tags(self) -> dict[str, tuple[str, ...]]:
        return await self._with(lambda store: NoteFolder(self.path).tags())

    def _note(self, store: ReplayStore, note: Rating | TagNote) -> None:
        known = {info.id for info in store.query()}
        named = [note.episode, *([note.other] if isinstance(note, Rating) and note.other else [])]
        for name in named:
            if name not in known:
                raise DataError(f"no episode {name!r:.80} in the store; choose one of the gallery")
        NoteFolder(self.path).add(note)

    async def _with(self, work: Callable[[ReplayStore], T]) -> T:
        def opened() -> T:
            with ReplayStore(self.path) as store:
                return work(store)

        return await asyncio.to_thread(opened)


def trim(episode: Episode, *, first: int, last: int) -> Episode:
    """Return an episode of some of the steps; what is cut at the end takes outcome, mark and evidence with it.

    Actions that are cut at the beginning become its prefix, so that it can still be replayed from a reset.
    """
    if not 0 <= first < last <= len(episode.steps):
        raise UsageError(f"steps {first} to {last} are none of an episode with {len(episode.steps)} steps")
    cut_end = last < len(episode.steps)
    said_of_end = (CUT_BEFORE, MARKED, MARKED_AS) if cut_end else (CUT_BEFORE,)
    kept_tags = [tag for tag in episode.tags if not tag.startswith(said_of_end)]
    changed = replace(
        episode,
        id=uuid.uuid4().hex,
        prefix=(*episode.prefix, *(step.action for step in episode.steps[:first])),
        steps=episode.steps[first:last],
        final=episode.observations[last],
        tags=(*kept_tags, *cut_tags(episode, last=last), f"trimmed-{first}-{last}", f"from-{episode.id}"),
    )
    if not cut_end:
        return changed
    evidence = Evidence(url=changed.final.url)
    return replace(changed, outcome=Outcome.TRUNCATED, reward=0.0, evidence=evidence, reason="the end was cut off")


def is_persons(episode: Episode) -> bool:
    """Whether a person acted in it."""
    return Source.HUMAN in actors(episode)


def _exported(episode: Episode, format_: str) -> tuple[str, bytes]:
    if format_ != WEB_PAGE:
        return pack([episode], format_)
    return ".html", episodes_page([episode], title=f"{episode.task.name}, seed {episode.seed}").encode()


def _png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
