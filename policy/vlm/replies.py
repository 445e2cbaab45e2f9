"""Reading the action out of what a model wrote, with whatever stands around it."""

from __future__ import annotations

import re

from browser_env.action import ACTIONS, Action, parse_action
from browser_env.errors import ActionError

THOUGHT_BEGINS, THOUGHT_ENDS = "<think>", "</think>"
ENDED_THOUGHT = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL)  # some models are begun on it by their prompt
UNENDED_THOUGHT = re.compile(r"<think(?:ing)?>.*\Z", re.DOTALL)
CALL = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(ACTIONS, key=len, reverse=True))})\s*\(")
TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[()]""", re.DOTALL)


def read_reply(text: str) -> Action:
    """Return the last action in a reply; thoughts are passed over. Raise :class:`ActionError` where there is none."""
    said = without_thoughts(text)
    found: Action | None = None
    problem: ActionError | None = None
    position = 0
    while match := CALL.search(said, position):
        end = _end_of_call(said, match.end())
        position = match.end() if end is None else end
        try:
            found = found if end is None else parse_action(said[match.start() : end])
        except ActionError as error:
            problem, position = error, match.end()
    if found is None:
        raise problem or ActionError(f"no action in {text.strip()[:80]!r}; write e.g. click(e12)")
    return found


def without_thoughts(text: str) -> str:
    """Return what a reply says after its last thought."""
    return UNENDED_THOUGHT.sub("", ENDED_THOUGHT.sub("", text))


def ends_in_thought(prompt: str) -> bool:
    """Tell whether a prompt begins a thought that the reply is to go on with."""
    return UNENDED_THOUGHT.search(ENDED_THOUGHT.sub("", prompt)) is not None


def _end_of_call(text: str, start: int) -> int | None:
    """Return where the call ends whose parenthesis opened just before ``start``; None where it does not."""
    depth = 1
    for token in TOKEN.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end()
    return None
