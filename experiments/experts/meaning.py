"""Tasks in which a word stands for others."""

from __future__ import annotations

import re

from browser_env.action import Action
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, of_role, submit

SYNONYMS = """
actual genuine real
adore favor like love
afraid fearful frightened panicked scared terrified
aged archaic old
amusing comical funny humorous laughable
angry furious irritated mad
answer reply response
appetizing delectable delicious savory
assassinate kill murder
automobile automobiles car cars vehicle vehicles
begin initiate launch start
big enormous gigantic huge large
brave courageous fearless
bunnies bunny rabbit rabbits
calm mild peaceful quiet serene
camouflage conceal hide
carve chop cut slice
cease end finish halt stop
cheerful delighted gleeful happy joyful
chubby fat fleshy plump
corrupt depraved evil immoral sinful wicked
crimson red scarlet vermillion
despise detest dislike hate loathe
dull dumb stupid unwise
erroneous incorrect mistaken wrong
fire fires flame flames
home homes house houses
keep maintain preserve retain sustain
little mini petite small tiny
miserable sad sorrowful tragic unhappy
odd peculiar strange unusual weird
pig pork swine
television televisions tv tvs
"""
GROUPS = {word: line for line in SYNONYMS.strip().splitlines() for word in line.split()}


def click_checkboxes_soft(observation: Observation) -> Action:
    """Check every box that means the same as a word of the goal, then submit."""
    match = re.fullmatch(r"Select words similar to (.*) and click Submit\.", observation.goal)
    wanted = {_meaning(word) for word in (match[1] if match else "").split(", ")}
    for box in of_role(observation, "checkbox"):
        if _meaning(box.name) in wanted and "checked" not in box.states:
            return click(box)
    return submit(observation)


def _meaning(word: str) -> str:
    return GROUPS.get(word.lower(), word.lower())


EXPERTS: dict[str, Expert] = {
    "click-checkboxes-soft": click_checkboxes_soft,
}
