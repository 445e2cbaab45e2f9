"""The benchmark's result as data and as tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from experiments.benchmarks.figures import Run, Spread, Summary, best, ratio, summarise
from experiments.benchmarks.plan import DOM, LARGE, MAX_STEPS, SMALL, Plan, Results, Setting, runs_of

TITLES = {"webdual": "webdual", "raw": "raw loop", "selenium": "selenium", "browsergym": "BrowserGym"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A side at a setting with one number of environments."""

    setting: Setting
    side: str
    tuned: bool
    is_best: bool  # no other number of environments makes more steps a second
    summary: Summary

    @property
    def title(self) -> str:
        """What a person calls the side."""
        return TITLES[self.side] + (", tuned" if self.tuned else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many times faster we are than somebody."""

    setting: Setting
    text: str  # who against whom
    times: Spread


def rows(results: Results) -> list[Row]:
    """Return every side, setting and number of environments that was measured."""
    return [row for setting in (DOM, SMALL, LARGE) for row in _rows(results, setting)]


def _rows(results: Results, setting: Setting) -> Iterator[Row]:
    for side in TITLES:
        for tuned in (False, True):
            runs = runs_of(results, setting, side, tuned=tuned)
            for num_envs in sorted(runs):
                is_best = num_envs == best(runs)
                summary = summarise(runs[num_envs])
                yield Row(setting=setting, side=side, tuned=tuned, is_best=is_best, summary=summary)


def comparisons(results: Results) -> list[Comparison]:
    """Return our ratios to the raw loop and to every peer, with one environment and with the best number."""
    return [found for setting in (DOM, SMALL, LARGE) for found in _comparisons(results, setting)]


def _comparisons(results: Results, setting: Setting) -> Iterator[Comparison]:
    ours, raw = runs_of(results, setting, "webdual"), runs_of(results, setting, "raw")
    if not ours:
        return
    if 1 in ours:
        yield Comparison(setting=setting, text="one / one raw loop", times=ratio(ours[1], raw[1]))
    best_ours, best_raw = ours[best(ours)], raw[best(raw)]
    text = f"best ({best(ours)}) / best raw ({best(raw)})"
    yield Comparison(setting=setting, text=text, times=ratio(best_ours, best_raw))
    for side in ("selenium", "browsergym"):
        for tuned in (False, True):
            peer = runs_of(results, setting, side, tuned=tuned)
            if peer:
                yield from _against(setting, ours, peer[1], title=TITLES[side] + (", tuned" if tuned else ""))


def _against(
    setting: Setting, ours: Mapping[int, Sequence[Run]], peer: Sequence[Run], *, title: str
) -> Iterator[Comparison]:
    if 1 in ours:
        yield Comparison(setting=setting, text=f"one / {title}", times=ratio(ours[1], peer))
    yield Comparison(setting=setting, text=f"best ({best(ours)}) / {title}", times=ratio(ours[best(ours)], peer))


def to_json(results: Results, plan: Plan, *, took_s: float) -> dict[str, Any]:
    """Return every figure, what was run, and where, as JSON-serialisable data."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "processor": platform.machine(),
        },
        "browser": {"version": results.browser.version, "kind": results.browser.kind},
        "plan": {
            "tasks": list(plan.tasks),
            "max_steps": MAX_STEPS,
            "num_envs": list(plan.num_envs),
            "repetitions": plan.repetitions,
            "seconds": plan.seconds,
        },
        "took_s": took_s,
        "versions": results.versions,
        "skipped": results.skipped,
        "results": [
            {"setting": row.setting.key, "side": row.side, "tuned": row.tuned, "best": row.is_best}
            | row.summary.to_json()
            for row in rows(results)
        ],
        "ratios": [{"setting": c.setting.key, "of": c.text} | asdict(c.times) for c in comparisons(results)],
    }


def result_table(results: Results) -> Table:
    """Return the table of rates, latencies and memory."""
    columns = ("", "envs", "steps/s", "/core", "step, ms", "reset, ms", "MiB")
    table = Table(box=SIMPLE, title="Resets and all processes included; latencies p50 / p95; memory of one environment")
    for column in columns:
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    last: Setting | None = None
    for row in rows(results):
        if row.setting != last:
            table.add_section()
            table.add_row(f"[bold]{row.setting.title}[/]")
        table.add_row(row.title, *_cells(row.summary), style="bold" if row.is_best and row.side == "webdual" else None)
        last = row.setting
    return table


def _cells(summary: Summary) -> list[str]:
    return [
        str(summary.num_envs),
        _short(summary.steps_per_s.value),
        _short(summary.steps_per_core_s),
        f"{_ms(summary.step_p50_ms)} / {_ms(summary.step_p95_ms)}",
        f"{_ms(summary.reset_p50_ms)} / {_ms(summary.reset_p95_ms)}",
        f"{summary.memory_mib:.0f}",
    ]


def ratio_table(results: Results) -> Table:
    """Return the table of ratios."""
    table = Table(box=SIMPLE, title="How many times faster: the median of the repetitions, and their spread")
    for column in ("", "webdual / other", "times", "spread"):
        table.add_column(column, no_wrap=True)
    for c in comparisons(results):
        bounds = f"{_short(c.times.low)}-{_short(c.times.high)}"
        table.add_row(c.setting.title, c.text, _short(c.times.value), bounds)
    return table


def breakdown_tables(results: Results) -> list[Table]:
    """Return where a step's time goes: by phase in one raw loop, by kind of process on every side."""
    single = [row for row in rows(results) if row.summary.num_envs == 1]
    phases = _breakdown("Wall clock of a step, ms", [(r, r.summary.phase_ms) for r in single])
    kinds = _breakdown(
        "Processor time of a step and its share of a reset, ms",
        [(r, r.summary.cpu_ms) for r in single],
    )
    return [phases, kinds]


def _breakdown(title: str, parts: Sequence[tuple[Row, Mapping[str, float]]]) -> Table:
    names = list(dict.fromkeys(name for _, part in parts for name in part))
    table = Table(box=SIMPLE, title=title)
    for column in ("", *names, "sum"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    last: Setting | None = None
    for row, part in parts:
        if not part:
            continue
        if row.setting != last:
            table.add_section()
            table.add_row(f"[bold]{row.setting.title}[/]")
        table.add_row(row.title, *(_ms(part.get(name, 0.0)) for name in names), _ms(sum(part.values())))
        last = row.setting
    return table


def _short(value: float) -> str:
    """Return a number with three figures."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
