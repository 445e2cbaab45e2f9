"""The command line: finds the command, imports only its module, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from browser_env.errors import UsageError, WebdualError

COMMANDS = {  # name -> summary; each is the module experiments.commands.<name>
    "doctor": "check that this machine can train",
    "train": "train a policy by a recipe",
    "study": "run the variants of a recipe over several seeds",
    "eval": "evaluate a trained policy",
    "record": "record a person's work on a task as demonstrations",
    "studio": "record, watch agents, take over and judge",
    "demos": "import, list, verify, judge and revoke demonstrations",
    "tasks": "list tasks, and compile websites into them",
    "snapshot": "keep what a site serves, and play tasks on it without a network",
    "bench": "measure throughput on this machine",
    "soak": "run random actions on every task while processes are killed",
    "compare": "compare evaluated runs, with their uncertainty",
    "export": "write a vision-language policy as other programs load it",
    "watch": "replay episodes step by step in a web page",
}
EXIT_FAILED = 1
EXIT_MISUSE = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where it fell short or failed, 2 on misuse, 130 when interrupted."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's idle threads must not spin on browsers' cores
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        args = build_parser(arguments).parse_args(arguments)
        return int(args.run(args))
    except SystemExit as leaving:  # argparse has printed its help or its complaint
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        sys.stderr.write("\nwebdual: interrupted; what was written so far is kept\n")
        return EXIT_INTERRUPTED
    except WebdualError as error:
        sys.stderr.write(f"webdual: {error}\n")
        return EXIT_MISUSE if isinstance(error, UsageError) else EXIT_FAILED


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser for these arguments: complete for the command they name, summaries for the others."""
    parser = argparse.ArgumentParser(
        prog="webdual",
        description="Websites as verified reinforcement learning tasks, and policies that use a browser.",
        epilog="example:\n  webdual doctor\n\nEvery command explains itself: webdual COMMAND --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"webdual {version('webdual')}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name in installed_commands():
        if name == asked:
            importlib.import_module(f"experiments.commands.{name}").add_parser(commands)
        else:
            commands.add_parser(name, help=COMMANDS[name])
    return parser


def installed_commands() -> list[str]:
    """Return the commands whose module is there, in the order of the help."""
    return [name for name in COMMANDS if importlib.util.find_spec(f"experiments.commands.{name}")]


if __name__ == "__main__":
    sys.exit(main())
