"""Episodes as one picture: every step side by side, the action drawn on the page, the outcome at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from browser_env.episode import Episode
from browser_env.observation import Observation
from experiments.marks import Box, Marks, Place, marks
from rewards.outcome import Outcome

INK, PAPER, FAINT, LINE = "#1c1d22", "#ffffff", "#6b6f7b", "#d9dbe1"
FAILED = "#c22b2b"
ACTION, HALO = "#e5197d", "#ffffff"
OUTCOMES = {
    Outcome.SUCCESS: "#157f3d",
    Outcome.FAILURE: FAILED,
    Outcome.TRUNCATED: "#a05a00",
    Outcome.INFRA_ERROR: "#5b6170",
    Outcome.BLOCKED: "#7441c4",
    Outcome.VERIFIER_ERROR: "#5b6170",
}
ROLES = {"button": "#dfe7fb", "link": "#e6e0fa", "textbox": "#fdf3d7", "checkbox": "#dcf3e4", "radio": "#dcf3e4"}
FRAMES_PER_ROW = 8
MAX_FRAME = 640  # pixels wide: pages larger than this are made smaller
MARGIN, GAP = 16, 12
LINE_HEIGHT = 18
TEXT_SIZE, TITLE_SIZE = 13, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One page of the strip."""

    observation: Observation
    marks: Marks
    title: str
    caption: str  # the action's text, or why the episode ended so
    color: str  # of the title
    is_end: bool = False


def picture_strip(episode: Episode, *, scale: float = 2) -> Image.Image:
    """Return an episode as a picture; pages without a screenshot are drawn from their elements' boxes."""
    frames = _frames(episode)
    width, height = frames[0].observation.viewport
    scale = min(scale, MAX_FRAME / width)
    size = (round(width * scale), round(height * scale))
    columns = min(FRAMES_PER_ROW, len(frames))
    captions = [_wrap(frame.caption, width=size[0], lines=3) for frame in frames]
    cell = (size[0] + GAP, size[1] + LINE_HEIGHT * (1 + max(map(len, captions))) + GAP + 6)
    goal = _wrap(
        f"{episode.task.name}: {frames[0].observation.goal}", width=columns * cell[0] - GAP, lines=2, size=TITLE_SIZE
    )
    top = MARGIN + len(goal) * (TITLE_SIZE + 6) + 8
    rows = math.ceil(len(frames) / columns)
    strip = Image.new("RGB", (2 * MARGIN + columns * cell[0] - GAP, top + rows * cell[1] - GAP + MARGIN), PAPER)
    _write(strip, goal, at=(MARGIN, MARGIN), color=INK, size=TITLE_SIZE)
    for index, (frame, caption) in enumerate(zip(frames, captions, strict=True)):
        corner = (MARGIN + index % columns * cell[0], top + index // columns * cell[1])
        _draw_frame(strip, frame, caption=caption, corner=corner, size=size)
    return strip


def draw_page(observation: Observation, *, size: tuple[int, int]) -> Image.Image:
    """Return a page's screenshot at a size, crisp where it grows; or its elements as boxes where it has none."""
    if observation.screenshot is not None:
        page = Image.fromarray(observation.screenshot)
        grows = size[0] >= page.width
        return page.resize(size, Image.Resampling.NEAREST if grows else Image.Resampling.LANCZOS)
    return _wireframe(observation, size=size)


def draw_marks(page: Image.Image, drawn: Marks, *, scale: float) -> None:
    """Draw an action onto a page that is ``scale`` times the viewport."""
    canvas = ImageDraw.Draw(page)
    for box in drawn.boxes:
        x0, y0, x1, y1 = _corners(box, scale=scale)
        canvas.rectangle((x0 - 3, y0 - 3, x1 + 3, y1 + 3), outline=HALO, width=1)
        canvas.rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), outline=ACTION, width=2)
    if len(drawn.path) > 1:
        _draw_arrow(canvas, [(x * scale, y * scale) for x, y in drawn.path])
    if drawn.pointer is not None:
        _draw_pointer(canvas, (drawn.pointer[0] * scale, drawn.pointer[1] * scale))
    if drawn.label:
        _draw_label(canvas, drawn, scale=scale, size=page.size)


def _frames(episode: Episode) -> list[Frame]:
    frames = [
        Frame(
            observation=step.observation,
            marks=marks(step.action, step.observation),
            title=f"{number}" + " · by a person" * step.intervention + " · did not work" * (after.error is not None),
            caption=step.action.to_text(),
            color=INK if after.error is None else FAILED,
        )
        for number, (step, after) in enumerate(zip(episode.steps, episode.observations[1:], strict=True), start=1)
    ]
    end = Frame(
        observation=episode.final,
        marks=Marks(),
        title=f"{episode.outcome.value.replace('_', ' ')} · reward {episode.reward:.2g}",
        caption=episode.reason,
        color=OUTCOMES[episode.outcome],
        is_end=True,
    )
    return [*frames, end]


