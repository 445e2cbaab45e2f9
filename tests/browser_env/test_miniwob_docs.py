"""The table of docs/miniwob.md says what the facts say; ``python -m tests.browser_env.test_miniwob_docs`` prints it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from browser_env.miniwob import PageFacts, page_facts
from browser_env.scripts import read_script

PAGE = Path(__file__).parents[2] / "docs" / "miniwob.md"
HEAD = "| task | what it asks | viewport | limit, s | steps | notes | fields |\n|---|---|---|---|---|---|---|"


def checked() -> set[str]:
    """Return the names of the pages whose end state is looked at."""
    return set(re.findall(r'^    "([a-z0-9-]+)": ', read_script("miniwob.js"), re.MULTILINE))


def notes(name: str, facts: PageFacts) -> str:
    return "; ".join(
        filter(
            None,
            [
                facts.pays and f"graded: {facts.pays}",
                facts.needed != 1.0 and f"reached from {facts.needed:g}",
                name in checked() and "checked",
                facts.may_be_met and "may be met",
                facts.modes and "test data",
                facts.reload and "loaded anew",
            ],
        )
    )


def row(name: str, facts: PageFacts) -> str:
    viewport = " x ".join(map(str, facts.viewport))
    cells = (name, facts.asks, viewport, facts.limit_s, facts.steps, notes(name, facts), ", ".join(facts.fields))
    return f"| {' | '.join(map(str, cells))} |"


def table() -> str:
    return "\n".join([HEAD, *(row(name, facts) for name, facts in page_facts().items())])


def test_the_table_is_that_of_the_facts() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")


def test_the_numbers_in_the_text_are_those_of_the_table() -> None:
    text, facts = PAGE.read_text(encoding="utf-8"), page_facts()
    assert f"{len(facts)} pages" in text
    assert f"{sum(page.reload for page in facts.values())} pages are loaded anew" in text
    assert f"On {len(checked())} pages" in text


def test_what_is_checked_is_a_page() -> None:
    assert checked() <= set(page_facts())
    assert len(checked()) == 9


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
