"""Finds the secrets of an episode: in fields meant for them, split over fields, and by their looks in any text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from browser_env.action import Dialog, Type
from browser_env.episode import Episode
from browser_env.observation import Element, Observation
from replay.redaction.finding import CODE_VALUE, find, find_in_addresses, is_card, kind_of_field, kind_of_key
from replay.redaction.placeholders import is_masked
from replay.redaction.rules import ElementRule, RedactionRules
from replay.redaction.typing import Char, Field, Held, Journal, flat_of, holder, is_dots, text_of
from replay.redaction.vault import NUMERIC, Vault
from replay.redaction.written import readings
from rewards.evidence import REDACTED, Evidence

MIN_PREFIX = 6  # of a beginning of a secret that is masked as if it were whole
MIN_PART = 3  # of one that is masked while its field holds it
MAX_BOX = 7  # characters in one of several boxes of a number
CARD_BOXES = range(2, 6)
CODE_BOXES = range(4, 9)
BOX_SHAPE = 2.0  # a box of one character is at most so much wider than high
NO_SECRETS = frozenset((REDACTED, "true", "false", "on", "off", "null"))  # under a secret's name, but none themselves
MAX_SENT = 4096  # characters; what is longer is a text
ON_THEIR_WAY = frozenset(("email", "card"))  # kinds whose beginnings may look like secrets of their own


@dataclass(frozen=True, slots=True)
class Place:
    """A character's place in a secret, counted from 1."""

    number: int
    position: int
    length: int


@dataclass(slots=True, kw_only=True)
class Findings:
    """What is known of an episode's secrets."""

    vault: Vault
    dedicated: dict[str, str] = field(default_factory=dict)  # id of a field that holds nothing but secrets -> kind
    places: dict[int, Place] = field(default_factory=dict)  # number of a character -> where in a secret it stands


def collect(episode: Episode, journal: Journal, rules: RedactionRules, vault: Vault, texts: Iterable[str]) -> Findings:
    """Return every secret of an episode, and the place of every character that was written of one."""
    findings = Findings(vault=vault, dedicated=_dedicated(episode, journal, rules))
    for value in rules.values:
        vault.add("value", value)
    for id_, kind in findings.dedicated.items():
        if id_ in journal.fields:
            _take_entries(findings, journal.fields[id_], kind)
    _take_split(findings, episode, journal, rules)
    if "code" in rules.kinds:
        _take_typed_over(findings, episode, journal)
    _take_named(findings, episode, rules)
    _take_by_looks(findings, [*texts, *_rows(episode), *_entries(journal)], rules)
    _take_sent(findings, episode.evidence, rules)
    _place_known(findings, journal)
    _place_rest(findings, journal)
    return findings


def _dedicated(episode: Episode, journal: Journal, rules: RedactionRules) -> dict[str, str]:
    """Return the fields that are meant for secrets."""
    found: dict[str, str] = {}
    for observation in episode.observations:
        for element in observation.elements:
            kind = _kind_of(element, observation, journal, rules) if holder(element) else None
            if kind is not None:
                found.setdefault(element.id, kind)
    return found


def _kind_of(element: Element, observation: Observation, journal: Journal, rules: RedactionRules) -> str | None:
    for rule in rules.elements:
        if fits(rule, element, observation):
            return rule.kind
    if is_dots(element.value):
        return "password" if "password" in rules.kinds else None
    kind = kind_of_field(f"{element.name} | {element.description}", rules)
    return None if kind == "code" and not _held_code(element, journal, rules) else kind


def _held_code(element: Element, journal: Journal, rules: RedactionRules) -> bool:
    """Whether a field shows what may be a code, or held it until the page took it.

    Any other secret by itself counts as well, as nobody can tell what it was once it is masked.
    """
    held = journal.fields[element.id].entries() if element.id in journal.fields else []
    texts = (element.value, *map(text_of, held))
    return any(
        CODE_VALUE.match(text) or is_masked(text) or any(item.value == text for item in find(text, rules))
        for text in texts
    )


def fits(rule: ElementRule, element: Element, observation: Observation) -> bool:
    """Whether all conditions of a rule hold for an element."""
    conditions = (
        (rule.name, (element.name,)),
        (rule.description, (element.description,)),
        (rule.header, element.headers),
    )
    if rule.role is not None and element.role != rule.role:
        return False
    if any(pattern is not None and not _any(pattern, texts) for pattern, texts in conditions):
        return False
    return rule.within is None or _any(rule.within, (outer.name for outer in around(element, observation)))


def is_named(element: Element, observation: Observation, rules: RedactionRules) -> bool:
    """Whether a rule names an element by its role, and perhaps more: then whatever it shows is a secret."""
    return any(rule.role is not None and fits(rule, element, observation) for rule in rules.elements)


