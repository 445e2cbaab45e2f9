"""Puts placeholders in place of an episode's secrets, in everything that it says and shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from browser_env.action import Action, Press, Type
from browser_env.episode import Episode, Step
from browser_env.observation import Element, Observation, Screenshot
from replay.redaction.collecting import MIN_PART, Findings, Place, collect, is_named
from replay.redaction.pixels import Box, boxes_of, fill, is_cut
from replay.redaction.placeholders import numbers_in, part
from replay.redaction.rules import DEFAULT_RULES, RedactionRules
from replay.redaction.showing import shown
from replay.redaction.texts import all_texts, map_texts, texts_of
from replay.redaction.typing import Char, Journal, character, flat_of, follow, holder, is_dots, text_of
from replay.redaction.vault import MIN_INSIDE, Masker, Vault
from rewards.evidence import Evidence

MADE_UP = ("miniwob",)  # suites whose goals name made-up data, which is nobody's


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionReport:
    """How much was masked; it holds no secret."""

    secrets: Counter[str] = field(default_factory=Counter)  # by kind
    actions: int = 0  # that were changed
    screenshots: int = 0  # that were filled somewhere

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-serialisable data."""
        return {"secrets": dict(self.secrets), "actions": self.actions, "screenshots": self.screenshots}


class Redactor:
    """Masks episodes by one set of rules; it keeps nothing of them."""

    def __init__(self, rules: RedactionRules = DEFAULT_RULES) -> None:
        self._rules = rules

    def shown(self, action: Action, seen: Observation, after: Observation) -> str:
        """Return an action's text as others may read it, with dots for what it wrote into a field for secrets."""
        return shown(action, seen, after, self._rules)

    def redact(self, episode: Episode) -> Episode:
        """Return the episode without its secrets; one without any comes back as it is."""
        return self.redact_with_report(episode)[0]

    def redact_with_report(self, episode: Episode) -> tuple[Episode, RedactionReport]:
        """Return the episode without its secrets, and how many of which kind those were."""
        texts = all_texts(episode)
        numbers = [number for text in texts for number in numbers_in(text)]
        journal = follow(episode)
        vault = Vault(first=max(numbers, default=0) + 1, public=_public(episode, self._rules))
        findings = collect(episode, journal, self._rules, vault, texts)
        made_up = episode.task.suite in MADE_UP
        masked = _Masking(findings, journal, self._rules, made_up=made_up).episode(episode)
        return masked, _report(episode, masked, vault)


def _public(episode: Episode, rules: RedactionRules) -> list[str]:
    goals = {observation.goal for observation in episode.observations} if episode.task.suite in MADE_UP else set()
    words = [word.strip("\"'.,") for goal in goals for word in goal.split()]
    return [*rules.public, *words]


def _report(before: Episode, after: Episode, vault: Vault) -> RedactionReport:
    pairs = zip(before.observations, after.observations, strict=True)
    return RedactionReport(
        secrets=vault.counts(),
        actions=sum(a.action != b.action for a, b in zip(before.steps, after.steps, strict=True)),
        screenshots=sum(a.screenshot is not b.screenshot for a, b in pairs),
    )


