"""Whatever an episode holds, masking it raises nothing, changes nothing the second time, and leaves no secret."""

import base64
import html
import json
from dataclasses import replace
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from browser_env.action import ACTIONS, Action, Click, Point, Press, Type
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Dialog, Element, Observation, Tab
from browser_env.task import Task, VerifierSpec
from replay.redaction import RedactionRules, Redactor
from replay.redaction.texts import all_texts
from replay.redaction.written import readings
from rewards import Evidence, Outcome
from rewards.evidence import ElementState

FAST = settings(max_examples=100, phases=[Phase.generate])  # to shrink an episode takes minutes
ODD = st.sampled_from(
    [
        "{{secret:1}}",
        "{{secret:2:1-3/9}}",
        "•••",
        "anna@example.org",
        "4111 1111 1111 1111",
        "Your code is 123456",
        "password: hunter22",
        "http://u:pass@h/?password=a%20b&token=x",
        "\ud800",
        "%",
        "\\u",
        "&#",
        "%%%5C%5",
        "QUFBQUFBQUFBQUFBQUFBQUFB",
        "…",
        "",
    ]
)
TEXTS = st.one_of(ODD, st.text(max_size=20), st.lists(ODD, max_size=4).map(" ".join))
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)
IDS = st.sampled_from(["e1", "e2", "e3"])
ELEMENTS = st.builds(
    Element,
    id=IDS,
    role=st.sampled_from(["textbox", "paragraph", "link", "row"]),
    name=st.one_of(TEXTS, st.sampled_from(["Password", "Card number", "Code", "E-mail"])),
    value=TEXTS,
    states=st.sampled_from([(), ("editable",)]),
    box=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    parent=st.one_of(st.none(), IDS),
    description=TEXTS,
    headers=st.lists(TEXTS, max_size=2).map(tuple),
)
PIXELS = st.sampled_from([(1, 1, 3), (5, 7, 3), (0, 3, 3), (4, 4, 4)]).map(lambda shape: np.full(shape, 7, np.uint8))
OBSERVATIONS = st.builds(
    Observation,
    goal=TEXTS,
    url=TEXTS,
    screenshot=st.one_of(st.none(), PIXELS),
    elements=st.lists(ELEMENTS, max_size=4).map(tuple),
    focus=st.one_of(st.none(), IDS),
    tabs=st.lists(st.builds(Tab, url=TEXTS, title=TEXTS), max_size=2).map(tuple),
    viewport=st.sampled_from([(160, 210), (0, 0), (-1, 5)]),
    error=st.one_of(st.none(), TEXTS),
    dialog=st.one_of(st.none(), st.builds(Dialog, kind=st.just("prompt"), message=TEXTS, default=TEXTS)),
    selection=TEXTS,
)
KEYS = st.sampled_from(["a", "1", "+", "Control++", "Shift+a", "Control+a", "Backspace", "", "Space", "é", "ArrowLeft"])
TARGETS = st.one_of(IDS, st.builds(Point, NUMBERS, NUMBERS))
DO: st.SearchStrategy[Action] = st.one_of(
    st.builds(Type, TARGETS, TEXTS, st.booleans()),
    st.builds(Press, KEYS, st.integers(0, 4)),
    st.builds(Click, TARGETS),
    st.builds(ACTIONS["navigate"], TEXTS),
    st.builds(ACTIONS["answer"], TEXTS),
    st.builds(ACTIONS["dialog"], st.booleans(), TEXTS),
    st.builds(ACTIONS["select"], IDS, st.lists(TEXTS, max_size=2).map(tuple)),
)
PARAMS = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner),
    max_leaves=4,
)
TASKS = st.builds(
    Task,
    name=TEXTS,
    url=TEXTS,
    goal=st.one_of(st.none(), TEXTS),
    suite=st.sampled_from(["web", "miniwob"]),
    verifier=st.builds(VerifierSpec, name=st.just("text"), params=st.dictionaries(TEXTS, PARAMS, max_size=2)),
)
EVIDENCE = st.builds(
    Evidence,
    url=TEXTS,
    text=TEXTS,
    form_values=st.dictionaries(st.sampled_from(["token", "user.pin", "card"]) | TEXTS, TEXTS, max_size=3),
    elements=st.lists(st.builds(ElementState, role=TEXTS, name=TEXTS, value=TEXTS), max_size=2).map(tuple),
    answer=st.one_of(st.none(), TEXTS),
)
EPISODES = st.builds(
    Episode,
    id=st.just("a"),
    task=TASKS,
    seed=st.just(0),
    source=st.just(Source.HUMAN),
    steps=st.lists(st.builds(Step, observation=OBSERVATIONS, action=DO), max_size=4).map(tuple),
    final=OBSERVATIONS,
    outcome=st.just(Outcome.FAILURE),
    reward=st.just(0.0),
    evidence=EVIDENCE,
    reason=TEXTS,
    tags=st.lists(TEXTS, max_size=2).map(tuple),
)


