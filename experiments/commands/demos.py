"""``webdual demos``: import and export people's work, list it, and delete it when they take their consent back."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from browser_env.episode import Source
from browser_env.errors import UsageError
from browser_env.task_source import as_task
from experiments.commands.options import Commands, add_command, add_group, write_result
from experiments.exchange.exporting import FORMATS, export
from experiments.exchange.importing import (
    READERS,
    ImportOptions,
    RecordingsReport,
    import_files,
    read_secrets,
    recordings_in,
)
from experiments.judge_command import add_judge
from experiments.verifying import verify_store
from replay import ConsentError, ConsentRecord, EpisodeInfo, ReplayStore, give_consent
from replay.miniwob_recordings import ImportReport, import_recordings
from replay.notes import NoteFolder
from replay.redaction import DEFAULT_RULES, Redactor, read_rules
from rewards.outcome import Outcome

STORE = Path("runs/demonstrations")
PUBLIC_SUBJECT = "miniwob-plusplus-demos"  # also the consent's id, so that every import finds the same one
PUBLIC_TEXT = (
    "Recordings of paid workers on MiniWoB++ tasks, published by the authors of that suite. They came to this store"
    " with 'webdual demos import miniwob'; whoever ran it answers for their being allowed to."
)


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    group = add_group(
        commands,
        "demos",
        summary="import, export, list, verify, judge and revoke demonstrations",
        example="webdual demos import miniwob miniwob-plusplus-demos.tar.xz",
    )
    _add_import(group)
    _add_export(group)
    parser = add_command(
        group, "list", summary="list the demonstrations of a store", example="webdual demos list --json demos.json"
    )
    _finish(parser, run=run_list)
    parser = add_command(
        group,
        "revoke",
        summary="delete everything that a person's consent covered; it cannot be undone",
        example=f"webdual demos revoke --subject {PUBLIC_SUBJECT}",
    )
    parser.add_argument("--subject", required=True, help="who took the consent back, as 'webdual demos list' shows it")
    _finish(parser, run=run_revoke)
    parser = add_command(
        group,
        "verify",
        summary="check every checksum, image, row and consent of a store, and repair what can be repaired",
        example="webdual demos verify runs/demonstrations --repair",
    )
    parser.add_argument("store", metavar="STORE", type=Path, help="the store's folder")
    parser.add_argument("--repair", action="store_true", help="put aside what is damaged, and finish the rest")
    parser.set_defaults(run=run_verify)
    add_judge(group)


def _add_import(group: Commands[argparse.ArgumentParser]) -> None:
    parser = add_command(
        group,
        "import",
        summary="import recordings into a store; of the MiniWoB++ recordings, again adds only what is new",
        example="webdual demos import miniwob miniwob-plusplus-demos.tar.xz --store runs/demonstrations\n"
        "  webdual demos import chrome-recorder order.json --task order-task.json",
    )
    parser.add_argument(
        "format",
        choices=["miniwob", *READERS],
        help="the recorder: of MiniWoB++, Chrome DevTools Recorder (JSON), Playwright codegen (JSONL)",
    )
    parser.add_argument("path", metavar="PATH", type=Path, help="a file, a folder or, for miniwob, an archive")
    replayed = parser.add_argument_group("recordings that are replayed in a browser: chrome-recorder, playwright")
    replayed.add_argument(
        "--task", metavar="FILE", type=Path, help="the task, whose verifier says what is kept (.json)"
    )
    replayed.add_argument("--url", help="the site that recordings may be replayed on, where there is no task")
    replayed.add_argument("--seed", type=int, default=0, help="the page's chance (default: 0)")
    replayed.add_argument("--unverified", action="store_true", help="keep what no verifier has accepted, too")
    replayed.add_argument(
        "--rules", metavar="FILE", type=Path, help="what is masked besides the defaults (.toml, .json)"
    )
    replayed.add_argument("--secrets", metavar="FILE", type=Path, help='values for placeholders: {"1": "..."}')
    _finish(parser, run=run_import)


def _add_export(group: Commands[argparse.ArgumentParser]) -> None:
    parser = add_command(
        group,
        "export",
        summary="write episodes for other tools; of people only what they agree to",
        example="webdual demos export runs/demonstrations --format parquet --out demonstrations",
    )
    parser.add_argument("source", metavar="STORE", type=Path, help="the store")
    parser.add_argument("--format", choices=FORMATS, required=True, help="for datasets, Minari, Chrome or Playwright")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a folder that is not there yet")
    parser.add_argument("--task", metavar="NAME", help="only episodes of this task")
    parser.add_argument("--outcome", choices=list(Outcome), help="only episodes that ended so")
    parser.add_argument("--tag", help="only episodes with this tag")
    parser.add_argument("--episode", metavar="ID", help="only this one; an error where its person does not agree")
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Write a store's episodes in another format."""
    with ReplayStore(_existing(args.source), read_only=True) as store:
        chosen = [store.get(args.episode)] if args.episode else store.load(_chosen(store, args))
        report = export(chosen, args.format, args.out)
        refused = store.refused
    write_result(args.json, report.to_json() | {"out": str(args.out), "refused": refused})
    console = Console()
    console.print(f"{report.episodes} episodes are in {args.out}.", markup=False, soft_wrap=True)
    if refused:
        console.print(f"{refused} were left out, as their person does not agree, or no longer.")
    if report.cut:
        console.print(f"{report.cut} were left out, as they begin in their middle, which this format cannot say.")
    if report.empty:
        console.print(f"{report.empty} were left out, as they have no step, which this format wants.")
    for verb, count in report.left_out.items():
        console.print(f"  {count} actions left out: {verb}", markup=False)
    return 0


