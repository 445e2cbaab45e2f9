"""The benchmark's result as a bar chart."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.benchmarks.plan import DOM, LARGE, SMALL, Results
from experiments.benchmarks.report import TITLES, Row, rows

INK, GREY, OURS, RAW, PEER = "#1f2430", "#6b7280", "#0f766e", "#9ca3af", "#d6a461"
NAMES = TITLES | {"raw": "raw DevTools loop", "selenium": "miniwob-plusplus"}
BAR = 0.7  # of the room for one
INCHES_A_ROW = 0.33


def save_picture(results: Results, path: Path, *, cores: int) -> None:
    """Write a bar chart of steps a second, on a logarithmic axis."""
    draw(results, cores=cores).savefig(path, dpi=200, facecolor="white")


def draw(results: Results, *, cores: int) -> Figure:
    """Return the chart: a panel for each setting, a bar for each side at its best number of environments."""
    shown = [[r for r in rows(results) if r.setting == setting and r.is_best] for setting in (DOM, SMALL, LARGE)]
    panels = [sorted(group, key=lambda r: r.summary.steps_per_s.value) for group in shown if group]
    heights = [len(group) for group in panels]
    figure = Figure(figsize=(8.4, 1.25 + INCHES_A_ROW * (sum(heights) + len(panels))), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    low = min(r.summary.steps_per_s.value for group in panels for r in group)
    high = max(r.summary.steps_per_s.value for group in panels for r in group)
    for panel, group in zip(axes, panels, strict=True):
        _draw_panel(panel, group, low=low / 2, high=high * 3)
    axes[-1].tick_params(axis="x", labelbottom=True, length=0, labelcolor=GREY, labelsize=8.5)
    axes[-1].set_xlabel("steps a second, resets included (logarithmic)", color=GREY, fontsize=9)
    figure.suptitle(
        f"Random clicks on five MiniWoB++ tasks, {cores} cores, Chromium {results.browser.version.split('.')[0]}",
        color=INK,
        fontsize=11.5,
        fontweight="bold",
        x=0.01,
        ha="left",
    )
    return figure


def _draw_panel(panel: Axes, group: list[Row], *, low: float, high: float) -> None:
    values = [r.summary.steps_per_s.value for r in group]
    colours = [{"webdual": OURS, "raw": RAW}.get(r.side, PEER) for r in group]
    panel.barh(range(len(group)), [value - low for value in values], BAR, left=low, color=colours)
    for place, (row, value) in enumerate(zip(group, values, strict=True)):
        weight = "bold" if row.side == "webdual" else "normal"
        text = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
        panel.text(value * 1.08, place, text, va="center", color=INK, fontsize=9.5, fontweight=weight)
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    panel.set_ylim(-0.6, len(group) - 0.4)
    panel.set_yticks(range(len(group)), [_label(row) for row in group], fontsize=9.5, color=INK)
    panel.tick_params(axis="both", which="both", length=0)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.set_title(group[0].setting.title, loc="left", fontsize=9.5, color=GREY)
    panel.grid(axis="x", which="major", color="#e5e7eb", linewidth=0.8)
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)


def _label(row: Row) -> str:
    count = row.summary.num_envs
    label = NAMES[row.side] + (", tuned" if row.tuned else "")
    return f"{label}, {count} at once" if count > 1 else label