@FAST
@given(EPISODES)
def test_nothing_raises_and_the_second_time_changes_nothing(episode: Episode) -> None:
    once = Redactor().redact(episode)
    assert len(once.steps) == len(episode.steps)
    assert repr(Redactor().redact(once)) == repr(once)


ENCODERS = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "json": lambda text: json.dumps(text)[1:-1],
    "json in an address": lambda text: quote(json.dumps({"a": [text]})),
    "html": html.escape,
    "numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hex": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 among others": lambda text: base64.urlsafe_b64encode(f"user:{text}:x".encode()).decode(),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps({"k": text}).encode()).decode(),
    "base64 in an address": lambda text: quote(base64.b64encode(f"ab{text}".encode()).decode(), safe=""),
}
PRINTABLE = st.characters(min_codepoint=33, max_codepoint=0x24F, categories=("L", "N", "P", "S"))
PASSWORDS = st.text(PRINTABLE, min_size=8, max_size=24).filter(lambda text: "secret" not in text and "•" not in text)


@pytest.mark.parametrize("encoder", ENCODERS)
@settings(max_examples=25)
@given(secret=PASSWORDS, before=st.sampled_from(["", "q=", "x", "see "]), after=st.sampled_from(["", "&r=1", " end"]))
def test_a_known_secret_is_masked_however_it_is_written(encoder: str, secret: str, before: str, after: str) -> None:
    text = f"{before}{ENCODERS[encoder](secret)}{after}"
    field = Element(id="e1", role="textbox", name="Password", states=("editable",))
    seen = Observation(goal="", elements=(field,))
    episode = Episode(
        id="a",
        task=Task(name="t", url=f"http://shop.test/?{text}", verifier=VerifierSpec(name="text")),
        seed=0,
        source=Source.HUMAN,
        steps=(Step(observation=seen, action=Type("e1", secret)),),
        final=replace(seen, elements=(replace(field, value="•" * len(secret)),)),
        outcome=Outcome.SUCCESS,
        reward=1.0,
        evidence=Evidence(text=text),
    )
    masked = Redactor(RedactionRules(kinds=("password",), url_parameters=())).redact(episode)
    assert masked.steps[0].action == Type("e1", "{{secret:1}}")
    for shown in all_texts(masked):
        assert not any(secret in reading for reading in readings(shown, depth=3))
    assert masked.evidence.text != text


LONG = {
    "a": "a" * 20_000,
    "digits": "1 " * 10_000,
    "percent": "%25" * 7000,
    "backslashes": "\\" * 20_000,
    "ampersands": "&amp;" * 4000,
    "zeros": "&#" + "0" * 20_000,
    "digits of a character": "&#" + "9" * 20_000 + ";",
    "at": "a@" + "a." * 10_000,
    "parameters": "http://" + "a=b&" * 5000,
    "octets": "=A0" * 7000,
    "placeholders": "{{secret:" * 2000,
}


@pytest.mark.parametrize("name", LONG)
def test_long_texts_made_to_confuse_are_read_in_no_time(name: str) -> None:
    """Patterns that look again and again at the same characters would take minutes here, and the time-out end this."""
    seen = Observation(goal=LONG[name], url=LONG[name])
    episode = Episode(
        id="a",
        task=Task(name="t", url="http://shop.test/", verifier=VerifierSpec(name="text")),
        seed=0,
        source=Source.HUMAN,
        steps=(Step(observation=seen, action=ACTIONS["answer"](LONG[name])),),
        final=seen,
        outcome=Outcome.SUCCESS,
        reward=1.0,
        evidence=Evidence(text=LONG[name] + 'hünter"2/+9%'),
    )
    rules = RedactionRules(values=('hünter"2/+9%', "\\\\ %%x", "4111111111111111"))
    assert Redactor(rules).redact(episode).evidence.text.endswith("}}")
