"""DokuWiki, as Debian packages it, over pages on coffee and books; everybody may edit them."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

from browser_env.errors import InfraError
from experiments.benchmarks.applications.application import Start
from experiments.benchmarks.applications.samples import AUTHORS, COUNTRIES, PEOPLE, Row, beans, books
from experiments.benchmarks.applications.serving import run_to_end

PROGRAM = Path("/usr/share/dokuwiki")
SETTINGS = Path("/etc/dokuwiki")
FOLDERS = (
    "attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp"
)  # fmt: skip
FIRST_S = 1_704_100_000  # of January 2024
DAY_S = 86_400
PRELOAD = "<?php define('DOKU_CONF', '{conf}/'); define('DOKU_MAIN_CONF', '{conf}/');"
LOCAL = """<?php
$conf['title'] = 'House Wiki';
$conf['useacl'] = 0;
$conf['savedir'] = '{data}';
$conf['updatecheck'] = 0;
$conf['recent_days'] = 36500;
$conf['lang'] = 'en';
"""


def lay_out(folder: Path, port: int) -> Start:
    """Copy the program, and write its pages with their history."""
    php = shutil.which("php")
    if php is None or not PROGRAM.is_dir():
        raise InfraError("DokuWiki is not installed: apt-get install dokuwiki php-cli php-xml php-mbstring")
    wiki, conf, data = folder / "wiki", folder / "conf", folder / "data"
    for old in (wiki, conf, data):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(PROGRAM, wiki, ignore=shutil.ignore_patterns(".ht*"))
    shutil.copytree(SETTINGS, conf, ignore=shutil.ignore_patterns("*.auth.php", ".ht*"))
    (wiki / "inc" / "preload.php").write_text(PRELOAD.format(conf=conf))
    (conf / "local.php").write_text(LOCAL.format(data=data))
    for name in FOLDERS:
        (data / name).mkdir(parents=True)
    changes = [line for n, (id_, text) in enumerate(pages().items()) for line in _write_page(data, id_, text, n)]
    (data / "meta" / "_dokuwiki.changes").write_text("".join(sorted(changes)))
    run_to_end([php, str(wiki / "bin" / "indexer.php"), "-q"], log=folder / "indexer.log")
    return Start(
        command=(php, "-S", f"127.0.0.1:{port}", "-t", str(wiki)),
        data=data,
        page="/doku.php?id=start",
        ready="/doku.php?id=start",
        environment={"PHP_CLI_SERVER_WORKERS": "4"},
    )


def pages() -> dict[str, str]:
    """Return the wiki's pages by their ids."""
    coffees, titles = beans(24), books(20)
    found = {f"coffee:{_id(row[0])}": _bean_page(row) for row in coffees}
    found |= {f"books:{_id(row[0])}": _book_page(row) for row in titles}
    found |= {f"countries:{_id(name)}": _country_page(name, coffees) for name in COUNTRIES}
    found |= {f"people:{_id(name)}": _author_page(name, titles) for name in AUTHORS}
    found["coffee:start"] = _table("Coffees", ("Coffee", "Country", "Process", "Score", "Price"), "coffee", coffees)
    found["books:start"] = _table("Books", ("Title", "Author", "Genre", "Year", "Pages"), "books", titles)
    found["start"] = START + "".join(f"  * [[countries:{_id(name)}|{name}]]\n" for name in COUNTRIES)
    return found


def _write_page(data: Path, id_: str, text: str, number: int) -> list[str]:
    """Write a page and the revision before it; return its lines of the wiki's recent changes."""
    path = Path(*id_.split(":"))
    made_s = FIRST_S + number * DAY_S
    edited_s = made_s + 40 * DAY_S
    page = (data / "pages" / path).with_suffix(".txt")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text)
    os.utime(page, (edited_s, edited_s))
    for revision_s, old in ((made_s, text.rpartition("\n\n")[0] + "\n"), (edited_s, text)):
        attic = data / "attic" / path.with_name(f"{path.name}.{revision_s}.txt.gz")
        attic.parent.mkdir(parents=True, exist_ok=True)
        attic.write_bytes(gzip.compress(old.encode(), mtime=0))
    who = PEOPLE[number % len(PEOPLE)]
    lines = [
        f"{made_s}\t127.0.0.1\tC\t{id_}\t{who}\tcreated\t\t{len(text)}\n",
        f"{edited_s}\t127.0.0.1\tE\t{id_}\t{who}\tadded a note\t\t40\n",
    ]
    meta = data / "meta" / path
    meta.parent.mkdir(parents=True, exist_ok=True)
    meta.with_name(f"{path.name}.changes").write_text("".join(lines))
    return lines[1:]


def _id(name: object) -> str:
    return str(name).lower().replace(" ", "_")


def _bean_page(row: Row) -> str:
    name, country, process, score, price, _ = row
    grind, minutes = ("fine", "coarse")[int(float(score)) % 2], 2 + int(float(price)) % 4
    return (
        f"====== {name} ======\n\nA {process} coffee from [[countries:{_id(country)}|{country}]].\n\n"
        f"===== Facts =====\n\n^ Country | {country} |\n^ Process | {process} |\n^ Score | {score} |\n"
        f"^ Price | {price} |\n\n===== Brewing =====\n\nGrind it {grind}, and let it stand for {minutes} minutes.\n\n"
        "See also the [[coffee:start|list of coffees]].\n"
    )


def _book_page(row: Row) -> str:
    title, author, genre, year, pages_, price = row
    return (
        f"====== {title} ======\n\nA book by [[people:{_id(author)}|{author}]] of {year}.\n\n"
        f"===== Facts =====\n\n^ Author | {author} |\n^ Genre | {genre} |\n^ Year | {year} |\n^ Pages | {pages_} |\n"
        f"^ Price | {price} |\n\nSee also the [[books:start|list of books]].\n"
    )


def _country_page(name: str, coffees: list[Row]) -> str:
    lines = "".join(f"  * [[coffee:{_id(row[0])}|{row[0]}]]\n" for row in coffees if row[1] == name)
    return f"====== {name} ======\n\nCoffees that grow here:\n\n{lines}\n\nSee also the [[start|start page]].\n"


def _author_page(name: str, titles: list[Row]) -> str:
    lines = "".join(f"  - [[books:{_id(row[0])}|{row[0]}]], {row[3]}\n" for row in titles if row[1] == name)
    return f"====== {name} ======\n\nBooks by this author:\n\n{lines}\n\nSee also the [[books:start|list of books]].\n"


def _table(title: str, headings: tuple[str, ...], space: str, rows: list[Row]) -> str:
    body = "".join(
        f"| [[{space}:{_id(row[0])}|{row[0]}]] | {' | '.join(map(str, row[1 : len(headings)]))} |\n" for row in rows
    )
    return f"====== {title} ======\n\n^ {' ^ '.join(headings)} ^\n{body}\n\nBack to the [[start|start page]].\n"


START = """====== House Wiki ======

What we drink and what we read.

  * [[coffee:start|Coffees]]
  * [[books:start|Books]]

===== Opening hours =====

^ Day ^ From ^ To ^
| Monday | 9:00 | 17:00 |
| Tuesday | 10:00 | 18:00 |
| Friday | 8:00 | 15:00 |

===== Countries =====

"""
