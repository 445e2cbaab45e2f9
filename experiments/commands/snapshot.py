"""``webdual snapshot``: keep what a site serves, look at what was kept, and try it out without a network."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from browser_env.snapshot.checking import check_pages
from browser_env.snapshot.crawling import Plan, Script, Visit, parse_scripts, record_site
from browser_env.snapshot.exchange import Snapshot
from browser_env.snapshot.har import read_snapshot, write_snapshot
from browser_env.snapshot.normalising import origin
from experiments.commands.options import Commands, add_command, add_group, viewport_of, write_result
from experiments.progress import Progress

SHOWN = 20  # lines of a list


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    group = add_group(
        commands,
        "snapshot",
        summary="keep what a site serves, and play tasks on it without a network",
        example="webdual snapshot record http://localhost:8000/ --out shop.har.zip --pages 20",
    )
    _add_record(group)
    parser = add_command(
        group, "show", summary="say what a snapshot holds", example="webdual snapshot show shop.har.zip"
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a .har or .har.zip file, also of other tools")
    parser.set_defaults(run=run_show)
    parser = add_command(
        group,
        "check",
        summary="open a snapshot's pages without a network; fails where an answer is missing",
        example="webdual snapshot check shop.har.zip",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a .har or .har.zip file, also of other tools")
    parser.set_defaults(run=run_check)


def _add_record(group: Commands[argparse.ArgumentParser]) -> None:
    parser = add_command(
        group,
        "record",
        summary="open pages, and keep what they are served",
        example="webdual snapshot record http://localhost:8000/ --out shop.har.zip --actions order.txt",
    )
    parser.add_argument("url", nargs="+", metavar="URL", help="the pages to begin with")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the .har.zip (or .har) file to write")
    parser.add_argument(
        "--pages", type=int, default=1, help="open so many pages, by links within the site (default: 1)"
    )
    parser.add_argument("--depth", type=int, default=2, help="follow links so far (default: 2)")
    parser.add_argument(
        "--actions", metavar="FILE", type=Path, help="actions to do, one a line, below their page's URL"
    )
    parser.add_argument("--delay", metavar="S", type=float, default=1.0, help="seconds between pages (default: 1)")
    parser.add_argument(
        "--user-agent", default="", help="what the browser calls itself (default: its name; abroad webdual's too)"
    )
    parser.add_argument("--viewport", metavar="WxH", default="1280x720", help="size of the page (default: 1280x720)")
    parser.add_argument("--keep-secrets", action="store_true", help="keep authorization headers")
    parser.set_defaults(run=run_record)


def run_record(args: argparse.Namespace) -> int:
    """Record a site into a file."""
    plan = _plan(args)
    if args.out.suffix not in (".zip", ".har"):
        raise UsageError(f"{args.out} must end in .har.zip or .har")
    console = Console()
    with Progress(console).phase("pages", total=max(args.pages, len(plan.scripts))) as bar:

        def show(visit: Visit) -> None:
            bar.advance(detail=f"{visit.exchanges} answers, {visit.url[:60]}")

        snapshot = asyncio.run(record_site(plan, on_visit=show))
    if not snapshot.exchanges:
        raise UsageError("nothing was served; see whether the site is up")
    write_snapshot(snapshot, args.out)
    summary = summarise(read_snapshot(args.out))
    write_result(args.json, summary)
    console.print(
        f"{summary['answers']} answers of {len(snapshot.pages)} pages are in {args.out}"
        f" ({summary['file_bytes'] / 1e6:.1f} MB).",
        markup=False,
        soft_wrap=True,
    )
    _list(console, "not kept", snapshot.skipped)
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print what a file holds."""
    snapshot = read_snapshot(args.file)
    summary = summarise(snapshot)
    console = Console()
    table = Table("site", "answers", "kinds", box=None, pad_edge=False)
    for site, kinds in summary["sites"].items():
        row = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        table.add_row(site, str(sum(kinds.values())), row)
    console.print(table)
    console.print(f"{summary['answers']} answers, SHA-256 {summary['digest']}", markup=False, soft_wrap=True)
    _list(console, "pages", snapshot.pages)
    _list(console, "not kept", snapshot.skipped)
    write_result(args.json, summary)
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Open the pages of a file; return 1 where one lacks an answer that it needs."""
    snapshot = read_snapshot(args.file)
    if not snapshot.pages:
        raise UsageError(f"{args.file} names no pages; make a task that starts on one of its addresses")
    console = Console()
    with Progress(console).phase("pages", total=len(snapshot.pages)) as bar:
        misses = asyncio.run(check_pages(args.file, on_page=lambda url: bar.advance(detail=url[:60])))
    rows = [{"page": page, "miss": str(miss), "cosmetic": miss.cosmetic} for page, miss in misses]
    needed = [row for row in rows if not row["cosmetic"]]
    write_result(args.json, {"file": str(args.file), "pages": len(snapshot.pages), "misses": rows})
    adorning = len(rows) - len(needed)
    console.print(f"{len(snapshot.pages)} pages: {len(needed)} answers are missing, and {adorning} that only adorn.")
    _list(console, "missing", tuple(str(row["miss"]) for row in needed))
    return 1 if needed else 0


def summarise(snapshot: Snapshot) -> dict[str, Any]:
    """Return what a snapshot holds, as JSON-serialisable data."""
    sites: dict[str, Counter[str]] = {}
    for exchange in snapshot.exchanges:
        sites.setdefault(origin(exchange.request.url), Counter())[exchange.request.kind] += 1
    return {
        "file": snapshot.source,
        "file_bytes": Path(snapshot.source).stat().st_size,
        "digest": snapshot.digest,
        "answers": len(snapshot.exchanges),
        "pages": list(snapshot.pages),
        "sites": sites,
        "statuses": Counter(str(exchange.response.status) for exchange in snapshot.exchanges),
        "not_kept": list(snapshot.skipped),
    }


def _plan(args: argparse.Namespace) -> Plan:
    for url in args.url:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url!r} is no http or https URL")
    if args.pages < 1 or args.depth < 0 or args.delay < 0:
        raise UsageError("--pages must be 1 or more, --depth and --delay not below 0")
    scripts = tuple(Script(url=url) for url in args.url)
    if args.actions:
        scripts = parse_scripts(_text(args.actions), args.url)
    return Plan(
        scripts=scripts,
        max_pages=args.pages,
        max_depth=args.depth,
        delay_s=args.delay,
        user_agent=args.user_agent,
        viewport=viewport_of(args.viewport),
        keep_secrets=args.keep_secrets,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text; give --actions a file with one action a line") from error


def _list(console: Console, title: str, lines: tuple[str, ...]) -> None:
    if lines:
        console.print(f"{title}:", markup=False)
    for line in lines[:SHOWN]:
        console.print(f"  {line}", markup=False, soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"  and {len(lines) - SHOWN} more; --json lists all", markup=False)
