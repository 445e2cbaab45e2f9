"""``webdual eval``: evaluate a trained policy on held-out seeds."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import replace
from functools import reduce
from pathlib import Path

from rich.console import Console
from rich.table import Table

from browser_env.acting import Policy
from browser_env.episode import Episode
from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS
from browser_env.pool import Pool
from browser_env.task import Task
from experiments.commands.options import Commands, add_command, write_result
from experiments.evaluation import evaluate
from experiments.keeping import EpisodeKeeper
from experiments.progress import Progress
from experiments.recipe import override_from_text
from experiments.recipes import find_recipe
from experiments.scores import TaskScore, mean_success, score_episodes, total_cost
from experiments.task_choice import named_tasks, only_held_out
from experiments.workshop import EVALUATION
from policy.config import CompactConfig
from policy.kinds import hosted_policy, load_policy, new_policy
from policy.shipped import SHIPPED
from rewards.cost import Prices

UNTRAINED = "untrained"
HOSTED = "hosted:"  # before the name of a server's model


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "eval",
        summary="evaluate a trained policy on seeds that it never trained on",
        example="webdual eval\n"
        "  webdual eval runs/latest/checkpoints/mixed --tasks click-button,enter-text --episodes 20\n"
        "  webdual eval hosted:MODEL --server http://127.0.0.1:8000/v1 --episodes 20",
    )
    parser.add_argument(
        "checkpoint",
        nargs="?",
        default=str(SHIPPED),
        help=f"folder of a checkpoint; {UNTRAINED}; {HOSTED}MODEL, with --server (default: what comes with webdual)",
    )
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
    parser.add_argument("--server", metavar="URL", help=f"address (http://.../v1) where the model of {HOSTED}MODEL is")
    parser.add_argument("--recipe", default="vlm-2b", help="that says what it is shown (default: %(default)s)")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="change a field of that recipe; may be repeated",
    )
    parser.add_argument(
        "--token-price", metavar="P", type=float, default=0.0, help="of a million tokens of the model (default: 0)"
    )
    parser.add_argument("--store", metavar="DIR", type=Path, help="keep the episodes in this replay store")
    parser.add_argument("--blind", action="store_true", help="hide the screenshot from the policy")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, and print a table."""
    if args.episodes < 1 or args.envs < 1 or not 0 <= args.token_price < float("inf"):
        raise UsageError("--episodes and --envs must be at least 1, --token-price at least 0")
    tasks = named_tasks(args.tasks)
    if args.held_out is not None:
        tasks = only_held_out(tasks, args.held_out)
    policy, console = _policy(args), Console()
    with EpisodeKeeper(args.store) if args.store is not None else nullcontext() as keeper:
        episodes = _played(args, policy, tasks, console, keeper)
    scores = score_episodes(episodes, prices=Prices(million_tokens=args.token_price))
    console.print(_table(scores))
    result = {"mean": mean_success(scores), "tasks": [task.to_row() for task in scores]}
    write_result(args.json, result | _spent(args, episodes, console))
    return 0


def _played(
    args: argparse.Namespace, policy: Policy, tasks: list[Task], console: Console, keeper: EpisodeKeeper | None
) -> list[Episode]:
    """Return the episodes of an evaluation; what is finished is kept, whatever comes after it."""
    tags = (EVALUATION, args.checkpoint) if args.server is not None else (EVALUATION,)

    def finished(episode: Episode) -> None:
        if keeper is not None:
            keeper.keep(replace(episode, tags=tags))
        bar.advance()

    with (
        Pool(num_envs=args.envs, pixels=not args.blind) as pool,
        Progress(console).phase("evaluation", total=args.episodes * len(tasks)) as bar,
    ):
        return evaluate(
            policy, pool, tasks, episodes_per_task=args.episodes, greedy=not args.sample, on_episode=finished
        )


def _spent(args: argparse.Namespace, episodes: list[Episode], console: Console) -> dict[str, int]:
    """Print and return what a language model read and wrote, and how much of it in vain."""
    cost = total_cost(episodes)
    replies = [step.reply for episode in episodes for step in episode.steps if step.reply is not None]
    unread = [reply.error for reply in replies if reply.error is not None]
    if cost.tokens:
        money = Prices(million_tokens=args.token_price).money(cost)
        console.print(f"{cost.tokens} tokens were read and written; all resources cost {money:.4f}.")
    if unread:
        console.print(f"{len(unread)} replies held no action, the last one as {unread[-1]}", markup=False)
    return {"tokens": cost.tokens, "unread": len(unread)}


def _policy(args: argparse.Namespace) -> Policy:
    checkpoint: str = args.checkpoint
    if (args.server is not None) != checkpoint.startswith(HOSTED):
        raise UsageError(f"a model behind a server needs both: webdual eval {HOSTED}MODEL --server http://.../v1")
    if args.server is not None:
        recipe = reduce(override_from_text, args.set, find_recipe(args.recipe))
        return hosted_policy(recipe.policy, url=args.server, model=checkpoint.removeprefix(HOSTED))
    if args.set:
        raise UsageError(f"--set changes what {HOSTED}MODEL is shown; a checkpoint has its own configuration")
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