def _any(pattern: str, texts: Iterable[str]) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for text in texts)


def around(element: Element, observation: Observation) -> Iterator[Element]:
    """Yield the elements around an element, the nearest first."""
    by_id = {other.id: other for other in observation.elements}
    seen = {element.id}
    parent = by_id.get(element.parent or "")
    while parent is not None and parent.id not in seen:
        yield parent
        seen.add(parent.id)
        parent = by_id.get(parent.parent or "")


def _take_entries(findings: Findings, field_: Field, kind: str) -> None:
    """Take every complete entry of a field for secrets as a secret, and what it was on the way as the same one."""
    taken: list[tuple[Held, int]] = []
    for held in field_.entries():
        if held and (not taken or taken[-1][0] != held):
            number = findings.vault.add(kind, text_of(held))
            if number is not None:
                _assign(findings, held, number, kind)
                taken.append((held, number))
    last = taken[-1][1] if taken else None
    if last is not None:
        for text in dict.fromkeys(text_of(held) for held in field_.maybe if len(held) >= MIN_PREFIX):
            findings.vault.also(text, last)
    for held in (*field_.held.values(), *field_.runs):  # what was written over a selection is held by nothing else
        text = text_of(held)
        if last is not None and len(text.strip()) >= MIN_PREFIX:
            findings.vault.alias(text, _nearest(text, taken) or last)


def _nearest(text: str, taken: Sequence[tuple[Held, int]]) -> int | None:
    return next((number for held, number in taken if text_of(held).startswith(text)), None)


def _assign(findings: Findings, chars: Sequence[Char], number: int, kind: str) -> None:
    """Give characters their places in a secret; a number's separators have none."""
    counted = [char for char in chars if len(char.text) == 1 and (kind not in NUMERIC or char.text.isalnum())]
    for position, char in enumerate(counted, start=1):
        known = findings.places.get(char.number)
        if known is None or known.length < len(counted):  # what was shorter was on its way
            findings.places[char.number] = Place(number, position, len(counted))


def _take_split(findings: Findings, episode: Episode, journal: Journal, rules: RedactionRules) -> None:
    """Take card numbers and codes whose parts stand in fields side by side."""
    found: dict[tuple[str, tuple[str, ...]], dict[Held, None]] = {}  # kind and fields -> what they held
    for index, observation in enumerate(episode.observations):
        fields = [e.id for e in observation.elements if e.id in journal.fields and holder(e)]
        for moment in (index, index + 1):  # the page may take what is complete before anybody sees it
            row = [(id_, journal.fields[id_].held.get(moment, ())) for id_ in fields]
            for kind, boxes in _split(row):
                chars: Held = tuple(char for _, held in boxes for char in held)
                found.setdefault((kind, tuple(id_ for id_, _ in boxes)), {})[chars] = None
    for (kind, ids), entries in found.items():
        part_of_more = any(kind == other and set(ids) < set(more) for other, more in found)
        if kind in rules.kinds and not part_of_more:
            findings.dedicated.update((id_, kind) for id_ in ids)
            for chars in entries:
                number = findings.vault.add(kind, text_of(chars), split=True)
                if number is not None:
                    _assign(findings, chars, number, kind)


def _take_typed_over(findings: Findings, episode: Episode, journal: Journal) -> None:
    """Take codes that were typed in one go over as many boxes, which the page may have emptied at once."""
    for index, step in enumerate(episode.steps):
        chars = journal.written.get(index, ())
        if not isinstance(step.action, Type) or len(chars) not in CODE_BOXES or not _is_code(chars):
            continue
        boxes = _boxes_from(journal.places[index], step.observation)
        if len(boxes) == len(chars):
            findings.dedicated.update((id_, "code") for id_ in boxes)
            number = findings.vault.add("code", text_of(chars), split=True)
            if number is not None:
                _assign(findings, chars, number, "code")


def _is_code(chars: Sequence[Char]) -> bool:
    return all(len(char.text) == 1 and char.text.isalnum() for char in chars)


def _boxes_from(id_: str, observation: Observation) -> list[str]:
    """Return the ids of a field and those behind it that are as small, on the same line: boxes of one character."""
    fields = list(itertools.dropwhile(lambda e: e.id != id_, filter(holder, observation.elements)))
    _, top, width, height = fields[0].box if fields else (0, 0, 0, 0)
    if width > BOX_SHAPE * height:
        return []
    return [e.id for e in itertools.takewhile(lambda e: e.box[1:] == (top, width, height), fields)]