def _chosen(store: ReplayStore, args: argparse.Namespace) -> list[EpisodeInfo]:
    """Return the rows of the episodes that are asked for; tags are those that the gallery gave last."""
    outcome = None if args.outcome is None else Outcome(args.outcome)
    infos = store.query(task=args.task, outcome=outcome)
    if args.tag is None:
        return infos
    tags = NoteFolder(args.source).tags()
    return [info for info in infos if args.tag in tags.get(info.id, info.tags)]


def run_import(args: argparse.Namespace) -> int:
    """Import recordings; return 1 if not one of them could be kept."""
    if not args.path.exists():
        raise UsageError(f"there is no file, folder or archive {args.path}; check the path")
    return _import_miniwob(args) if args.format == "miniwob" else _import_replayed(args)


def _import_replayed(args: argparse.Namespace) -> int:
    rules = DEFAULT_RULES if args.rules is None else read_rules(args.rules)
    secrets = {} if args.secrets is None else read_secrets(args.secrets)
    options = ImportOptions(
        format=args.format,
        task=None if args.task is None else as_task(args.task),
        url=args.url,
        seed=args.seed,
        keep_unverified=args.unverified,
        secrets=secrets,
        redactor=Redactor(replace(rules, values=(*rules.values, *secrets.values()))),
    )
    if options.task is None and options.url is None:
        raise UsageError("say with --task or --url on which site the recordings may be replayed")
    paths = recordings_in(args.path, args.format)
    console, report = Console(), RecordingsReport()
    with ReplayStore(args.store) as store, _progress(console) as progress:
        bar = progress.add_task("recordings replayed", total=len(paths))
        for path in paths:
            store.add(import_files([path], options, report))
            progress.advance(bar)
    write_result(args.json, report.to_json() | {"store": str(args.store)})
    summary = f"{report.episodes} of {report.files} recordings are in {args.store}, {report.verified} of them verified."
    console.print(summary, markup=False, soft_wrap=True)
    for name, reason in report.failures.items():
        console.print(f"  {name}: {reason}", markup=False, soft_wrap=True)
    for kind, count in report.left_out.items():
        console.print(f"  {count} steps left out: {kind}", markup=False, soft_wrap=True)
    return 0 if report.episodes else 1


