"""Tasks in which sliders are brought to numbers: by a click on their track, and arrow keys from there."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from browser_env.action import Action, Click, Press
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, Ink, Spot, cells, click, submit

LINE = 5  # from the middle of a track to the outside of its line, in CSS px
MARGIN = 1  # from the end of a track to the middle of a handle that is there, in CSS px
SHADOW = 3  # around a handle, in which the line may be lighter, in CSS px
LOWEST = (-100, 0, 10, 100)
SPANS = (5, 10, 50, 100)
SCALES = [(low, low + span) for low in LOWEST for span in SPANS]

Scale = tuple[int, int]  # the lowest number and the highest


@dataclass(frozen=True, kw_only=True)
class Track:
    """Where a slider's handle can go, along one axis."""

    start: float  # place of the lowest number, in CSS px
    end: float  # place of the highest
    upright: bool

    def place(self, number: int, scale: Scale) -> float:
        """Return where the handle is at a number."""
        return self.start + (number - scale[0]) / (scale[1] - scale[0]) * (self.end - self.start)

    def along(self, spot: Spot) -> float:
        """Return the coordinate that changes along the track."""
        return spot[self.upright]

    def across(self, spot: Spot) -> float:
        """Return the other coordinate."""
        return spot[not self.upright]


def use_slider(observation: Observation) -> Action:
    """Bring the slider to the number on the scale that suits what it shows, then submit."""
    match = re.match(r"Select (-?\d+) with", observation.goal)
    wanted = int(match[1]) if match else 0
    handle, value = _sliders(observation)[0]
    if value == wanted:
        return submit(observation)
    track = track_of(observation, handle)
    at = track.along(handle.center)
    scales = [scale for scale in SCALES if all(scale[0] <= number <= scale[1] for number in (value, wanted))]
    scale = min(scales, key=lambda scale: abs(track.place(value, scale) - at))
    return slide(observation, handle, value, wanted, scale)


def use_slider_2(observation: Observation) -> Action:
    """Bring each slider to its number, then submit."""
    numbers = [int(number) for number in re.findall(r"\d+", observation.goal)]
    for (handle, value), wanted in zip(_sliders(observation), numbers, strict=True):
        if value != wanted:
            return slide(observation, handle, value, wanted, (0, 20))
    return submit(observation)


def slide(observation: Observation, handle: Element, value: int, wanted: int, scale: Scale) -> Action:
    """Click the track where that leaves less to do than is left now; press arrow keys from there."""
    track = track_of(observation, handle)
    step = abs(track.end - track.start) / (scale[1] - scale[0])
    place = track.place(wanted, scale)
    left = {point: abs(track.along(point) - place) / step for point in _points(observation, handle, track, place)}
    nearest = min(left, key=left.__getitem__, default=None)
    focused = "focused" in handle.states
    if nearest is not None and left[nearest] + 1 < abs(value - wanted) + (not focused):
        return Click(Point(*nearest))
    if not focused:
        return click(handle)
    return Press("ArrowRight" if value < wanted else "ArrowLeft")


def track_of(observation: Observation, handle: Element) -> Track:
    """Return the track of a handle by the line around it, the longer of a level and an upright one."""
    assert observation.screenshot is not None, "this expert needs pixels"
    drawn = observation.screenshot[..., 1] < 240
    x, y = handle.center
    left, right = _run(drawn[int(y) - LINE], handle.box[0], handle.box[2])
    top, bottom = _run(drawn[:, int(x) - LINE], handle.box[1], handle.box[3])
    if right - left >= bottom - top:
        return Track(start=left + MARGIN, end=right + MARGIN, upright=False)
    return Track(start=bottom - MARGIN, end=top - MARGIN, upright=True)


def _run(line: Ink, start: float, length: float) -> tuple[int, int]:
    """Return from where to where a line is drawn on both sides of a handle; its middle where that hides the end."""
    blank = np.flatnonzero(~line)
    low, high = start - SHADOW, start + length + SHADOW
    before, after = blank[blank < low], blank[blank > high]
    middle = int(start + length / 2)
    first = int(before.max()) + 1 if before.size else 0
    last = int(after.min()) if after.size else line.size
    return (first if first < low else middle), (last if last > high + 1 else middle)


def _points(observation: Observation, handle: Element, track: Track, place: float) -> list[Spot]:
    """Return the cells' middles on the track, or else its place, that lie beside the handle."""
    low, high = sorted((track.start, track.end))
    on_track = [
        (cell.x, cell.y)
        for cell in cells(observation)
        if low <= track.along((cell.x, cell.y)) <= high
        and abs(track.across((cell.x, cell.y)) - track.across(handle.center)) < LINE - 1
    ]
    middle = track.across(handle.center)
    inside = min(max(place, low + 1), high - 2)
    spots = on_track or [(middle, inside) if track.upright else (inside, middle)]
    half = track.along(handle.box[2:]) / 2
    return [spot for spot in spots if abs(track.along(spot) - track.along(handle.center)) > half]


def _sliders(observation: Observation) -> list[tuple[Element, int]]:
    """Return each slider's handle and number, which follows it."""
    following = zip(observation.elements, observation.elements[1:], strict=False)
    return [
        (handle, int(value.name)) for handle, value in following if not handle.name and "clickable" in handle.states
    ]


EXPERTS: dict[str, Expert] = {
    "use-slider": use_slider,
    "use-slider-2": use_slider_2,
}
