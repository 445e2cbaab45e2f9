"""``webdual watch``: replay episodes step by step in a web page."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from browser_env.episode import Episode
from browser_env.errors import InfraError, UsageError
from experiments.commands.options import Commands, add_command, write_result
from experiments.pictures import picture_strip
from experiments.watching import render_episodes
from replay.store import ReplayStore


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "watch",
        summary="replay episodes step by step in one self-contained web page",
        example="webdual watch 9f3b2c11e0aa4d6f --store runs/smoke/episodes --html episode.html",
    )
    parser.add_argument("episodes", nargs="+", metavar="EPISODE", help="an episode's id")
    parser.add_argument("--store", metavar="DIR", type=Path, required=True, help="folder of the episodes")
    parser.add_argument("--html", metavar="FILE", type=Path, default=Path("episode.html"), help="the page to write")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="also write the first episode as one PNG picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    console = Console()
    with console.status("reading the episodes"), ReplayStore(args.store, read_only=True) as store:
        episodes = [store.get(episode_id) for episode_id in args.episodes]
        render_episodes(episodes, args.html, title=_title(episodes))
    if args.picture:
        _write_picture(episodes[0], args.picture)
    written = [path for path in (args.html, args.picture) if path]
    console.print(Text(f"Written to {' and '.join(map(str, written))}; open it in any browser."))
    write_result(args.json, {"files": [str(path) for path in written], "episodes": [_result(e) for e in episodes]})
    return 0


def _title(episodes: list[Episode]) -> str:
    first = f"{episodes[0].task.name}, seed {episodes[0].seed}"
    return first if len(episodes) == 1 else f"{len(episodes)} episodes, from {first}"


def _result(episode: Episode) -> dict[str, object]:
    return {
        "id": episode.id,
        "task": episode.task.name,
        "seed": episode.seed,
        "outcome": episode.outcome.value,
        "reward": episode.reward,
        "steps": [step.action.to_text() for step in episode.steps],
    }


def _write_picture(episode: Episode, path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} must end in .png; the picture is written as PNG")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture_strip(episode).save(path)
    except OSError as error:
        raise InfraError(f"cannot write {path}: {error.strerror}; choose another file") from error
