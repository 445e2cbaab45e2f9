"""What a model is shown of a page: the goal, what was done before, the picture and the elements, within a budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from browser_env.acting import Turn
from browser_env.action import ACTIONS
from browser_env.marks import set_of_marks
from browser_env.observation import Element, Observation, Screenshot
from policy.vlm.config import VlmConfig
from policy.vlm.coordinates import Frame, frame_of, written_action

PAGE_SHARE = 0.6  # of the budget that the elements may take before turns are left out
STEADY = 8  # turns are left out by up to so many at once: a prompt's beginning stays the same meanwhile
SHORT = 160  # characters of a name, a value, an error or what was done
NAMES = {"target": "target", "path": "[target, target]", "options": "['label']", "names": "['file']"}
Marks = re.Pattern[str]
Count = Callable[[str], int]  # a text's length in tokens
MARK = re.compile(  # what templates, tokenizers and processors take for the end of a message, a picture and the like
    r"<[|｜][^<>]{0,60}[|｜]>"
    r"|</?(?:s|bos|eos|pad|unk|img|image|video|audio|think|thinking|(?:start|end)_of_\w{1,20}|(?:image|audio)_soft_token"
    r"|IMG_CONTEXT|image_newline|fake_token_around_image|global-img|row_\d{1,3}_col_\d{1,3})>"
    r"|\[/?(?:INST|IMG|IMG_BREAK|IMG_END|SYSTEM_PROMPT)\]"
)
BRACKETS = {"<": ">", "[": "]"}  # around marks, mostly


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prompt:
    """One message to a model: text, a picture between, text."""

    before: str  # the same throughout an episode, but for what was done
    image: Screenshot | None
    after: str  # the page

    @property
    def parts(self) -> tuple[str | Screenshot, ...]:
        """The message's texts, and the picture where there is one."""
        return (self.before, *([] if self.image is None else [self.image]), self.after)

    def messages(self) -> list[dict[str, object]]:
        """Return the message in the form that chat templates read."""
        image = [] if self.image is None else [{"type": "image"}]
        texts = ({"type": "text", "text": text} for text in (self.before, self.after))
        return [{"role": "user", "content": [next(texts), *image, next(texts)]}]


def build_prompt(
    observation: Observation, past: Sequence[Turn], config: VlmConfig, *, count: Count, marks: Marks | None = None
) -> Prompt:
    """Return the prompt for a decision; ``count`` measures its parts against the budget.

    ``marks`` are those of the tokenizer that the prompt is for, where it is known.
    """
    frame = frame_of(observation, config)
    head = plain(f"{instructions(config, frame)}\n\nGoal: {observation.goal}\n", marks)
    left = config.max_prompt_tokens - count(head)
    lines = [plain(line, marks) for line in page_lines(observation, config)]
    page = fit(lines, int(left * PAGE_SHARE) if past else left, count)
    left -= sum(count(line) for line in page)
    turns = [plain(line, marks) for line in turn_lines(observation, past, config)]
    told = fit_turns(turns, left, config.max_turns, count)
    return Prompt(
        before=head + "".join(f"{line}\n" for line in told),
        image=picture_of(observation, config),
        after="".join(f"\n{line}" for line in page),
    )


def plain(text: str, marks: Marks | None = None) -> str:
    """Return a text with marks written differently, so that no page ends the message it is told in.

    ``marks`` are a tokenizer's own, beside those that are known of all.
    """
    for pattern in (MARK, marks) if marks is not None else (MARK,):
        text = pattern.sub(lambda mark: _written_differently(mark.group()), text)
    return text


def marks_of(texts: Iterable[str]) -> Marks | None:
    """Return what finds a tokenizer's special texts, the longest first; None where there are none."""
    known = sorted({text for text in texts if len(text.strip()) > 2}, key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, known))) if known else None


def _written_differently(mark: str) -> str:
    if BRACKETS.get(mark[0]) == mark[-1]:
        return f"‹{mark[1:-1]}›"
    return f"{mark[0]}·{mark[1:]}"


def instructions(config: VlmConfig, frame: Frame) -> str:
    """Return what every prompt begins with: the actions there are, and how to aim them."""
    calls = [f"{verb}({', '.join(NAMES.get(f.name, f.name) for f in fields(ACTIONS[verb]) if not f.metadata)})"
             for verb in config.offered]  # fmt: skip
    point = f"a point (x, y) from (0, 0) to ({frame.span[0]:g}, {frame.span[1]:g})" * config.points
    element = "an element's id such as e12" * config.ids
    lines = [
        "You work in a web browser. Reply with the next action as one function call:",
        *calls,
        f"A target is {' or '.join(filter(None, (element, point)))}. Texts stand in quotes.",
        config.instructions,
    ]
    return "\n".join(line for line in lines if line)


def page_lines(observation: Observation, config: VlmConfig) -> list[str]:
    """Return what is told of a page, the most important first."""
    tabs = [f"Tab {i}: {_short(tab.title or tab.url)}" for i, tab in enumerate(observation.tabs)]
    lines = [*tabs, f"Tab {observation.active_tab} is open."] if len(tabs) > 1 else []
    if observation.dialog is not None:
        lines.append(f"A dialog waits ({observation.dialog.kind}): {_short(observation.dialog.message)}")
    if observation.error:
        lines.append(f"The last action failed: {_short(observation.error)}")
    if observation.downloads:
        lines.append(f"Downloaded: {', '.join(map(_short, observation.downloads))}")
    if config.elements:
        lines += ["Elements:", *map(_element_line, sorted(observation.elements, key=lambda e: not e.visible))]
    return lines


def _element_line(element: Element) -> str:
    value = f" = {_short(element.value)!r}" if element.value else ""
    states = f" ({', '.join(s for s in element.states if s != 'clickable')})" if element.states else ""
    shown = "" if element.visible else " (out of view)"
    return f"{element.id} {element.role} {_short(element.name)!r}{value}{states.replace(' ()', '')}{shown}"


def turn_lines(observation: Observation, past: Sequence[Turn], config: VlmConfig) -> list[str]:
    """Return what is told of what was done before, a line for each turn."""
    return [
        f"Done: {_cut(written_action(turn.action, observation, config).to_text())}"
        + (f" but {_short(turn.error)}" if turn.error else "")
        for turn in past
    ]


def fit(lines: Sequence[str], budget: int, count: Count) -> list[str]:
    """Return the first lines that fit."""
    kept: list[str] = []
    for line in lines:
        budget -= count(line)
        if budget < 0:
            return kept
        kept.append(line)
    return kept


def fit_turns(lines: Sequence[str], budget: int, most: int, count: Count) -> list[str]:
    """Return the last lines that fit, leaving out whole blocks of the first, none larger than half of what fits."""
    fitting = len(fit(lines[::-1][:most], budget, count))
    block = min(STEADY, max(1, fitting // 2))
    left_out = len(lines) - fitting
    return list(lines[-(-left_out // block) * block :])


def picture_of(observation: Observation, config: VlmConfig) -> Screenshot | None:
    """Return the picture at the size at which it is sent; None where none is."""
    if observation.screenshot is None or config.picture == "none":
        return None
    pixels = (
        set_of_marks(observation, scale=config.image_scale) if config.picture == "marks" else observation.screenshot
    )
    size = frame_of(observation, config).image
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _short(text: str) -> str:
    return _cut(" ".join(text.split()))


def _cut(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
