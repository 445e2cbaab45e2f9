"""A compiled set as one self-contained web page: what was found, what was proved, what was dropped and what it cost."""

from __future__ import annotations

import base64
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from browser_env.action import Action
from browser_env.observation import Observation, Screenshot
from experiments.comparing.formats import format_money
from experiments.compiler.graph import SiteGraph
from experiments.compiler.graph_picture import graph_picture
from experiments.compiler.judging import Dropped
from experiments.compiler.packaging import REPORT, Packed
from experiments.html_table import html_table
from experiments.journal import write_atomically
from experiments.marks import marks
from experiments.watching import fill_template

SAMPLES = 12
PICTURE_WIDTH, QUALITY = 800, 72  # pixels; of JPEG
BAR = 220  # pixels of the longest bar
LEVELS = ((0.25, "easy"), (0.5, "medium"), (0.75, "hard"), (1.01, "very hard"))  # up to, name
TRIED = {
    "golden": "golden runs that succeeded",
    "no_op": "pages left as they were",
    "give_up": "episodes given up",
    "wrong_answers": "wrong answers",
    "prefixes": "runs broken off before their end",
    "mistakes": "near misses and mutated runs that were played",
    "cannot_be_made": "such runs that the page did not let happen",
    "another_way": "mutated runs that led to the very same page",
    "other_routes": "other routes to the goal that succeeded",
    "other_states": "judgements of other states",
    "other_runs": "judgements of other tasks' runs",
}


def write_report(
    folder: Path, *, graph: SiteGraph, packed: Sequence[Packed], dropped: Sequence[Dropped], site: Mapping[str, Any]
) -> None:
    """Write the page of a set that has just been made."""
    page = report_page(graph=graph, packed=packed, dropped=dropped, site=site)
    write_atomically(folder / REPORT, page.encode("utf-8", "replace"))


def report_page(
    *, graph: SiteGraph, packed: Sequence[Packed], dropped: Sequence[Dropped], site: Mapping[str, Any]
) -> str:
    """Return the page; what a website says is text in it, never markup."""
    goals = {one.proved.candidate.target for one in packed}
    return fill_template(
        "tasks.html",
        title=escape(f"{len(packed)} verified tasks of {site['title'] or site['url']}"),
        about=escape(f"{site['url']}, {site['when'][:10]}. Licence as the site states it: {site['licence']}."),
        tiles=_tiles(site),
        graph_caption=escape(_graph_caption(graph)),
        graph=graph_picture(graph, goals=goals),
        families=_families(packed),
        difficulty=_difficulties(packed),
        samples="".join(map(_sample, _chosen(packed))),
        dropped=_drops(dropped),
        proofs=_proofs(packed),
        facts=_facts(site),
    )


def level_of(value: float) -> str:
    """Return a difficulty in words."""
    return next(name for limit, name in LEVELS if value < limit)


def _tiles(site: Mapping[str, Any]) -> str:
    each = site["per_task"]
    tiles = [
        (str(site["tasks"]), "verified tasks"),
        (f"{site['candidates']}", f"candidates, {site['dropped']} dropped"),
        (f"{site['minutes']:.1f}", "minutes for everything"),
        (f"{each['wall_s']:.1f} s", "wall clock per task"),
        (f"{each['cpu_s']:.1f} s", "processor per task"),
        (format_money(each["dollars"]), "per verified task"),
        (f"{site['diversity']['diversity']:.1f}", "diversity: effective kinds, mean of five"),
    ]
    return "".join(f'<div class="tile"><b>{escape(b)}</b><span>{escape(text)}</span></div>' for b, text in tiles)


def _graph_caption(graph: SiteGraph) -> str:
    pages = sum(state.is_page for state in graph.states.values())
    templates = len({state.template for state in graph.states.values()})
    refused = (
        "; not followed: " + ", ".join(f"{why} ({n})" for why, n in graph.refused.items()) if graph.refused else ""
    )
    return (
        f"{len(graph.states)} states ({pages} of them pages with an address) of {templates} kinds, {len(graph.edges)} "
        f"moves between them. A box is a kind of page, a full dot a page, a ring a view of one; where tasks end is "
        f"marked{refused}."
    )