class _Masking:
    """Writes one episode anew."""

    def __init__(self, findings: Findings, journal: Journal, rules: RedactionRules, *, made_up: bool) -> None:
        self._findings = findings
        self._rules = rules
        self._made_up = made_up  # the page's texts; what people type is not
        self._vault = findings.vault
        self._journal = journal
        self._whole = Masker(findings.vault)  # where no field holds but a part of a secret

    def episode(self, episode: Episode) -> Episode:
        last = len(episode.steps)
        final = self._observation(last, episode.final)
        names = ("tags", "reason", "prefix") if self._made_up else ("task", "tags", "reason", "prefix")
        changed = {name: map_texts(getattr(episode, name), self._whole.mask) for name in names}
        return replace(
            episode,
            **changed,
            steps=tuple(self._step(index, step) for index, step in enumerate(episode.steps)),
            final=final,
            evidence=self._evidence(episode, final),
        )

    def _evidence(self, episode: Episode, final: Observation) -> Evidence:
        """Mask evidence; controls that the last observation shows say there what they say here."""
        pairs = zip(episode.final.elements, final.elements, strict=True)
        changed = [(old, new) for old, new in pairs if old.value != new.value]
        by_name = {(old.name, old.value): new.value for old, new in reversed(changed)}
        by_value = {old.value: new.value for old, new in reversed(changed)}
        evidence: Evidence = map_texts(episode.evidence, self._masker(len(episode.steps)).mask)
        states = (
            replace(new, value=by_name.get((old.name, old.value), new.value))
            for old, new in zip(episode.evidence.elements, evidence.elements, strict=True)
        )
        forms = {
            new_key: by_name.get((key, value), by_value.get(value, new)) if isinstance(value, str) else new
            for (key, value), (new_key, new) in zip(
                episode.evidence.form_values.items(), evidence.form_values.items(), strict=False
            )
        }
        return replace(evidence, elements=tuple(states), form_values=forms)

    def _step(self, index: int, step: Step) -> Step:
        seen, action = self._observation(index, step.observation), self._action(index, step.action)
        return replace(step, observation=seen, action=action)

    def _action(self, index: int, action: Action) -> Action:
        written = self._journal.written.get(index)
        if isinstance(action, Type) and written:
            return replace(action, text=self._write(written))
        if isinstance(action, Press):
            return self._press(index, action)
        masked: Action = map_texts(action, self._whole.mask)
        return masked

    def _masker(self, index: int) -> Masker:
        """Return what masks the texts of an observation, beginnings of secrets that fields held then included."""
        parts: dict[str, str] = {}
        for field_ in self._journal.fields.values():
            held = field_.held.get(index, ())
            placed = [i for i, char in enumerate(held) if char.number in self._findings.places]
            if placed and not self._vault.spans(text_of(held)):
                begun = held[placed[0] : placed[-1] + 1]
                kept = begun if len(begun) >= MIN_PART else held if len(held) >= MIN_INSIDE else ()
                parts.update({text_of(kept): self._write(kept)} if kept else {})
        return Masker(self._vault, parts, whole=self._whole) if parts else self._whole

    def _press(self, index: int, action: Press) -> Action:
        written = self._journal.written.get(index, ())
        if character(action.key) is None or not any(char.number in self._findings.places for char in written):
            return action
        place = self._journal.places[index]
        if len(written) == 1 or not place:
            return replace(action, key=self._write(written[:1]))
        return Type(place, self._write(written), clear=False)

    def _write(self, chars: Sequence[Char]) -> str:
        """Return characters as a text, with placeholders in place of secrets and of parts of them."""
        text, pieces, end = flat_of(chars), [], 0
        for start, stop, number in self._vault.spans(text):
            pieces += [self._write_parts(chars[end:start]), part(number, first=1, last=1, length=1)]
            end = stop
        return "".join([*pieces, self._write_parts(chars[end:])])

    def _write_parts(self, chars: Sequence[Char]) -> str:
        texts: list[str] = []
        run: list[Place] = []
        for char in chars:
            place = self._findings.places.get(char.number)
            if run and (place is None or not _follows(run[-1], place)):
                texts.append(_part(run))
                run = []
            if place is None:
                texts.append(char.text)
            else:
                run.append(place)
        return "".join([*texts, _part(run)] if run else texts)

    def _observation(self, index: int, observation: Observation) -> Observation:
        masker = self._masker(index)
        boxes = boxes_of(observation, masker.shows, lambda element: self._is_filled(index, element, observation))
        masked: Observation = map_texts(replace(observation, elements=()), masker.mask)
        elements = tuple(self._element(index, element, masker) for element in observation.elements)
        pixels = observation.screenshot
        filled = None if pixels is None else self._fill(pixels, boxes, observation)
        return replace(masked, elements=elements, screenshot=filled)

    def _fill(self, pixels: Screenshot, boxes: Sequence[Box], observation: Observation) -> Screenshot:
        return fill(pixels, boxes, viewport=observation.viewport)

    def _held(self, index: int, element: Element) -> Sequence[Char]:
        known = self._journal.fields.get(element.id)
        return known.held.get(index, ()) if known is not None and holder(element) else ()

    def _holds_secret(self, index: int, element: Element) -> bool:
        return not is_dots(element.value) and any(
            char.number in self._findings.places for char in self._held(index, element)
        )

    def _is_filled(self, index: int, element: Element, observation: Observation) -> bool:
        unread = any(map(is_cut, texts_of(element))) and (holder(element) or not self._made_up)
        return unread or self._holds_secret(index, element) or is_named(element, observation, self._rules)

    def _element(self, index: int, element: Element, masker: Masker) -> Element:
        shown = any(masker.shows(text) for text in texts_of(element))
        masked: Element = map_texts(element, masker.mask) if shown else element
        if self._holds_secret(index, element):
            return replace(masked, value=self._write(self._held(index, element)))
        return masked


def _follows(before: Place, after: Place) -> bool:
    return before.number == after.number and before.length == after.length and after.position == before.position + 1


def _part(run: Sequence[Place]) -> str:
    return part(run[0].number, first=run[0].position, last=run[-1].position, length=run[0].length)
