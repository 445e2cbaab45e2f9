"""Observing changes nothing that a page, or a person, could notice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser_env.browser import Browser

OpenTab = Callable[..., Any]
PAGES = sorted(path.stem for path in (Path(__file__).parent / "pages").glob("*.html"))
RESTLESS = ("hostile", "events", "trouble", "greeting")  # break what the test looks with, log what happens, stand still

WATCH = """(() => {
  const seen = {};
  // Images of a page may shadow what its document has: these are read past them.
  const all = (selector) => Document.prototype.querySelectorAll.call(document, selector);
  const get = (name) => Object.getOwnPropertyDescriptor(Document.prototype, name).get.call(document);
  const note = (kind) => { seen[kind] = (seen[kind] ?? 0) + 1; };
  const observer = new MutationObserver((records) => records.forEach((record) => note(record.type)));
  const everything = { subtree: true, childList: true, attributes: true, characterData: true };
  const watch = (root) => observer.observe(root, everything);
  [document, ...(window.roots ?? [])].forEach(watch);
  for (const kind of ["resize", "scroll", "focus", "blur", "focusin", "focusout", "selectionchange", "select", "input",
    "change", "toggle", "beforematch", "slotchange", "visibilitychange", "mousemove", "invalid", "load", "error"]) {
    for (const target of [window, document]) target.addEventListener(kind, () => note(kind), true);
  }
  new ResizeObserver(() => note("size")).observe(get("documentElement"));
  const scrolls = () => Array.from(all("*"), (e) => [e.scrollLeft, e.scrollTop]).flat().join();
  const controls = () => all("input, textarea, select");
  const fields = () => Array.from(controls(), (e) => [e.value, e.checked]).flat().join();
  window.stillness = () => {
    observer.takeRecords().forEach((record) => note(record.type));
    const selection = getSelection();
    return JSON.stringify([
      get("documentElement")?.outerHTML, ...(window.roots ?? []).map((root) => root.innerHTML), seen,
      scrolls(), fields(), get("activeElement")?.outerHTML, scrollX, scrollY, innerWidth,
      selection.toString(), selection.anchorOffset, selection.rangeCount, history.length, get("readyState"),
      Object.getOwnPropertyNames(window).length, performance.getEntries().length,
    ]);
  };
})()"""


@pytest.mark.parametrize("name", [name for name in PAGES if name not in RESTLESS])
def test_observing_changes_nothing(open_tab: OpenTab, plain_browser: Browser, name: str) -> None:
    tab = open_tab(name, browser=plain_browser)
    tab.evaluate(WATCH)
    pixels = tab.observe(pixels=True).screenshot
    before = tab.evaluate("stillness()")
    seen = [tab.observe() for _ in range(20)]
    tab.evidence()
    assert tab.evaluate("stillness()") == before
    assert all(observation == seen[0] for observation in seen), "and says the same each time"
    assert np.array_equal(tab.observe(pixels=True).screenshot, pixels)
