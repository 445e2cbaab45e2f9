"""``webdual eval``: evaluate a trained policy on held-out seeds."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from browser_env.acting import Policy
from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS
from browser_env.pool import Pool
from experiments.commands.options import Commands, add_command, write_result
from experiments.evaluation import evaluate
from experiments.progress import Progress
from experiments.recipes import find_recipe
from experiments.scores import TaskScore, mean_success, score_episodes
from experiments.task_choice import named_tasks, only_held_out
from policy.config import CompactConfig
from policy.kinds import load_policy, new_policy, served_policy

UNTRAINED = "untrained"


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "eval",
        summary="evaluate a trained policy on seeds that it never trained on",
        example="webdual eval runs/latest/checkpoints/mixed --tasks click-button,enter-text --episodes 20",
    )
    parser.add_argument("checkpoint", help=f"folder of a checkpoint; {UNTRAINED}: what training begins with; a server")
    parser.add_argument(
        "--tasks",
        default=",".join(DEFAULT_TASKS),
        help="names, folders of compiled sets or DIR#NAME, with commas (default: twelve)",
    )
    parser.add_argument(
        "--held-out", metavar="F", type=float, help="only those of a set that training with held_out=F leaves out"
    )
    parser.add_argument("--episodes", type=int, default=50, help="per task (default: 50)")
    parser.add_argument("--envs", type=int, default=2, help="browsers side by side (default: 2)")
    parser.add_argument("--sample", action="store_true", help="draw actions instead of taking the likeliest")
    parser.add_argument("--model", help="of a server whose address stands for the checkpoint (http://.../v1)")
    parser.add_argument("--recipe", default="vlm-2b", help="that says what a server is shown (default: %(default)s)")
    parser.add_argument("--blind", action="store_true", help="hide the screenshot from the policy")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, and print a table."""
    if args.episodes < 1 or args.envs < 1:
        raise UsageError("--episodes and --envs must be at least 1")
    tasks = named_tasks(args.tasks)
    if args.held_out is not None:
        tasks = only_held_out(tasks, args.held_out)
    policy = _policy(args.checkpoint, args.model, args.recipe)
    console = Console()
    with (
        Pool(num_envs=args.envs, pixels=not args.blind) as pool,
        Progress(console).phase("evaluation", total=args.episodes * len(tasks)) as bar,
    ):
        episodes = evaluate(
            policy,
            pool,
            tasks,
            episodes_per_task=args.episodes,
            greedy=not args.sample,
            on_episode=lambda episode: bar.advance(),
        )
    scores = score_episodes(episodes)
    console.print(_table(scores))
    write_result(args.json, {"mean": mean_success(scores), "tasks": [task.to_row() for task in scores]})
    return 0


def _policy(checkpoint: str, model: str | None, recipe: str) -> Policy:
    if (model is not None) != checkpoint.startswith(("http://", "https://")):
        raise UsageError("a server needs its address, http://.../v1, in place of a checkpoint, and --model")
    if model is not None:
        return served_policy(find_recipe(recipe).policy, url=checkpoint, model=model)
    if checkpoint == UNTRAINED:
        return new_policy(CompactConfig(), seed=0)
    return load_policy(Path(checkpoint))


def _table(scores: list[TaskScore]) -> Table:
    table = Table("task", "success", "95% interval", "episodes", "steps")
    for row in scores:
        interval = f"{row.rate.low:.2f}-{row.rate.high:.2f}"
        name = row.task.removeprefix("miniwob/")
        table.add_row(name, f"{row.rate.value:.2f}", interval, str(row.episodes), f"{row.mean_steps or 0:.1f}")
    table.add_section()
    table.add_row("mean", f"{mean_success(scores):.3f}", "", "", "")
    return table
