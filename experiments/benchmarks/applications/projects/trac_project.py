"""Makes a Trac environment from tickets; run as ``python trac_project.py FOLDER TICKETS``, the tickets as JSON."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from trac.env import Environment
from trac.perm import PermissionSystem
from trac.ticket.model import Component, Milestone, Ticket, Version
from trac.util.datefmt import to_datetime
from trac.wiki.model import WikiPage

FIRST_S = 1_704_100_000  # of January 2024
MAY = ("TICKET_ADMIN", "WIKI_CREATE", "WIKI_MODIFY", "MILESTONE_ADMIN", "REPORT_ADMIN")
OPTIONS = [
    ("project", "name", "House Tracker"),
    ("project", "descr", "What is broken in the house"),
    ("ticket", "default_owner", "ines"),
    ("trac", "timeout", "20"),
]


def main(folder: Path, tickets: list[list[Any]]) -> None:
    """Make the environment; whoever comes may change tickets and pages."""
    env = Environment(str(folder), create=True, options=OPTIONS)
    for right in MAY:
        PermissionSystem(env).grant_permission("anonymous", right)
    for kind in (Component, Milestone, Version):
        for old in list(kind.select(env)):
            old.delete()
    for name in sorted({row[1] for row in tickets}):
        _add(Component(env), name=name, owner="karla", description=f"All that has to do with the {name}.")
    for number in range(1, 5):
        due = to_datetime(FIRST_S + number * 40 * 86_400)
        _add(Milestone(env), name=f"spring-{number}", due=due, description=f"What we want by step {number}.")
        _add(Version(env), name=f"{number}.0", time=due - timedelta(days=10))
    for number, row in enumerate(tickets):
        _add_ticket(env, number, row)
    for name in sorted({row[1] for row in tickets}):
        page = WikiPage(env, f"Guide{name.capitalize()}")
        page.text = f"= The {name} =\n\n|| '''Step''' || '''Who''' ||\n|| open it || ines ||\n|| try it || jonas ||\n"
        page.save("mira", "written", t=to_datetime(FIRST_S))
    env.shutdown()


def _add(thing: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(thing, name, value)
    thing.insert()


def _add_ticket(env: Any, number: int, row: list[Any]) -> None:
    summary, part, priority, reporter, owner, day = row
    ticket = Ticket(env)
    ticket.populate(
        {
            "summary": summary,
            "description": f"Since yesterday. I have tried it {2 + number % 5} times.",
            "component": part,
            "priority": priority,
            "reporter": reporter,
            "owner": owner,
            "milestone": f"spring-{1 + number % 4}",
            "version": f"{1 + number % 3}.0",
            "type": ("defect", "enhancement", "task")[number % 3],
            "status": "new",
        }
    )
    moment = to_datetime(FIRST_S + day * 86_400)
    ticket.insert(when=moment)
    if number % 4 == 3:
        ticket["status"], ticket["resolution"] = "closed", ("fixed", "invalid", "worksforme")[number % 3]
        ticket.save_changes(author=owner, comment="Done.", when=moment + timedelta(days=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
