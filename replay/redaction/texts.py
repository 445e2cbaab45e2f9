"""Reaches every text of an episode: to read them all, and to write others in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from browser_env.episode import Episode
from browser_env.observation import Element
from browser_env.task import VerifierSpec

NAMES = frozenset(("id", "parent", "focus", "role", "states", "kind", "verb", "key", "suite", "screenshot"))


def all_texts(episode: Episode) -> dict[str, None]:
    """Return every text of an episode that may say something of the person, each once."""
    found: dict[str, None] = {}
    for part in (episode.task, episode.tags, episode.reason, episode.evidence, episode.prefix):
        found.update(dict.fromkeys(texts_in(part)))
    for step in episode.steps:
        found.update(dict.fromkeys(texts_in(step.action)))
    for seen in episode.observations:
        found.update(dict.fromkeys(texts_in(replace(seen, elements=()))))
    for element in {element: None for seen in episode.observations for element in seen.elements}:
        found.update(dict.fromkeys(texts_of(element)))
    return found


def texts_of(element: Element) -> tuple[str, ...]:
    """Return the texts of an element."""
    return element.name, element.value, element.description, *element.headers


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts within data, keys of mappings included."""
    if isinstance(value, str):
        if not isinstance(value, Enum):
            yield value
    elif is_dataclass(value):
        for item in fields(value):
            if not _is_name(value, item.name):
                yield from texts_in(getattr(value, item.name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_in(key)
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return data with every text in it changed; what has no text in it stays the same object."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else change(value)
    if isinstance(value, dict):
        return {map_texts(key, change): map_texts(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [map_texts(item, change) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if is_dataclass(value) and not isinstance(value, type):
        named = [item.name for item in fields(value) if not _is_name(value, item.name)]
        changed = {name: map_texts(getattr(value, name), change) for name in named}
        return replace(value, **{name: new for name, new in changed.items() if new is not getattr(value, name)})
    return value


def _is_name(value: Any, field: str) -> bool:
    """Whether a field says nothing of a person: it is one of webdual's own names."""
    return field in NAMES or (field == "name" and isinstance(value, VerifierSpec))
