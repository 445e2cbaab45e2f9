"""Episodes as one self-contained web page that replays them step by step."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from browser_env.action import Action, Drag
from browser_env.episode import Episode, Step
from browser_env.errors import InfraError, UsageError
from browser_env.observation import Element, Observation, Screenshot
from experiments.journal import write_atomically
from experiments.marks import Marks, marks
from rewards.cost import Prices

TEMPLATES = Path(__file__).parent / "templates"
PLACE = re.compile(r"\{\{(\w+)\}\}")
TEXT_LENGTH = 300  # characters of an element's name or value


def render_episodes(episodes: Sequence[Episode], path: Path, *, title: str) -> None:
    """Write a page that replays the episodes; it needs no other file and no network."""
    if not episodes:
        raise UsageError("there is no episode to show; name at least one")
    try:
        write_atomically(path, episodes_page(episodes, title=title).encode())
    except OSError as error:
        raise InfraError(f"cannot write {path}: {error.strerror}; choose another file") from error


def episodes_page(episodes: Sequence[Episode], *, title: str) -> str:
    """Return the page; whatever a website put into an episode is data there, never markup or script."""
    pictures: dict[str, int] = {}  # data URL -> index; pages that look the same are stored once
    payload = {"episodes": [_episode(episode, pictures=pictures) for episode in episodes], "images": list(pictures)}
    style, script = _template("watch.css"), _template("watch.js")
    return fill_template(
        "watch.html",
        policy=_content_policy(style=style, script=script),
        title=html.escape(title),
        style=style,
        script=script,
        data=_script_data(payload),
    )


def fill_template(name: str, **parts: str) -> str:
    """Return a template with its ``{{places}}`` filled in one pass: what fills a place is not looked at again."""
    return PLACE.sub(lambda place: parts[place[1]], _template(name))


def _episode(episode: Episode, *, pictures: dict[str, int]) -> dict[str, Any]:
    return {
        "task": episode.task.name,
        "goal": episode.observations[0].goal,
        "seed": episode.seed,
        "outcome": episode.outcome.value,
        "reward": _number(episode.reward),
        "reason": episode.reason,
        "facts": _facts(episode),
        "frames": _frames(episode, pictures=pictures),
    }


def _facts(episode: Episode) -> list[tuple[str, str]]:
    evidence, cost = episode.evidence, episode.cost
    facts = {
        "by": episode.source.value,
        "policy version": episode.policy_version,
        "answer": evidence.answer,
        "page reward": evidence.page_reward,
        "wall time": f"{cost.wall_s:.2f} s" if cost.wall_s else None,
        "cost": f"${Prices().money(cost):.6f}" if cost.cpu_s or cost.gpu_s else None,
        "tokens": cost.tokens or None,
        "ended at": evidence.url,
        "tags": ", ".join(episode.tags),
        "episode": episode.id,
    }
    return [(name, str(value)) for name, value in facts.items() if value not in (None, "")]


def _frames(episode: Episode, *, pictures: dict[str, int]) -> list[dict[str, Any]]:
    after = [observation.error for observation in episode.observations[1:]]
    frames = [
        _page(step.observation, pictures=pictures) | _act(step, failed=failed)
        for step, failed in zip(episode.steps, after, strict=True)
    ]
    nothing: dict[str, Any] = {"action": None, "target": [], "marks": _marks(Marks()), "failed": None}
    nothing |= {"intervention": False, "chance": None, "value": None}
    return [*frames, _page(episode.final, pictures=pictures) | nothing]


def _page(observation: Observation, *, pictures: dict[str, int]) -> dict[str, Any]:
    shot = observation.screenshot
    return {
        "image": None if shot is None else pictures.setdefault(_data_url(shot), len(pictures)),
        "viewport": observation.viewport,
        "url": observation.url,
        "tabs": len(observation.tabs),
        "tab": observation.active_tab,
        "focus": observation.focus,
        "seen": observation.error,
        "truncated": observation.truncated,
        "elements": [_element(element) for element in observation.elements],
    }


def _element(element: Element) -> dict[str, Any]:
    return {
        "id": element.id,
        "role": element.role,
        "name": element.name[:TEXT_LENGTH],
        "value": element.value[:TEXT_LENGTH],
        "states": element.states,
        "box": element.box,
        "visible": element.visible,
    }


def _act(step: Step, *, failed: str | None) -> dict[str, Any]:
    return {
        "action": step.action.to_text(),
        "target": _targets(step.action),
        "marks": _marks(marks(step.action, step.observation)),
        "failed": failed,
        "intervention": step.intervention,
        "chance": None if step.log_prob is None else _number(math.exp(min(0.0, step.log_prob))),
        "value": _number(step.value),
    }


def _targets(action: Action) -> list[str]:
    targets = action.path if isinstance(action, Drag) else (getattr(action, "target", None),)
    return [target for target in targets if isinstance(target, str)]


def _marks(drawn: Marks) -> dict[str, Any]:
    return {"boxes": drawn.boxes, "pointer": drawn.pointer, "path": drawn.path, "label": drawn.label}


def _data_url(screenshot: Screenshot) -> str:
    buffer = io.BytesIO()
    Image.fromarray(screenshot).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _number(value: float | None) -> float | None:
    """Return a number that JSON has, or None."""
    return None if value is None or not math.isfinite(value) else round(value, 6)


def _script_data(payload: dict[str, Any]) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(payload, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _content_policy(*, style: str, script: str) -> str:
    """Return a policy that lets the page's own script and style run, and nothing else."""
    return f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
