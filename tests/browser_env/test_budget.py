"""Pages that hold more than an observation does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OpenTab = Callable[..., Any]
ROWS = "Array.from({ length: 5000 }, (_, i) => `<p>text ${i} <i>more</i></p><button>${i}</button><br>`).join('')"


def test_of_a_huge_page_what_is_near_comes_first(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate(f"document.body.innerHTML = {ROWS}, document.querySelectorAll('button')[4000].scrollIntoView()")
    observation = tab.observe()
    names = [element.name for element in observation.elements]
    assert observation.truncated
    assert len(names) == 1000
    shown = [element for element in observation.elements if element.visible]
    assert {"4000", "text 4001", "more"} <= {element.name for element in shown}
    buttons = [int(e.name) for e in observation.elements if e.role == "button"]
    assert buttons == sorted(buttons), "in document order"
    assert buttons[:900] == list(range(900)), "what is far is interactive"
    assert len([e for e in observation.elements if e.role != "button" and not e.visible]) < 50


def test_a_list_of_too_many_options_is_cut(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    lists = "[201, 3].map((n) => `<select>${'<option>x'.repeat(n)}</select>`).join('')"
    tab.evaluate(f"document.body.innerHTML = {lists}")
    observation = tab.observe()
    assert observation.truncated
    assert len([element for element in observation.elements if element.role == "option"]) == 203


def test_an_element_of_a_huge_page_belongs_to_one_that_is_listed(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    rows = "'<li><a href=#>x</a></li>'.repeat(3000)"
    tab.evaluate(f"document.body.innerHTML = `<div>far<div>far too<ul>${{{rows}}}</ul></div></div>`")
    tab.evaluate("document.querySelectorAll('a')[2000].scrollIntoView()")
    observation = tab.observe()
    ids = {element.id for element in observation.elements}
    assert {element.parent for element in observation.elements} <= ids | {None}


def test_a_megabyte_of_text_is_cut(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("document.body.innerHTML = '<p></p><button></button><label><input></label><textarea></textarea>'")
    tab.evaluate("document.body.querySelectorAll('*').forEach((e) => e.prepend('  words '.repeat(125000)))")
    observation = tab.observe()
    assert {element.role for element in observation.elements} >= {"paragraph", "button", "textbox", "label"}
    assert max(len(element.name) for element in observation.elements) == 300
    assert len(tab.evidence().text) == 100_000


def test_broken_characters_are_replaced(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate(r"""document.body.innerHTML = "<p></p><input><button></button>",
      document.querySelector("p").textContent = "a\ud800b\u0000", document.querySelector("input").value = "\udfff",
      document.querySelector("button").append("x".repeat(298) + "\u{1f600}\u{1f600}"),
      document.title = "\ud800", getSelection().selectAllChildren(document.querySelector("p")), 0""")
    observation = tab.observe()
    assert observation.elements[0].name.startswith("a\ufffdb")
    texts = [text for element in observation.elements for text in (element.name, element.value)]
    "".join([*texts, observation.selection, observation.tabs[0].title]).encode()
    evidence = tab.evidence()
    "".join([evidence.text, evidence.title, *evidence.form_values, *evidence.form_values.values()]).encode()


def test_a_page_that_keeps_rewriting_itself_is_seen(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("""let count = 0; setInterval(() => {
      for (let i = 0; i < 50; i++) { document.write(`<button>${++count}</button>`); document.close(); }
    }, 10); 0""")
    for step in range(1, 4):
        tab.advance(10)
        assert [element.name for element in tab.observe().elements] == [str(50 * step)]
