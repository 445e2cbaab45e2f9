"""Shadow trees, open and closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from browser_env.action import Click, Type
from rewards.evidence import Evidence
from rewards.verifier import verify

OpenTab = Callable[..., Any]


def test_open_trees_and_their_slots_are_seen(open_tab: OpenTab) -> None:
    tab = open_tab("shadow")
    names = [element.name for element in tab.observe().elements]
    assert {"Inner", "Slotted bold", "Shadow button", "Slotted text"} <= set(names)
    inner = tab.named("Inner").id
    tab.act(Type(inner, "deep"))
    observation = tab.observe()
    assert observation.focus == inner
    assert observation.element(inner).value == "deep"
    assert "focused" in observation.element(inner).states
    tab.act(Click(tab.named("Shadow button").id))
    assert tab.evaluate("window.pressed")


def test_closed_trees_are_seen_and_used(open_tab: OpenTab) -> None:
    tab = open_tab("shadow")
    observation = tab.observe()
    elements = {element.name: element for element in observation.elements}
    assert {"Closed button", "Innermost", "Deep field", "Fallback words"} <= set(elements)
    assert "button" in [e.role for e in observation.elements if e.name == "Slotted in closed"]
    assert not [element.name for element in elements.values() if "covered" in element.states]
    tab.act(Click(elements["Innermost"].id))
    tab.act(Click(elements["Closed button"].id))
    assert tab.evaluate("window.deep && window.shut") == 1
    tab.act(Type(elements["Deep field"].id, "typed"))
    after = tab.observe()
    assert (after.focus, after.element(after.focus).value) == (elements["Deep field"].id, "typed")


def test_evidence_holds_forms_in_shadow_trees(open_tab: OpenTab) -> None:
    tab = open_tab("shadow")
    tab.act(Type(tab.named("Deep field").id, "typed"))
    assert tab.evidence().form_values["Deep field"] == "typed"


def test_evidence_holds_the_text_of_shadow_trees(open_tab: OpenTab) -> None:
    text = open_tab("shadow").evidence().text
    shown = (
        "Slotted text",
        "Shadow button",
        "Closed button",
        "Slotted in closed",
        "Innermost",
        "Fallback words",
        "Bare",
    )
    for words in shown:
        assert text.count(words) == 1, words
        assert verify("text", {"contains": words}, Evidence(text=text)).success
    for words in ("Unslotted", "Hidden words", "color", "Veiled"):
        assert words not in text


def test_new_closed_roots_are_empty_and_unwatched(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    seen = tab.evaluate("""(() => {
      const host = document.body.appendChild(document.createElement("div"));
      const seen = [];
      const observer = new MutationObserver((records) => seen.push(records.length));
      observer.observe(document, { childList: true, subtree: true });
      for (const type of ["webdual-root", "webdual-carrier", "slotchange"]) {
        window.addEventListener(type, () => seen.push(type), true);
      }
      const root = host.attachShadow({ mode: "closed" });
      return [root.childNodes.length, host.shadowRoot, seen.length, root.mode];
    })()""")
    assert seen == [0, None, 0, "closed"]


def test_the_page_cannot_tell_the_difference(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    told = tab.evaluate("""(() => {
      const attach = Element.prototype.attachShadow, text = Function.prototype.toString;
      const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(Element.prototype, "attachShadow");
      const failing = [() => attach.call({}), () => document.body.attachShadow(),
        () => text.call({}), () => new attach()];
      const errorOf = (run) => { try { run(); return "none"; } catch (error) { return error.constructor.name; } };
      return [
        String(attach), attach.name, attach.length, "prototype" in attach,
        text.call(text), text.name, text.call(() => 1),
        writable, enumerable, configurable, failing.map(errorOf).join(),
        Object.getOwnPropertyNames(window).filter((key) => /carrier|shadow/i.test(key)).join(),
      ];
    })()""")
    assert told == [
        *("function attachShadow() { [native code] }", "attachShadow", 1, False),
        *("function toString() { [native code] }", "toString", "() => 1", True, True, True),
        "TypeError,TypeError,TypeError,TypeError",
        "ShadowRoot,SVGFEDropShadowElement",
    ]
