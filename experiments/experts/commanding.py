"""Tasks in which commands are typed into a terminal."""

from __future__ import annotations

import re

from browser_env.action import Action, Press, Type
from browser_env.observation import Observation
from experiments.experts.seeing import Expert

PROMPT = "user$"
CARET = "█"


def terminal(observation: Observation) -> Action:
    """List the files, then delete one with the goal's ending."""
    *texts, field = [element for element in observation.elements if element.name != CARET]
    names = [element.name for element in texts]
    prompt = len(names) - 1 - names[::-1].index(PROMPT)
    typed = "".join(names[prompt + 1 :]).replace(" ", "")
    command = f"rm {_unwanted(observation, names[names.index('ls') + 1])}" if "ls" in names[:prompt] else "ls"
    return Press("Enter") if typed == command.replace(" ", "") else Type(field.id, command)


def _unwanted(observation: Observation, files: str) -> str:
    """Return the first listed file with the goal's ending, at best one with that ending nowhere else in it."""
    match = re.search(r"the extension \.(\S+)", observation.goal)
    if match is None:
        return next(name for name in files.split() if "." not in name)
    ending = match[1]
    ended = [name for name in files.split() if name.endswith(f".{ending}")]
    return min(ended, key=lambda name: name.count(ending))


EXPERTS: dict[str, Expert] = {
    "terminal": terminal,
}
