"""A tracker of Roundup's; run as ``python roundup_project.py fill FOLDER TICKETS``, or ``serve FOLDER PORT``.

The tickets are JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

from roundup import date, instance
from roundup.cgi.wsgi_handler import RequestDispatcher

STATUSES = ("unread", "chatting", "in-progress", "testing", "resolved")
PRIORITIES = {"minor": "wish", "major": "bug", "critical": "urgent", "blocker": "critical"}


class Threaded(ThreadingMixIn, WSGIServer):
    """Answers requests side by side: one connection that is not used holds nobody up."""

    daemon_threads = True


def serve(folder: Path, port: int) -> None:
    """Serve the tracker until the process ends, to whoever runs it: Roundup's own server refuses some users."""
    make_server("127.0.0.1", port, RequestDispatcher(str(folder)), server_class=Threaded).serve_forever()


def fill(folder: Path, tickets: list[list[Any]]) -> None:
    """Add people, keywords and issues; all of it as if it had been written in the first months of 2024."""
    db = instance.open(str(folder)).open("admin")
    people = sorted({name for row in tickets for name in row[3:5]})
    users = {name: db.user.create(username=name, realname=name.title(), roles="User") for name in people}
    words = {name: db.keyword.create(name=name) for name in sorted({row[1] for row in tickets})}
    for number, (summary, part, priority, reporter, owner, day) in enumerate(tickets):
        moment = date.Date(f"2024-{1 + day // 28:02}-{1 + day % 28:02}.09:00:00")
        said = f"I have tried it {2 + number % 5} times."
        message = db.msg.create_inner(author=users[reporter], content=said, date=moment)
        db.storefile("msg", message, None, said.encode())
        issue = db.issue.create_inner(
            title=summary,
            keyword=[words[part]],
            priority=db.priority.lookup(PRIORITIES[priority]),
            status=db.status.lookup(STATUSES[number % len(STATUSES)]),
            assignedto=users[owner],
            messages=[message],
        )
        for kind, made in (("msg", message), ("issue", issue)):
            _date(db, kind, made, moment.serialise(), users[reporter])
    db.commit()
    db.close()


def _date(db: Any, kind: str, number: str, moment: str, user: str) -> None:
    """Have something been made by a user at a moment."""
    made = "_creation = ?, _activity = ?, _creator = ?, _actor = ?"
    db.sql(f"UPDATE _{kind} SET {made} WHERE id = ?", (moment, moment, user, user, number))
    db.sql(f"UPDATE {kind}__journal SET date = ?, tag = ? WHERE nodeid = ?", (moment, user, number))


if __name__ == "__main__":
    does, place, what = sys.argv[1:]
    serve(Path(place), int(what)) if does == "serve" else fill(Path(place), json.loads(what))
