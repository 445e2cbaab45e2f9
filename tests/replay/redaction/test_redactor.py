from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from browser_env.action import Action, Click, Press, Type
from browser_env.episode import Episode, Step
from browser_env.observation import Element, Observation
from browser_env.task import VerifierSpec
from replay.redaction import Redactor
from rewards.evidence import REDACTED, Evidence, Sent

PASSWORD = "s3cr€t pw"


def observation(*, user: str = "", dots: int = 0, note: str = "") -> Observation:
    rows = [("User", user), ("Password", "•" * dots), ("Note", note)]
    return Observation(
        goal="Log in",
        url="http://shop.test/?q=anna%40example.org",
        screenshot=np.zeros((210, 160, 3), dtype=np.uint8),
        elements=tuple(
            Element(id=f"e{i}", role="textbox", name=name, value=value, states=("editable",), box=(10, 30 * i, 100, 20))
            for i, (name, value) in enumerate(rows, start=1)
        ),
        focus="e2",
    )


def episode(make_episode: Callable[..., Episode]) -> Episode:
    actions: list[Action] = [Type("e1", "anna@example.org"), *(Press(char) for char in PASSWORD)]
    seen = [observation(), *(observation(user="anna@example.org", dots=n) for n in range(len(PASSWORD)))]
    actions.append(Type("e3", "card 4111 1111 1111 1111 please"))
    seen.append(observation(user="anna@example.org", dots=len(PASSWORD)))
    steps = tuple(Step(observation=seen, action=action) for seen, action in zip(seen, actions, strict=True))
    final = observation(user="anna@example.org", dots=len(PASSWORD), note="card 4111 1111 1111 1111 please")
    return replace(make_episode("a", num_steps=0), steps=steps, final=final)


def test_what_was_typed_is_masked_everywhere(make_episode: Callable[..., Episode]) -> None:
    masked, report = Redactor().redact_with_report(episode(make_episode))
    texts = [step.action.to_text() for step in masked.steps]
    assert texts[1] == "press('{{secret:1:1-1/9}}')"
    assert texts[-1] == "type(e3, 'card {{secret:2}} please')"
    assert texts[0] == "type(e1, '{{secret:3}}')"
    assert masked.final.url == "http://shop.test/?q={{secret:3}}"
    assert [e.value for e in masked.final.elements] == ["{{secret:3}}", "•" * 9, "card {{secret:2}} please"]
    assert report.to_json()["secrets"] == {"password": 1, "card": 1, "email": 1}
    assert masked.final.screenshot is not None
    assert (masked.final.screenshot[92:108, 12:108] == 128).all()
    assert (masked.final.screenshot[65:78] == 0).all()


def test_masking_again_changes_nothing(make_episode: Callable[..., Episode]) -> None:
    once = Redactor().redact(episode(make_episode))
    assert Redactor().redact(once) == once


def submitted(make_episode: Callable[..., Episode], name: str, text: str, *after: Element) -> Episode:
    """A text is typed into an empty field, and the page takes it before anybody sees it there."""
    field = Element(id="e1", role="textbox", name=name, states=("editable",), box=(10, 30, 100, 20))
    step = Step(observation=Observation(goal="Log in", elements=(field,), focus="e1"), action=Type("e1", text))
    return replace(make_episode("a", num_steps=0), steps=(step,), final=Observation(goal="Log in", elements=after))


@pytest.mark.parametrize("name", ["One-time code", "Password", "PIN"])
@pytest.mark.parametrize("stays", [True, False])
def test_what_a_page_takes_at_once_is_masked(make_episode: Callable[..., Episode], name: str, stays: bool) -> None:
    field = Element(id="e1", role="textbox", name=name, states=("editable",), box=(10, 30, 100, 20))
    masked = Redactor().redact(submitted(make_episode, name, "730164", *([field] if stays else [])))
    assert [step.action.to_text() for step in masked.steps] == ["type(e1, '{{secret:1}}')"]
    assert Redactor().redact(masked) == masked


