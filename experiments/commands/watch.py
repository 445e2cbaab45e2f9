"""``webdual watch``: replay episodes step by step in a web page."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from browser_env.episode import Episode
from browser_env.errors import InfraError, UsageError
from browser_env.miniwob import DEFAULT_TASKS, miniwob_task
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import held_out_seed
from experiments.commands.options import Commands, add_command, write_result
from experiments.pictures import picture_strip
from experiments.watching import render_episodes
from policy.kinds import load_policy
from policy.shipped import SHIPPED
from replay.store import ReplayStore

LATEST_STORE = Path("runs/latest/store")


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "watch",
        summary="replay episodes, or a policy at work, step by step in one self-contained web page",
        example="webdual watch runs/latest/checkpoints/mixed --tasks login-user,click-color --html episode.html",
    )
    parser.add_argument(
        "what",
        nargs="*",
        default=[str(SHIPPED)],
        metavar="EPISODE|CHECKPOINT",
        help="ids of episodes, or a policy's folder (default: the policy that comes with webdual)",
    )
    parser.add_argument("--store", metavar="DIR", type=Path, default=LATEST_STORE, help=f"of episodes ({LATEST_STORE})")
    parser.add_argument("--tasks", default=",".join(DEFAULT_TASKS), help="what a policy is shown at (default: twelve)")
    parser.add_argument("--seed", type=int, default=0, help="index of the held-out seed a policy is shown on")
    parser.add_argument("--html", metavar="FILE", type=Path, default=Path("episode.html"), help="the page to write")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="also write the first episode as one PNG picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    console = Console()
    with console.status("gathering the episodes"):
        episodes = _rolled(args) if Path(args.what[0]).is_dir() else _stored(args)
        render_episodes(episodes, args.html, title=_title(episodes))
    if args.picture:
        _write_picture(episodes[0], args.picture)
    written = [path for path in (args.html, args.picture) if path]
    console.print(Text(f"Written to {' and '.join(map(str, written))}; open it in any browser."))
    write_result(args.json, {"files": [str(path) for path in written], "episodes": [_result(e) for e in episodes]})
    return 0


def _stored(args: argparse.Namespace) -> list[Episode]:
    with ReplayStore(args.store, read_only=True) as store:
        return [store.get(episode_id) for episode_id in args.what]


def _rolled(args: argparse.Namespace) -> list[Episode]:
    """Return one episode of each task by the policy in a folder."""
    if len(args.what) > 1:
        raise UsageError("one policy can be watched at a time; give one folder")
    tasks = [miniwob_task(name.strip()) for name in args.tasks.split(",")]
    policy = load_policy(args.what[0])
    seed = held_out_seed(args.seed)
    with Pool(num_envs=min(2, len(tasks))) as pool:
        requests = [RolloutRequest(task=task, seed=seed) for task in tasks]
        made = {episode.task.name: episode for episode in pool.rollout(policy, requests, greedy=True)}
    return [made[task.name] for task in tasks]


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
