"""The figures of a comparison's page."""

from __future__ import annotations

from experiments.comparing.axes import Axis, Line, Mark, Row, interval_plot, legend, line_plot
from experiments.comparing.comparison import ABOVE, Comparison
from experiments.comparing.formats import format_money, format_steps
from experiments.comparing.learning import GroupCurve

WIDE, PANEL = 1080, 352  # pixels
MOST_PAIRED = 5  # groups
NAMES = {"steps": "environment steps", "seconds": "practice time", "money": "price of practice (US dollars)"}


def totals_figure(comparison: Comparison) -> str:
    """Return mean and interquartile mean of each group."""
    rows = [
        Row(
            label=label,
            marks=(
                Mark(colour=colour, estimate=total.mean),
                Mark(colour=colour, estimate=total.interquartile_mean, hollow=True),
            ),
        )
        for colour, (label, total) in enumerate(zip(comparison.labels, comparison.totals, strict=True))
    ]
    return interval_plot(rows, axis=_rate_axis("success: mean (filled), interquartile mean (hollow)"), width=WIDE)


def improvements_figure(comparison: Comparison) -> str:
    """Return the probability of improvement of each pair; of many groups, of each over the first."""
    labels = comparison.labels
    all_pairs = len(labels) <= MOST_PAIRED
    rows = [
        Row(
            label=f"{labels[pair.group]} over {labels[pair.over]}" if all_pairs else labels[pair.group],
            marks=(Mark(colour=pair.group, estimate=pair.probability),),
        )
        for pair in comparison.improvements
        if all_pairs or pair.over == 0
    ]
    what = "probability of improvement" if all_pairs else f"probability of improvement over {labels[0]}"
    return interval_plot(rows, axis=_rate_axis(what), width=WIDE, neutral=0.5)


def profiles_figure(comparison: Comparison) -> str:
    """Return the groups' performance profiles."""
    lines = [
        Line(colour=colour, x=ABOVE, y=total.profile.estimates()) for colour, total in enumerate(comparison.totals)
    ]
    x = _rate_axis("success rate τ")
    plot = line_plot(lines, x=x, y=_rate_axis("share of task-seeds above τ"), width=WIDE, height=320)
    return legend(dict(enumerate(comparison.labels))) + plot


def curves_figure(comparison: Comparison) -> str:
    """Return success over steps, time and money; empty where no run logged its practice."""
    panels = [panel for axis in NAMES if (panel := _curve_panel(comparison, axis))]
    names = {colour: label for colour, label in enumerate(comparison.labels) if comparison.curves[colour]}
    return f'{legend(names)}<div class="panels">{"".join(panels)}</div>' if panels else ""


def demonstrations_figure(comparison: Comparison) -> str:
    """Return success over demonstrations per task; empty where groups do not differ in them alone."""
    lines = [
        Line(
            colour=colour,
            x=[point.demonstrations for point in line.points],
            y=[point.mean for point in line.points],
            dots=True,
        )
        for colour, line in enumerate(comparison.demonstrations)
    ]
    if not lines:
        return ""
    x = _amount_axis("demonstrations per task", max(max(line.x) for line in lines))
    plot = line_plot(lines, x=x, y=_rate_axis("mean success"), width=WIDE, height=320, threshold=comparison.threshold)
    return legend({colour: line.label for colour, line in enumerate(comparison.demonstrations)}) + plot


def tasks_figure(comparison: Comparison) -> str:
    """Return each task's success in each group."""
    rows = [
        Row(
            label=line.task.removeprefix("miniwob/"),
            marks=[Mark(colour=colour, estimate=rate) for colour, rate in enumerate(line.rates)],
        )
        for line in comparison.lines
    ]
    return legend(dict(enumerate(comparison.labels)), dots=True) + interval_plot(
        rows, axis=_rate_axis("success"), width=WIDE
    )


def _curve_panel(comparison: Comparison, axis: str) -> str:
    curves = [(i, curve) for i, found in enumerate(comparison.curves) for curve in found if curve.axis == axis]
    if not curves:
        return ""
    lines = [_curve_line(colour, curve) for colour, curve in curves]
    most = max(curve.at[-1] for _, curve in curves)
    y = _rate_axis("success in practice")
    x = _amount_axis(NAMES[axis], most) if axis != "seconds" else _time_axis(NAMES[axis], most)
    return line_plot(lines, x=x, y=y, width=PANEL, height=270, threshold=comparison.threshold)


def _curve_line(colour: int, curve: GroupCurve) -> Line:
    return Line(colour=colour, x=curve.at, y=curve.success.estimates())


def _rate_axis(label: str) -> Axis:
    return Axis(label=label, low=0.0, high=1.0, text=lambda value: f"{value:.1f}")


def _amount_axis(label: str, most: float) -> Axis:
    text = format_money if "price" in label else format_steps
    return Axis(label=label, low=0.0, high=most or 1.0, text=lambda value: text(value) if value else "0")


def _time_axis(label: str, most: float) -> Axis:
    unit, name = (1.0, "seconds") if most < 180 else (60.0, "minutes") if most < 10_800 else (3600.0, "hours")
    return Axis(label=f"{label} ({name})", low=0.0, high=most, text=lambda value: f"{value / unit:g}", scale=unit)
