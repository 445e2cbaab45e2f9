"""A site behind a login."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from tests.experiments.compiler.sites.serving import Asked, Reply, Served, gone, page, redirect


def guarded(site: Served, asked: Asked) -> Reply:
    """A site that shows nothing but its login to who is not logged in."""
    path = urlsplit(asked.path).path
    if path == "/login" and asked.method == "POST":
        fields = dict(parse_qsl(asked.body))
        right = fields.get("user") == "anna" and fields.get("password") == "open sesame"
        return redirect("/", ("Set-Cookie", "session=let-me-in; Path=/")) if right else redirect("/login")
    if path == "/login":
        form = (
            '<form method="post"><label>User <input name="user"></label><label>Password <input type="password"'
            ' name="password"></label><button>Log in</button></form>'
        )
        return page("Log in", f"<h1>Log in</h1>{form}")
    if "session=let-me-in" not in asked.cookie:
        return redirect("/login")
    if path == "/leave":
        return redirect("/login", ("Set-Cookie", "session=; Path=/; Max-Age=0"))
    links = (
        '<a href="/">Desk</a> <a href="/letters">Letters</a> <a href="/leave">Trap</a> <a href="/logout">Log out</a>'
    )
    titles = {"/": "Desk", "/letters": "Letters"}
    return page(titles[path], f"<h1>{titles[path]}</h1>{links}") if path in titles else gone()
