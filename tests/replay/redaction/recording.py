"""A browser episode in which more than ten secrets are typed in as many ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from browser_env.action import Action, Click, Dialog, GiveUp, Press, Type
from browser_env.env import BrowserEnv
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from rewards import Evidence, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What is typed; two of these have texts of the same lengths."""

    typed: str = "Tr0ub4dor&3 <x>"
    keyed: str = 'hünter"2/+9%'
    boxes: str = "4242424242424242"
    digits: str = "730164"
    pasted: str = "anna.muster@example.org"
    among: str = "5555 5555 5555 4444"
    written: str = "bob+test@mail.example"
    customer: str = "KD-778812"
    iban: str = "DE89370400440532013000"
    pin: str = "83920"
    inner: str = "correct horse battery"
    shown: str = "915528"

    def all(self) -> list[str]:
        return [getattr(self, name) for name in self.__slots__]


OTHERS = Secrets(
    typed="Pa55w0rt!7 {y}:",
    keyed="jäger(8.5)=$",
    boxes="4111111111111111",
    digits="280935",
    pasted="carl.meiser@another.net",
    among="5105 1051 0510 5100",
    written="dan-prob@post.example",
    customer="KD-120943",
    iban="GB33BUKB20201555555555",
    pin="60715",
    inner="yellow cabin thunders",
    shown="306417",
)

NEVER = VerifierSpec(name="url", params={"regex": "(?!)"})


def id_of(seen: Observation, name: str) -> str:
    """The first element whose name contains this."""
    return next(e.id for e in seen.elements if name in e.name and e.role in ("textbox", "button"))


def plan(secrets: Secrets, seen: Observation) -> Iterator[Action]:
    """What a person does who fills the page in, every field in another way."""
    fields = [e.id for e in seen.elements if e.role == "textbox"]
    yield Type(id_of(seen, "Password"), secrets.typed)
    yield Click(id_of(seen, "Repeat password"))
    yield from (Press(key) for key in (*secrets.keyed[:5], secrets.keyed[7], "Backspace", *secrets.keyed[5:]))
    yield Click(id_of(seen, "Show"))
    for part, name in enumerate(("First four", "Second four", "Third four", "Last four")):
        yield Type(id_of(seen, name), secrets.boxes[4 * part : 4 * part + 4])
    yield Click(fields[fields.index(id_of(seen, "Last four")) + 1])
    yield from (Press(digit) for digit in secrets.digits)
    yield Type(id_of(seen, "Contact"), secrets.pasted)
    yield from (Press("Control+a"), Press("Control+c"), Click(id_of(seen, "Repeat contact")), Press("Control+v"))
    yield Type(id_of(seen, "Remark"), "pay with ")
    yield from (Press("Space" if key == " " else key) for key in secrets.among)
    yield Type(id_of(seen, "Remark"), " now", clear=False)
    yield Type(id_of(seen, "Letter"), f"Write to {secrets.written} soon")
    yield Type(id_of(seen, "Customer"), f"I am {secrets.customer}.")
    yield Type(id_of(seen, "IBAN"), secrets.iban)
    yield Click(id_of(seen, "Ask"))
    yield Dialog(True, text=secrets.pin)
    yield Type(id_of(seen, "Passphrase"), secrets.inner)
    yield Click(id_of(seen, "Send"))
    yield GiveUp()


def start(site: str, secrets: Secrets) -> BrowserEnv:
    """An environment of the page on which they are typed."""
    return open_page(f"http://{site}/secrets.html#{secrets.shown}", height=320)


def open_page(url: str, *, height: int) -> BrowserEnv:
    """An environment of a page."""
    size = (800, height)
    return BrowserEnv(
        Task(name="secrets", url=url, goal="Fill in.", verifier=NEVER, viewport=size, step_ms=20, max_steps=99)
    )


def record(env: BrowserEnv, choose: Callable[[Observation], Iterable[Action]]) -> Episode:
    """Carry actions out and return what an agent's run or a person's recording would have kept."""
    seen, _ = env.reset(seed=1)
    steps, evidence, ended = [], Evidence(), False
    for action in choose(seen):
        steps.append(Step(observation=seen, action=action))
        seen, _, ended, _, info = env.step(action)
        evidence = info["evidence"] or evidence
        assert seen.error is None, seen.error
    assert ended
    return Episode(
        id="ten-secrets",
        task=env.task,
        seed=1,
        source=Source.SCRIPT,
        steps=tuple(steps),
        final=seen,
        outcome=Outcome.FAILURE,
        reward=0.0,
        evidence=evidence,
    )