def test_boxes_of_a_code_that_a_page_takes_at_once_are_masked(make_episode: Callable[..., Episode]) -> None:
    def boxes(held: str) -> Observation:
        values = held.ljust(4)
        row = [Element(id=f"e{i}", role="textbox", value=values[i].strip(), states=("editable",)) for i in range(4)]
        return Observation(goal="Log in", elements=tuple(row), focus=f"e{len(held)}")

    steps = [Step(observation=boxes("8306"[:i]), action=Press("8306"[i])) for i in range(4)]
    typed = replace(make_episode("a", num_steps=0), steps=tuple(steps), final=Observation(goal="Log in"))
    masked = Redactor().redact(typed)
    pressed = [step.action.key for step in masked.steps if isinstance(step.action, Press)]
    assert pressed == [f"{{{{secret:1:{i}-{i}/4}}}}" for i in range(1, 5)]
    assert Redactor().redact(masked) == masked


@pytest.mark.parametrize(("width", "text", "masked"), [(20, "7301", True), (20, "730", False), (90, "Bonn", False)])
def test_a_code_typed_in_one_go_over_boxes_is_masked(
    make_episode: Callable[..., Episode], width: int, text: str, masked: bool
) -> None:
    """The boxes move on by themselves, and the page takes what they hold before anybody sees it."""
    row = [
        Element(id=f"e{i}", role="textbox", states=("editable",), box=(10 + 95 * i, 30, width, 20)) for i in range(4)
    ]
    seen = Observation(goal="Log in", elements=tuple(row), focus="e0")
    told = Element(id="e9", role="paragraph", name=f"{text} it is", box=(10, 60, 100, 20))
    final = replace(seen, elements=(*row, told))
    steps = (Step(observation=seen, action=Type("e0", text)),)
    typed = replace(make_episode("a", num_steps=0), steps=steps, final=final)
    after = Redactor().redact(typed)
    said = "{{secret:1}}" if masked else text
    assert [step.action for step in after.steps] == [Type("e0", said)]
    assert after.final.elements[-1].name == f"{said} it is"
    assert Redactor().redact(after) == after


def test_a_program_is_no_one_time_code(make_episode: Callable[..., Episode]) -> None:
    typed = submitted(make_episode, "Code", "print('hello', 730164)")
    assert Redactor().redact(typed) == typed
    mailing = Redactor().redact(submitted(make_episode, "Code", "to anna@example.org: hello"))
    assert [step.action.to_text() for step in mailing.steps] == ["type(e1, 'to {{secret:1}}: hello')"]


def test_masking_a_field_for_codes_that_held_an_address_again_changes_nothing(
    make_episode: Callable[..., Episode],
) -> None:
    values = (("", "anna@example.org"), ("code", "\\u"))
    seen = [
        replace(
            observation(),
            elements=(Element(id="e1", role="textbox", name="", description=told, value=value, states=("editable",)),),
        )
        for told, value in values
    ]
    steps = (Step(observation=seen[0], action=Press("Tab")),)
    once = Redactor().redact(replace(make_episode("a", num_steps=0), steps=steps, final=seen[1]))
    assert once.steps[0].observation.elements[0].value == "{{secret:1}}"
    assert Redactor().redact(once) == once


def test_what_requests_and_hidden_inputs_hold_under_a_secrets_name_is_masked(
    make_episode: Callable[..., Episode],
) -> None:
    sent = Sent(
        method="POST",
        url="http://shop.test/login",
        fields={"user.pin": "8306", "note": "hello", "card": "on", "passwd": REDACTED},
    )
    evidence = Evidence(
        form_values={"token": "q8Xz-77", "colour": "blue"}, sent=(sent,), text="Your 8306 is q8Xz-77, redacted"
    )
    masked = Redactor().redact(make_episode("a", evidence=evidence))
    assert masked.evidence.form_values == {"token": "{{secret:1}}", "colour": "blue"}
    assert masked.evidence.sent[0].fields == {
        "user.pin": "{{secret:2}}",
        "note": "hello",
        "card": "on",
        "passwd": REDACTED,
    }
    assert masked.evidence.text == "Your {{secret:2}} is {{secret:1}}, redacted"
    assert Redactor().redact(masked) == masked