def _families(packed: Sequence[Packed]) -> str:
    counts = Counter(one.proved.candidate.family for one in packed)
    most = max(counts.values(), default=1)
    goals: defaultdict[str, list[str]] = defaultdict(list)
    for one in packed:
        goals[one.proved.candidate.family].append(one.proved.candidate.goal)
    rows = [
        [escape(family), _bar(count, most), escape(goals[family][len(goals[family]) // 2])]
        for family, count in counts.most_common()
    ]
    return html_table(["family", "tasks", "for example"], rows)


def _difficulties(packed: Sequence[Packed]) -> str:
    counts = Counter(level_of(one.proved.difficulty.value) for one in packed)
    most = max(counts.values(), default=1)
    rows = []
    for _, name in LEVELS:
        hard = [one.proved.difficulty for one in packed if level_of(one.proved.difficulty.value) == name]
        if hard:
            means = [sum(getattr(d, key) for d in hard) / len(hard) for key in ("steps", "choices", "words")]
            rows.append([name, _bar(counts[name], most), *(f"{mean:.1f}" for mean in means)])
    return html_table(["difficulty", "tasks", "steps", "choices on a page", "words on a page"], rows)


def _drops(dropped: Sequence[Dropped]) -> str:
    counts = Counter(one.reason for one in dropped)
    most = max(counts.values(), default=1)
    examples = {
        one.reason: f"{one.candidate.goal} ({one.detail})" if one.detail else one.candidate.goal for one in dropped
    }
    rows = [[escape(why), _bar(count, most), escape(examples[why][:300])] for why, count in counts.most_common()]
    return html_table(["reason", "candidates", "for example"], rows)


def _proofs(packed: Sequence[Packed]) -> str:
    total: Counter[str] = Counter()
    for one in packed:
        total.update(one.proved.proof)
    return html_table(["tried", "times"], [[escape(text), f"{total[name]:,}"] for name, text in TRIED.items()])


def _facts(site: Mapping[str, Any]) -> str:
    facts = {
        "site": site["url"],
        "compiled": site["when"],
        "licence": site["licence"],
        "robots.txt": site["robots"][:400] or "none, or not asked for: the site is this machine's, or a snapshot",
        **{name: value for name, value in site["versions"].items() if value},
        **{f"effective {name}": str(value) for name, value in site["diversity"].items() if name != "diversity"},
    }
    return html_table(
        ["what", "as it was found"], [[escape(name), escape(str(value))] for name, value in facts.items()]
    )


def _chosen(packed: Sequence[Packed]) -> list[Packed]:
    """Return tasks to show: families take turns, the middle of each first."""
    families: defaultdict[str, list[Packed]] = defaultdict(list)
    for one in packed:
        families[one.proved.candidate.family].append(one)
    turns = [[ones[len(ones) // 2], ones[-1], ones[0]] for ones in families.values()]
    order = [one for turn in zip(*turns, strict=True) for one in turn] if turns else []
    return list({one.task.name: one for one in order}.values())[:SAMPLES]


def _sample(one: Packed) -> str:
    episode, hard = one.episode, one.proved.difficulty
    facts = f"{one.task.name} · {level_of(hard.value)} ({hard.value:.2f}) · verified by {_verifier(one)}"
    steps = [_figure(step.observation, step.action) for step in episode.steps]
    end = _figure(episode.final, None, text=f"{episode.outcome}: {episode.reason}")
    return (
        f'<div class="sample"><h3>{escape(one.task.goal or "")}</h3><small>{escape(facts)}</small>'
        f'<div class="steps">{"".join(steps)}{end}</div></div>'
    )


def _verifier(one: Packed) -> str:
    return f"{one.task.verifier.name} {str(one.task.verifier.params)[:160]}"


def _figure(observation: Observation, action: Action | None, *, text: str = "") -> str:
    caption = escape((text or (action.to_text() if action else ""))[:160])
    kind = "" if action else ' class="end"'
    if observation.screenshot is None:
        return f"<figure{kind}><figcaption>{caption}</figcaption></figure>"
    boxes = marks(action, observation).boxes if action is not None else ()
    drawn = "".join(_mark(box, observation.viewport) for box in boxes)
    image = f'<img alt="{escape(observation.url[:200])}" src="{picture_url(observation.screenshot)}">'
    return f"<figure{kind}><div>{image}{drawn}</div><figcaption>{caption}</figcaption></figure>"


def _mark(box: tuple[float, float, float, float], viewport: tuple[int, int]) -> str:
    (x, y, width, height), (across, down) = box, viewport
    place = {"left": x / across, "top": y / down, "width": width / across, "height": height / down}
    return f'<u style="{";".join(f"{name}:{100 * share:.2f}%" for name, share in place.items())}"></u>'


def picture_url(screenshot: Screenshot) -> str:
    """Return a picture as a small JPEG inside a URL."""
    image = Image.fromarray(screenshot)
    image.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH))
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _bar(count: int, most: int) -> str:
    return f'<span class="bar" style="width:{BAR * count / most:.0f}px"></span> {count}'
