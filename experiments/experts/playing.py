"""Tasks that are games: the page answers each move."""

from __future__ import annotations

import functools
import re

from browser_env.action import Action, Type
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, of_role, pixels, submit

HIGHEST = 9  # of the numbers to guess
LINES = ("012", "345", "678", "036", "147", "258", "048", "246")  # of fields that win
CARELESS = 0.55  # share of the opponent's moves that are at random; the others win or hinder where they can

Board = str  # nine of "X", "O" and " ", row by row


def guess_number(observation: Observation) -> Action:
    """Halve what is left of the numbers at each guess."""
    field = of_role(observation, "spinbutton")[0]
    guess = str(_next_guess(" ".join(element.name for element in observation.elements)))
    return submit(observation) if field.value == guess else Type(field.id, guess)


def tic_tac_toe(observation: Observation) -> Action:
    """Take the field from which the game is won most often."""
    fields = observation.elements[1:]
    board = "".join(_mark(observation, field) for field in fields)
    return click(fields[max(_free(board), key=lambda field: _won_with(_with(board, field, "X")))])


def _next_guess(told: str) -> int:
    """Return what halves the numbers left: each is a middle once, so the last guess tells those before it."""
    low, high = 0, HIGHEST
    match = re.search(r"(lower|higher) than.*?(\d)", told)
    while match and (low + high) // 2 != int(match[2]):
        low, high = _half(low, high, lower=int(match[2]) < (low + high) // 2)
    if match:
        low, high = _half(low, high, lower=match[1] == "lower")
    return (low + high) // 2


def _half(low: int, high: int, *, lower: bool) -> tuple[int, int]:
    middle = (low + high) // 2
    return (low, middle - 1) if lower else (middle + 1, high)


def _mark(observation: Observation, field: Element) -> str:
    """Return what is drawn into a field: a cross is dark in the middle, a circle around it."""
    dark = pixels(observation, field)[4:-4, 4:-4].max(axis=2) < 140
    middle = dark.shape[0] // 2
    return "X" if dark[middle, middle] else "O" if dark.any() else " "


@functools.cache
def _won_with(board: Board) -> float:
    """Return how often the game is won after X moved, if X goes on best."""
    if _has_line(board, "X"):
        return 1.0
    if not _free(board):
        return 0.0
    chances = {field: _won_from(_with(board, field, "O")) for field in _free(board)}
    careless = sum(chances.values()) / len(chances)
    good = _completing(board, "O") or _completing(board, "X")
    careful = sum(chances[field] for field in good) / len(good) if good else careless
    return CARELESS * careless + (1 - CARELESS) * careful


def _won_from(board: Board) -> float:
    """Return how often the game is won after O moved, if X goes on best."""
    if _has_line(board, "O"):
        return 0.0
    return max((_won_with(_with(board, field, "X")) for field in _free(board)), default=0.0)


def _completing(board: Board, mark: str) -> list[int]:
    return [field for field in _free(board) if _has_line(_with(board, field, mark), mark)]


def _has_line(board: Board, mark: str) -> bool:
    return any(all(board[int(field)] == mark for field in line) for line in LINES)


def _with(board: Board, field: int, mark: str) -> Board:
    return board[:field] + mark + board[field + 1 :]


def _free(board: Board) -> list[int]:
    return [field for field, mark in enumerate(board) if mark == " "]


EXPERTS: dict[str, Expert] = {
    "guess-number": guess_number,
    "tic-tac-toe": tic_tac_toe,
}
