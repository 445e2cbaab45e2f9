from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from experiments.comparing.comparison import compare
from experiments.comparing.formats import format_money, format_steps, format_time
from experiments.comparing.page import comparison_page
from tests.experiments.comparing.building import choice, curve, group, replicate

EVIL = "<script>alert(1)</script>{{sections}}&\"'"


def test_hostile_names_are_text_in_the_page() -> None:
    runs = [
        group(
            f"{EVIL}{count}", replicate(EVIL, seed=i, settings={EVIL: count, "demonstrations_per_task": count}, **tasks)
        )
        for i, (count, tasks) in enumerate((("1", {EVIL: (1, 2)}), ("2", {EVIL: (0, 2), f"{EVIL}2": (1, 2)})))
    ]
    page = comparison_page(compare(choice(*runs)))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<h2>Success</h2>") == 1  # what fills a place is not filled again
    for plot in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(plot)


def test_a_page_has_the_figures_that_its_runs_allow() -> None:
    learned = []
    for count in ("1", "5"):
        settings, learning = {"demonstrations_per_task": count}, curve(0.1, 0.5, 0.95)
        runs = [replicate(seed=seed, curve=learning, settings=settings, x=(seed, 2)) for seed in range(2)]
        learned.append(group(f"a{count}", *runs))
    heads = re.findall("<h2>(.*?)</h2>", comparison_page(compare(choice(*learned))))
    assert heads == [
        "Success",
        "Probability of improvement",
        "Performance profiles",
        "Learning curves",
        "Demonstrations",
        "Tasks",
        "Settings that differ",
        "Runs",
    ]
    alone = comparison_page(compare(choice(group("a", replicate(x=(1, 2))))))
    assert re.findall("<h2>(.*?)</h2>", alone) == ["Success", "Performance profiles", "Tasks", "Runs"]
    assert "episodes of one seed" in alone
    assert "speaks of that trained policy" in alone


def test_a_page_needs_nothing_else() -> None:
    page = comparison_page(compare(choice(group("a", replicate(x=(1, 2))))))
    assert not re.search(r"(?:src|href)=|url\(|@import", page)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (format_money(None), "–"),
        (format_money(0.00001234), "$0.000012"),
        (format_money(0.0), "$0"),
        (format_money(12.345), "$12.35"),
        (format_steps(12_345.0), "12,345"),
        (format_time(45.0), "45 s"),
        (format_time(750.0), "12.5 min"),
        (format_time(9000.0), "2.5 h"),
    ],
)
def test_amounts_are_readable(shown: str, text: str) -> None:
    assert shown == text