def _split(row: Sequence[tuple[str, Held]]) -> Iterator[tuple[str, Sequence[tuple[str, Held]]]]:
    texts = [text_of(held) for _, held in row]
    for start in range(len(row)):
        for count in CARD_BOXES:
            boxes = texts[start : start + count]
            if (
                len(boxes) == count
                and all(2 <= len(b) <= MAX_BOX and b.isascii() and b.isdigit() for b in boxes)
                and is_card("".join(boxes))
            ):
                yield "card", row[start : start + count]
    for start, end in _runs(texts):
        if end - start in CODE_BOXES:
            yield "code", row[start:end]


def _runs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield start and end of fields side by side that hold one letter or digit each."""
    start = 0
    for index, text in enumerate([*texts, ""]):
        if len(text) != 1 or not text.isalnum():
            if index > start:
                yield start, index
            start = index + 1


def _take_named(findings: Findings, episode: Episode, rules: RedactionRules) -> None:
    """Take what elements hold that a rule names, and what prompts that ask for a secret were answered."""
    for observation in episode.observations:
        for element in observation.elements if rules.elements else ():
            for rule in rules.elements:
                if not holder(element) and fits(rule, element, observation):
                    findings.vault.add(rule.kind, element.value or (element.name if rule.name is None else ""))
    for step in episode.steps:
        dialog = step.observation.dialog
        if isinstance(step.action, Dialog) and step.action.text and dialog is not None:
            kind = kind_of_field(dialog.message, rules)
            if kind is not None:
                findings.vault.add(kind, step.action.text)


def _rows(episode: Episode) -> Iterator[str]:
    """Yield what elements side by side say together: "Your code is" and "915528"."""
    for observation in episode.observations:
        yield " ".join(element.name for element in observation.elements)


def _entries(journal: Journal) -> Iterator[str]:
    for field_ in journal.fields.values():
        yield from dict.fromkeys(map(text_of, field_.entries()))


def _take_by_looks(findings: Findings, texts: Iterable[str], rules: RedactionRules) -> None:
    """Take what looks like a secret; one that is within another is that one, on its way or badly read."""
    plain: dict[tuple[str, str], None] = {}
    read: dict[tuple[str, str], None] = {}  # what only shows in another reading of a text
    for text in dict.fromkeys(texts):
        for reading in readings(text):
            found = plain if reading == text else read
            found.update(((item.kind, item.value), None) for item in find(reading, rules))
            read.update((item, None) for item in find_in_addresses(reading, rules))
    for kind, value in sorted(plain, key=lambda item: -len(item[1])):
        longer = next((text for other, text in plain if other == kind and text != value and value in text), None)
        number = findings.vault.number_of(kind, longer) if longer is not None and kind in ON_THEIR_WAY else None
        if number is None:
            findings.vault.add(kind, value)
        else:
            findings.vault.alias(value, number)
    for kind, value in read:
        known = any(findings.vault.spans(reading) for reading in readings(value))
        if not known and not any(kind == other and value in text for other, text in plain):
            findings.vault.add(kind, value)


def _take_sent(findings: Findings, evidence: Evidence, rules: RedactionRules) -> None:
    """Take what requests and forms, hidden inputs included, hold under a secret's name."""
    for values in (evidence.form_values, *(request.fields for request in evidence.sent)):
        for key, value in values.items():
            kind = kind_of_key(key, rules)
            if kind is not None and value not in NO_SECRETS and len(value) <= MAX_SENT:
                findings.vault.add(kind, value)


def _place_known(findings: Findings, journal: Journal) -> None:
    """Give the characters of secrets in ordinary fields their places."""
    vault = findings.vault
    for id_, field_ in journal.fields.items():
        for held in dict.fromkeys(field_.held.values()) if id_ not in findings.dedicated else ():
            for start, end, number in vault.spans(flat_of(held)):
                _assign(findings, held[start:end], number, vault.kind(number))


def _place_rest(findings: Findings, journal: Journal) -> None:
    """Give what was typed between a secret's characters, and deleted again, the places it was typed at."""
    for id_ in journal.fields:
        _place_between(findings, journal, id_, whole=id_ in findings.dedicated)


def _place_between(findings: Findings, journal: Journal, id_: str, *, whole: bool) -> None:
    steps = [index for index, place in journal.places.items() if place == id_]
    chars = [char for index in steps for char in journal.written.get(index, ())]
    placed = [i for i, char in enumerate(chars) if char.number in findings.places]
    if not placed:
        return
    start, end = (0, len(chars)) if whole else (placed[0], placed[-1])
    near = findings.places[chars[placed[0]].number]
    for char in chars[start:end]:
        if char.number in findings.places:
            near = findings.places[char.number]
        elif len(char.text) == 1 and (char.text.isalnum() or findings.vault.kind(near.number) not in NUMERIC):
            findings.places[char.number] = replace(near, position=min(near.position + 1, near.length))
