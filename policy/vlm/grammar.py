"""The language of actions, as an automaton: what a model that is held to it can write."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from browser_env.observation import Observation
from policy.vlm.automaton import Automaton, Builder, Part, byte, choice, hole, maybe, repeat, sequence, text
from policy.vlm.config import VlmConfig

KEYS = (
    *("Enter", "Tab", "Escape", "Backspace", "Delete", "Home", "End", "PageUp", "PageDown", "Space"),
    *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Control+a", "Control+c", "Control+v", "Control+z"),
)
DIGIT = byte(0x30, 0x39)
UNSIGNED = choice(text("0"), sequence(byte(0x31, 0x39), maybe(DIGIT), maybe(DIGIT), maybe(DIGIT)))
UNIT = choice(text("0"), text("1"), sequence(text("0."), DIGIT, maybe(DIGIT), maybe(DIGIT)))
TAIL = byte(0x80, 0xBF)
BEYOND_ASCII = choice(  # UTF-8 without surrogates and without what is longer than it need be
    sequence(byte(0xC2, 0xDF), TAIL),
    sequence(byte(0xE1, 0xEC), TAIL, TAIL),
    sequence(byte(0xE0, 0xE0), byte(0xA0, 0xBF), TAIL),
    sequence(byte(0xED, 0xED), byte(0x80, 0x9F), TAIL),
    sequence(byte(0xEE, 0xEF), TAIL, TAIL),
    sequence(byte(0xF1, 0xF3), TAIL, TAIL, TAIL),
    sequence(byte(0xF0, 0xF0), byte(0x90, 0xBF), TAIL, TAIL),
)
ESCAPE = sequence(text("\\"), choice(text("\\"), text("'"), text('"'), text("n"), text("t")))
PLAIN = (byte(0x20, 0x21), byte(0x23, 0x26), byte(0x28, 0x5B), byte(0x5D, 0x7E), BEYOND_ASCII, ESCAPE)
STRING = choice(
    sequence(text("'"), repeat(choice(*PLAIN, text('"'))), text("'")),
    sequence(text('"'), repeat(choice(*PLAIN, text("'"))), text('"')),
)
BOOLEAN = choice(text("True"), text("False"))
SIGNED = sequence(maybe(text("-")), UNSIGNED)


def action_automaton(observation: Observation, config: VlmConfig) -> Automaton:
    """Return what may be written of this page: offered actions, with elements that are there.

    Some actions are left out that nobody needs to write: keys held while clicking, paths of more than two targets.
    """
    ids = tuple(element.id for element in observation.elements) if config.ids else ()
    return _automaton(config.offered, ids, config.points or not ids, config.coordinates == "unit")


@lru_cache(maxsize=256)
def _automaton(verbs: Sequence[str], ids: Sequence[str], points: bool, unit: bool) -> Automaton:
    builder, end = _language(verbs, bool(ids), points, unit)
    return Automaton(builder, end, [name.encode() for name in ids])


@lru_cache(maxsize=32)
def _language(verbs: Sequence[str], ids: bool, points: bool, unit: bool) -> tuple[Builder, int]:
    number = UNIT if unit else UNSIGNED
    point = sequence(text("("), number, text(", "), number, text(")"))
    target = choice(*([hole()] if ids else []), *([point] if points else []))
    builder = Builder()
    calls = [sequence(text(f"{verb}("), _arguments(verb, target), text(")")) for verb in verbs]
    return builder, sequence(maybe(text(" ")), choice(*calls))(builder, 0)


def _arguments(verb: str, target: Part) -> Part:
    arguments: dict[str, tuple[Part, ...]] = {
        "drag": (sequence(text("["), target, text(", "), target, text("]")),),
        "scroll": (target, SIGNED, SIGNED),
        "type": (target, STRING),
        "press": (choice(*(text(f"'{key}'") for key in KEYS)),),
        "select": (target, _listed(STRING)),
        "check": (target, BOOLEAN),
        "upload": (target, _listed(STRING)),
        "navigate": (STRING,),
        "back": (),
        "forward": (),
        "new_tab": (STRING,),
        "switch_tab": (DIGIT,),
        "close_tab": (DIGIT,),
        "dialog": (BOOLEAN,),
        "wait": (UNSIGNED,),
        "answer": (STRING,),
        "give_up": (STRING,),
    }
    parts = arguments.get(verb, (target,))
    return sequence(*parts[:1], *(sequence(text(", "), part) for part in parts[1:]))


def _listed(part: Part) -> Part:
    return sequence(text("["), part, repeat(sequence(text(", "), part)), text("]"))