@pytest.mark.parametrize(
    ("text", "suite", "filled"),
    [
        ("a" * 299 + "…", "web", True),
        ("🎈" * 149 + "b…", "web", True),
        ("a" * 298 + "…", "web", False),
        ("a" * 300, "web", False),
        ("a" * 299 + "…", "miniwob", False),
    ],
)
def test_an_element_whose_text_is_cut_off_is_filled(
    make_episode: Callable[..., Episode], text: str, suite: str, filled: bool
) -> None:
    shown = Element(id="e1", role="paragraph", name=text, box=(10, 30, 100, 80))
    pixels = np.zeros((210, 160, 3), dtype=np.uint8)
    plain = make_episode("a", num_steps=0)
    final = Observation(goal="Read", elements=(shown,), screenshot=pixels)
    masked = Redactor().redact(replace(plain, task=replace(plain.task, suite=suite), final=final))
    assert masked.final.screenshot is not None
    assert (masked.final.screenshot[30:110, 10:110] == (128 if filled else 0)).all()
    assert Redactor().redact(masked) == masked


def typed_into_dots(
    make_episode: Callable[..., Episode], *typed: tuple[Action, int], says: str = "", **sent: str
) -> Episode:
    """Actions on the password field, each with the number of dots that it then shows; a page that says something."""
    shown = [observation(), *(observation(dots=dots) for _, dots in typed)]
    steps = tuple(Step(observation=seen, action=action) for seen, (action, _) in zip(shown, typed, strict=False))
    evidence = Evidence(text=says, sent=(Sent(method="POST", url="http://shop.test/", fields=sent),))
    return replace(make_episode("a", num_steps=0), steps=steps, final=shown[-1], evidence=evidence)


@pytest.mark.parametrize("selecting", ["Shift+Home", "Control+z", "Control+ArrowLeft"])
def test_what_is_written_over_a_selection_is_masked(make_episode: Callable[..., Episode], selecting: str) -> None:
    typed = [(Type("e2", "wrongpw1"), 8), (Press(selecting), 8), (Type("e2", "hunter2x", clear=False), 8)]
    masked = Redactor().redact(typed_into_dots(make_episode, *typed, says="You typed hunter2x.", p="hunter2x"))
    assert "hunter2x" not in str(masked)
    assert masked.steps[2].action.to_text().startswith("type(e2, '{{secret:")


def test_a_secret_longer_than_the_dots_that_are_shown_is_masked_whole(make_episode: Callable[..., Episode]) -> None:
    token = "ghp_" + "A1b2C3d4E5" * 9
    said = f"Saved token {token} for you"
    masked = Redactor().redact(typed_into_dots(make_episode, (Type("e2", token), 64), says=said, p=token))
    assert masked.evidence.text == "Saved token {{secret:1}} for you"
    assert masked.evidence.sent[0].fields == {"p": "{{secret:1}}"}
    assert masked.steps[0].action.to_text() == "type(e2, '{{secret:1}}')"


def test_a_secret_in_other_capitals_is_masked(make_episode: Callable[..., Episode]) -> None:
    masked = Redactor().redact(typed_into_dots(make_episode, (Type("e2", "abcd-Efgh"), 9), says="Card ABCD-EFGH, abc"))
    assert masked.evidence.text == "Card {{secret:1}}, abc"


@pytest.mark.parametrize(("suite", "name"), [("web", "{{secret:1}}/login"), ("miniwob", "element/login")])
def test_what_says_who_verifies_a_task_is_no_secret(
    make_episode: Callable[..., Episode], suite: str, name: str
) -> None:
    episode = typed_into_dots(make_episode, (Type("e2", "element"), 7))
    task = replace(episode.task, suite=suite, name="element/login", verifier=VerifierSpec(name="element"))
    masked = Redactor().redact(replace(episode, task=task))
    assert (masked.task.name, masked.task.verifier.name) == (name, "element")
    assert masked.steps[0].action.to_text() == "type(e2, '{{secret:1}}')"


def test_what_is_typed_after_a_click_among_dots_is_masked_wherever_it_went(
    make_episode: Callable[..., Episode],
) -> None:
    typed = [(Type("e2", "correcthorse"), 12), (Click("e2"), 12), (Type("e2", "ZZ", clear=False), 14), (Press("Z"), 15)]
    says = "You typed correctZZZhorse, and p=correctZZhorse"
    masked = Redactor().redact(typed_into_dots(make_episode, *typed, says=says))
    assert masked.evidence.text == "You typed {{secret:2}}, and p={{secret:2}}"
