"""The data that applications are given: made up, and the same every time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

COUNTRIES = ("Kenya", "Brazil", "Yemen", "Ethiopia", "Colombia", "Peru", "Rwanda", "Guatemala")
PLACES = ("Hill", "River", "Valley", "Ridge", "Meadow", "Harbour", "Forest", "Lake")
SHADES = ("Amber", "Copper", "Indigo", "Crimson", "Olive", "Silver", "Umber")
PROCESSES = ("washed", "natural", "honey")
ROASTERS = ("North Mill", "Old Dock", "Clock Tower", "Green Gate", "Stone Bridge", "Salt House")
SUBJECTS = ("Gardens", "Bridges", "Clocks", "Maps", "Rivers", "Engines", "Bread", "Birds", "Ships", "Stars")
MANNERS = ("A Short History of", "Letters on", "The Science of", "Walks among", "In Praise of")
AUTHORS = ("Ada Finch", "Bram Holt", "Clara Voss", "Dov Amsel", "Edda Lind", "Finn Marlow", "Greta Sand", "Hugo Pike")
GENRES = ("essay", "history", "science", "travel")
SYMPTOMS = ("is slow", "shows no picture", "forgets its setting", "prints twice", "has a wrong date", "is not found")
PARTS = ("search", "basket", "invoice", "calendar", "login", "report", "export")
PRIORITIES = ("minor", "major", "critical", "blocker")
PEOPLE = ("ines", "jonas", "karla", "levin", "mira")
Row = tuple[str | int | float, ...]


def beans(count: int) -> list[Row]:
    """Return coffee beans: name, country, process, score, price, roaster."""
    return [
        (
            f"{SHADES[n % len(SHADES)]} {PLACES[n % len(PLACES)]}",
            COUNTRIES[n * 5 % len(COUNTRIES)],
            PROCESSES[n * 7 % len(PROCESSES)],
            round(78 + n * 37 % 173 / 10, 1),
            round(6 + n * 53 % 211 / 8, 2),
            n % len(ROASTERS) + 1,
        )
        for n in range(count)
    ]


def books(count: int) -> list[Row]:
    """Return books: title, author, genre, year, pages, price."""
    return [
        (
            f"{MANNERS[n % len(MANNERS)]} {SUBJECTS[n // len(MANNERS) % len(SUBJECTS)]}",
            AUTHORS[n * 3 % len(AUTHORS)],
            GENRES[n * 5 % len(GENRES)],
            1951 + n * 29 % 71,
            96 + n * 61 % 487,
            round(7 + n * 43 % 197 / 9, 2),
        )
        for n in range(count)
    ]


def tickets(count: int) -> list[Row]:
    """Return a tracker's tickets: summary, part, priority, reporter, owner, day."""
    return [
        (
            f"The {PARTS[n % len(PARTS)]} {SYMPTOMS[n // len(PARTS) % len(SYMPTOMS)]}",
            PARTS[n % len(PARTS)],
            PRIORITIES[n * 7 % len(PRIORITIES)],
            PEOPLE[n * 3 % len(PEOPLE)],
            PEOPLE[n * 2 % len(PEOPLE)],
            n * 3 % 89,
        )
        for n in range(count)
    ]


def write_database(path: Path) -> None:
    """Write a database of SQLite with beans, roasters, books and loans."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(TABLES)
        roasters = [(name, COUNTRIES[n], 1962 + n * 11) for n, name in enumerate(ROASTERS)]
        _insert(database, "roasters (name, country, founded)", roasters)
        _insert(database, "beans (name, country, process, score, price, roaster)", beans(56))
        _insert(database, "books (title, author, genre, year, pages, price)", books(45))
        loans: list[Row] = [(n * 7 % 45 + 1, PEOPLE[n % 5], f"2024-{n % 9 + 1:02}-{n % 27 + 1:02}") for n in range(130)]
        _insert(database, "loans (book, reader, day)", loans)


def _insert(database: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


TABLES = """
CREATE TABLE roasters (id INTEGER PRIMARY KEY, name TEXT, country TEXT, founded INTEGER);
CREATE TABLE beans (id INTEGER PRIMARY KEY, name TEXT, country TEXT, process TEXT, score REAL, price REAL,
    roaster INTEGER REFERENCES roasters (id));
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, author TEXT, genre TEXT, year INTEGER, pages INTEGER,
    price REAL);
CREATE TABLE loans (id INTEGER PRIMARY KEY, book INTEGER REFERENCES books (id), reader TEXT, day TEXT);
"""