def _draw_frame(
    strip: Image.Image, frame: Frame, *, caption: Sequence[str], corner: tuple[int, int], size: tuple[int, int]
) -> None:
    x, y = corner
    _write(strip, [frame.title], at=(x, y), color=frame.color)
    page = draw_page(frame.observation, size=size)
    draw_marks(page, frame.marks, scale=size[0] / frame.observation.viewport[0])
    strip.paste(page, (x, y + LINE_HEIGHT))
    edge = (x - 1, y + LINE_HEIGHT - 1, x + size[0], y + LINE_HEIGHT + size[1])
    outline, width = (frame.color, 2) if frame.is_end else (LINE, 1)
    ImageDraw.Draw(strip).rectangle(edge, outline=outline, width=width)
    _write(strip, caption, at=(x, y + LINE_HEIGHT + size[1] + 5), color=FAINT if frame.is_end else INK)


def _wireframe(observation: Observation, *, size: tuple[int, int]) -> Image.Image:
    page = Image.new("RGB", size, "#fbfbfc")
    canvas = ImageDraw.Draw(page)
    scale = size[0] / observation.viewport[0]
    for element in observation.elements:
        if not element.visible or min(element.box[2:]) <= 0:
            continue
        corners = _corners(element.box, scale=scale)
        canvas.rectangle(corners, outline="#b9bdc9", fill=ROLES.get(element.role))
        text = _fit(element.value or element.name, width=corners[2] - corners[0] - 6)
        canvas.text((corners[0] + 3, corners[1] + 1), text, fill=FAINT, font=_font(11))
    return page


def _draw_arrow(canvas: ImageDraw.ImageDraw, path: Sequence[Place]) -> None:
    (x0, y0), (x1, y1) = path[-2:]
    angle = math.atan2(y1 - y0, x1 - x0)
    neck, *wings = [
        (x1 - reach * math.cos(angle + turn), y1 - reach * math.sin(angle + turn))
        for turn, reach in ((0.0, 10), (-0.5, 16), (0.5, 16))
    ]
    for color, width in ((HALO, 6), (ACTION, 3)):
        canvas.line([*path[:-1], neck], fill=color, width=width, joint="curve")
    canvas.polygon([(x1, y1), *wings], fill=ACTION)


def _draw_pointer(canvas: ImageDraw.ImageDraw, place: Place) -> None:
    x, y = place
    for color, width, reach in ((HALO, 4, 11), (ACTION, 2, 10)):
        canvas.line((x - reach, y, x - 4, y), fill=color, width=width)
        canvas.line((x + 4, y, x + reach, y), fill=color, width=width)
        canvas.line((x, y - reach, x, y - 4), fill=color, width=width)
        canvas.line((x, y + 4, x, y + reach), fill=color, width=width)
    canvas.ellipse((x - 6, y - 6, x + 6, y + 6), outline=ACTION, width=2)


def _draw_label(canvas: ImageDraw.ImageDraw, drawn: Marks, *, scale: float, size: tuple[int, int]) -> None:
    text = _fit(drawn.label, width=size[0] - 16)
    width = canvas.textlength(text, font=_font(TEXT_SIZE)) + 12
    if drawn.boxes:
        x0, y0, _, y1 = _corners(drawn.boxes[0], scale=scale)
        above = y0 - 25
        x, y = x0 - 2, above if above >= 2 else y1 + 5
    else:
        x, y = (size[0] - width) / 2, size[1] - 30
    x, y = min(max(2.0, x), size[0] - width - 2), min(max(2.0, y), size[1] - 23)
    canvas.rounded_rectangle((x, y, x + width, y + 21), radius=5, fill=ACTION, outline=HALO)
    canvas.text((x + 6, y + 10), text, fill=HALO, font=_font(TEXT_SIZE), anchor="lm")


def _write(image: Image.Image, lines: Sequence[str], *, at: tuple[int, int], color: str, size: int = TEXT_SIZE) -> None:
    canvas = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        canvas.text((at[0], at[1] + index * (size + 5)), line, fill=color, font=_font(size))


def _wrap(text: str, *, width: float, lines: int, size: int = TEXT_SIZE) -> list[str]:
    """Return a text in lines of at most ``width`` pixels, cut where it needs more lines than it may have."""
    rest = " ".join(text.split())
    wrapped: list[str] = []
    while rest and len(wrapped) < lines - 1:
        taken = _take(rest, width=width, size=size)
        space = rest.rfind(" ", 0, taken + 1)
        end = space if taken < len(rest) and space > 0 else taken
        wrapped.append(rest[:end])
        rest = rest[end:].strip()
    return [*wrapped, _fit(rest, width=width, size=size)] if rest else wrapped


def _fit(text: str, *, width: float, size: int = TEXT_SIZE) -> str:
    """Return a text on one line of at most ``width`` pixels, cut where it is longer."""
    text = " ".join(text.split())
    taken = _take(text, width=width, size=size)
    return text if taken >= len(text) else f"{text[: max(0, taken - 1)]}…"


def _take(text: str, *, width: float, size: int) -> int:
    """Return how many characters fit into a width, at least one."""
    font, taken = _font(size), min(len(text), 400)
    while taken > 1 and font.getlength(text[:taken]) > width:
        taken -= 1
    return taken


def _corners(box: Box, *, scale: float) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return (x * scale, y * scale, (x + max(0, width)) * scale, (y + max(0, height)) * scale)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
