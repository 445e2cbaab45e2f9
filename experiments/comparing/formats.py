"""Figures as texts: rates, differences, amounts."""

from __future__ import annotations

import numpy as np

from experiments.statistics import Estimate

NOTHING = "–"


def format_rate(estimate: Estimate) -> str:
    """Return a rate in percent with its interval, e.g. ``50% (24 to 76)``."""
    return f"{estimate.value:.0%} ({100 * estimate.low:.0f} to {100 * estimate.high:.0f})"


def format_difference(estimate: Estimate) -> str:
    """Return a difference in percentage points with its interval, e.g. ``+20 (+5 to +33)``."""
    return f"{100 * estimate.value:+.0f} ({100 * estimate.low:+.0f} to {100 * estimate.high:+.0f})"


def format_money(amount: float | None) -> str:
    """Return a price in dollars, e.g. ``$12.35`` or ``$0.000012``."""
    if amount is None:
        return NOTHING
    return f"${amount:.2f}" if amount >= 1 else f"${np.format_float_positional(amount, 2, fractional=False, trim='-')}"


def format_steps(steps: float | None) -> str:
    """Return a count with its thousands told apart, e.g. ``12,300``."""
    return NOTHING if steps is None else f"{steps:,.0f}"


def format_time(seconds: float | None) -> str:
    """Return a time in the unit that suits it, e.g. ``45 s``, ``12.5 min`` or ``3.2 h``."""
    if seconds is None:
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def tone(estimate: Estimate, *, neutral: float) -> str:
    """Return "good" or "bad" where the whole interval lies on one side of what would be no difference, else ""."""
    return "good" if estimate.low > neutral else "bad" if estimate.high < neutral else ""