def _import_miniwob(args: argparse.Namespace) -> int:
    console = Console()
    report = ImportReport()
    with ReplayStore(args.store) as store, _progress(console) as progress:
        consent = _public_consent(store)
        bar = progress.add_task("recordings read", total=None)
        store.add(
            import_recordings(
                args.path,
                consent=consent.id,
                report=report,
                progress=lambda files: progress.update(bar, completed=files),
            )
        )
    write_result(args.json, report.to_json() | {"store": str(args.store), "consent": consent.id})
    left_out = report.files - report.episodes
    console.print(
        f"{report.episodes} episodes of {len(report.tasks)} tasks are in {args.store}, {report.successes} of them"
        f" successes; {left_out} of {report.files} files were left out.",
        soft_wrap=True,
    )
    for reason, names in report.failures.items():
        console.print(f"  {len(names)}: {reason}, e.g. {names[0]}", markup=False, soft_wrap=True)
    return 0 if report.episodes else 1


def run_list(args: argparse.Namespace) -> int:
    """Print and write what a store holds of people's work, agents' episodes that they took over included."""
    with ReplayStore(_existing(args.store), read_only=True) as store:
        infos = [info for info in store.query() if info.source is Source.HUMAN or info.consent is not None]
        subjects = _subjects(store, infos)
    tasks = _by_task(infos)
    table = Table("task", "episodes", "successes", "steps", box=None, pad_edge=False)
    for name, counts in tasks.items():
        table.add_row(name, *(str(counts[key]) for key in ("episodes", "successes", "steps")))
    console = Console()
    console.print(table)
    for subject, count in subjects.items():
        console.print(f"{count} episodes under the consent of {subject}", markup=False)
    write_result(args.json, {"store": str(args.store), "episodes": len(infos), "tasks": tasks, "subjects": subjects})
    return 0


def run_revoke(args: argparse.Namespace) -> int:
    """Delete a person's episodes and write how many those were."""
    with ReplayStore(_existing(args.store)) as store:
        deleted = store.revoke(subject=args.subject)
    write_result(args.json, {"store": str(args.store), "subject": args.subject, "deleted": deleted})
    Console().print(f"{deleted} episodes of {args.subject} were deleted from {args.store}.", markup=False)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Check a store; return 1 if something in it is wrong, or is left so after the repair."""
    result = verify_store(_existing(args.store), repair=args.repair, console=Console())
    write_result(args.json, result)
    return 0 if result["sound"] else 1


def _finish(parser: argparse.ArgumentParser, *, run: Any) -> None:
    parser.add_argument("--store", metavar="DIR", type=Path, default=STORE, help=f"the store (default: {STORE})")
    parser.set_defaults(run=run)


def _existing(store: Path) -> Path:
    """Return a store's folder; listing and revoking must not create one."""
    if not store.is_dir():
        raise UsageError(f"there is no store in {store}; name one with --store, or import into it first")
    return store


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.completed} {task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _public_consent(store: ReplayStore) -> ConsentRecord:
    """Return the record that the public recordings are stored under; raise ConsentError if it was revoked."""
    try:
        return store.consent(PUBLIC_SUBJECT)
    except ConsentError:  # unknown, or revoked: then the store refuses it
        given = give_consent(subject=PUBLIC_SUBJECT, text=PUBLIC_TEXT, basis="public-dataset")
        store.add_consent(replace(given, id=PUBLIC_SUBJECT))
    return store.consent(PUBLIC_SUBJECT)


def _subjects(store: ReplayStore, infos: Iterable[EpisodeInfo]) -> dict[str, int]:
    """Return how many episodes stand under whose consent."""
    counts = Counter(info.consent for info in infos)
    subjects: Counter[str] = Counter()
    for consent_id, count in counts.items():
        try:
            subjects[store.consent(str(consent_id)).subject] += count
        except ConsentError:
            subjects["(no valid consent)"] += count
    return dict(subjects)


def _by_task(infos: Iterable[EpisodeInfo]) -> dict[str, Counter[str]]:
    tasks: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for info in infos:
        tasks[info.task].update(episodes=1, successes=int(info.outcome == "success"), steps=info.num_steps)
    return dict(sorted(tasks.items()))
