"""A shelf of books in SQLite, with forms whose buttons send them in ways of their own.

``site.data["db"]`` is the path of the database; :func:`fill` makes it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.experiments.compiler.sites.serving import Asked, Reply, Served, gone, page, redirect

BOOKS = (
    ("Rivers of the North", "travel", 3),
    ("A Field Guide to Moss", "nature", 7),
    ("Bread at Home", "cooking", 2),
    ("The Lighthouse Keeper", "novel", 9),
    ("Clocks and Their Makers", "history", 4),
)
GENRES = ("novel", "travel", "nature", "cooking", "history")
# Forms whose buttons have ways of their own; what lies outside its form sends it all the same.
FIND = """<form action="/find"><label>Words <input name="words"></label><button>Find books</button>
<button name="order" value="newest">Find the newest</button>
<button formmethod="post" formaction="/remember">Remember the words</button>
<button formaction="/records/delete">Tidy up</button><button formaction="/private/peek">Peek</button></form>"""
OUTSIDE = """<input type="submit" form="later" formmethod="post" value="Store it">
<form id="later" action="/later"><label>Search later <input type="search" name="q"></label></form>"""
ADD = """<form method="post" action="/add"><label>Title <input name="title" required></label>
<label>Genre <select name="genre">{options}</select></label><button>Add book</button></form>"""
BOOK = """<dl><dt>Genre</dt><dd>{genre}</dd></dl>
<form method="post"><label>Copies <input name="copies" type="number" min="1" max="60" value="{copies}"></label>
<button>Save copies</button></form>
<form method="post" action="/book/{id}/remove"><button>Remove this book</button></form>"""
WISH = """<form method="post"><label>Wish <input name="wish" required></label><button>Send wish</button></form>"""


def fill(path: Path) -> None:
    """Make the database."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, genre TEXT, copies INTEGER)")
        database.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, words TEXT)")
        database.executemany("INSERT INTO books (title, genre, copies) VALUES (?, ?, ?)", BOOKS)


def rows(path: Path) -> list[tuple[object, ...]]:
    """Return all that the database holds."""
    with closing(sqlite3.connect(path)) as database:
        books = database.execute("SELECT title, genre, copies FROM books ORDER BY id").fetchall()
        return books + database.execute("SELECT words FROM words ORDER BY id").fetchall()


def shelf(site: Served, asked: Asked) -> Reply:
    """Books that are added, changed and removed; wishes that are never taken, whatever the site answers."""
    path = urlsplit(asked.path).path
    fields = dict(parse_qsl(asked.body if asked.method == "POST" else urlsplit(asked.path).query))
    with closing(sqlite3.connect(site.data["db"], timeout=10)) as database, database:
        return _change(database, path, fields) if asked.method == "POST" else _show(database, path, fields)


def _change(database: sqlite3.Connection, path: str, fields: dict[str, str]) -> Reply:
    _, place, *rest = path.split("/")
    if place == "add":
        database.execute(
            "INSERT INTO books (title, genre, copies) VALUES (?, ?, 1)", (fields["title"], fields["genre"])
        )
        return redirect("/")
    if place == "remember":
        database.execute("INSERT INTO words (words) VALUES (?)", (fields.get("words", ""),))
        return redirect("/find?words=")
    if place == "book" and rest[1:] == ["remove"]:
        database.execute("DELETE FROM books WHERE id = ?", rest[:1])
        return redirect("/")
    if place == "book":
        database.execute("UPDATE books SET copies = ? WHERE id = ?", (fields["copies"], rest[0]))
        return redirect(path)
    if place == "wish":
        return _frame("Not now", "<p>Thank you, but the list of wishes is full.</p>")
    return gone()


def _show(database: sqlite3.Connection, path: str, fields: dict[str, str]) -> Reply:
    books = database.execute("SELECT id, title, genre FROM books ORDER BY id").fetchall()
    if path == "/":
        return _frame("Shelf", f"<ul>{''.join(map(_line, books))}</ul>")
    if path == "/find":
        found = [book for book in books if fields.get("words", "").lower() in book[1].lower()]
        words = "".join(f"<li>{kept}</li>" for (kept,) in database.execute("SELECT words FROM words ORDER BY id"))
        remembered = f"<h2>Remembered words</h2><ul>{words}</ul>"
        return _frame("Find", f"{FIND}<ul>{''.join(map(_line, found))}</ul>{remembered}")
    if path == "/add":
        return _frame("Add", ADD.format(options="".join(f"<option>{genre}</option>" for genre in GENRES)))
    if path in ("/wish", "/later"):
        return _frame("Wishes", WISH) if path == "/wish" else _frame("Later", OUTSIDE)
    number = path.removeprefix("/book/")
    book = database.execute("SELECT title, genre, copies FROM books WHERE id = ?", (number,)).fetchone()
    return gone() if book is None else _frame(book[0], BOOK.format(id=number, genre=book[1], copies=book[2]))


def _line(book: tuple[int, str, str]) -> str:
    return f'<li><a href="/book/{book[0]}">{book[1]}</a></li>'


def _frame(title: str, body: str) -> Reply:
    places = (("/", "Shelf"), ("/find", "Find"), ("/add", "Add"), ("/wish", "Wishes"), ("/later", "Later"))
    links = " ".join(f'<a href="{place}">{name}</a>' for place, name in places)
    return page(title, f"<nav>{links}</nav><h1>{title}</h1>{body}")
