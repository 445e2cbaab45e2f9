import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.observation import Dialog, Element, Observation
from experiments.compiler.states import address, fingerprint, pattern_of, stable, template_of

URL = "http://shop.test/products"


def page(*elements: Element, url: str = URL, dialog: Dialog | None = None) -> Observation:
    numbered = tuple(replace(element, id=f"e{n}") for n, element in enumerate(elements, start=1))
    return Observation(goal="", url=url, elements=numbered, dialog=dialog)


def text(words: str) -> Element:
    return Element(id="", role="paragraph", name=words)


def control(role: str, name: str = "", **said: object) -> Element:
    return replace(Element(id="", role=role, name=name), **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rendered at 08:44:27", "Rendered at 23:01:02"),
        ("Updated 2026-11-25T08:44:27Z", "Updated 2026-11-26T09:00:00Z"),
        ("Updated 2026-11-25 08:44", "Updated 2025-01-02 10:00"),
        ("on 3 March 2024", "on 14 Nov. 2023"),
        ("on March 3, 2024", "on November 14, 2023"),
        ("due 3/12/2024", "due 12/3/2025"),
        ("edited 3 minutes ago", "edited 2 hours ago"),
        ("edited just now", "edited yesterday"),
        ("in 12 ms", "in 0.31 s"),
        ("1,204 views", "1,311 views"),
        ("Visitors: 12", "Visitors: 13"),
        ("request 3e8185e2a91f", "request 3e9185e2b07c"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id 9b2e4567-e89b-42d3-a456-426614174999"),
        ("token Zx8aP0qR4tY6uI2oLkJh", "token aB3dE5fG7hI9jK1lMnOp"),
        ("session 1795596934562284811", "session 1795597090184185683"),
    ],
)
def test_what_differs_by_chance_makes_no_state(one: str, other: str) -> None:
    assert stable(one) == stable(other)
    assert fingerprint(page(text(one))) == fingerprint(page(text(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("24 products", "8 products"),
        ("$57.00", "$94.00"),
        ("Oak Table", "Oak Lamp"),
        ("Page 1 of 3", "Page 2 of 3"),
        ("January 2024", "February 2024"),
        ("Order 1042", "Order 1043"),
        ("deface", "decade"),
    ],
)
def test_what_a_person_would_call_different_is(one: str, other: str) -> None:
    assert fingerprint(page(text(one))) != fingerprint(page(text(other)))


@pytest.mark.parametrize("state", ["checked", "expanded", "collapsed", "selected", "current", "pressed", "disabled"])
def test_what_is_open_or_chosen_makes_a_state(state: str) -> None:
    assert fingerprint(page(control("tab", "A"))) != fingerprint(page(control("tab", "A", states=(state,))))


@pytest.mark.parametrize("state", ["focused", "covered", "clickable"])
def test_where_the_pointer_and_the_focus_are_does_not(state: str) -> None:
    assert fingerprint(page(control("tab", "A"))) == fingerprint(page(control("tab", "A", states=(state,))))


def test_boxes_ids_and_scrolling_make_no_state() -> None:
    here = page(text("a"), text("b"))
    moved = tuple(replace(e, id=f"x{e.id}", box=(9.0, 9.0, 9.0, 9.0), visible=False) for e in here.elements)
    assert fingerprint(replace(here, elements=moved, scroll=(0.0, 50.0, 0.0, 99.0))) == fingerprint(here)


def test_values_order_and_dialogs_make_a_state() -> None:
    box = control("searchbox", "Search")
    assert fingerprint(page(box)) != fingerprint(page(replace(box, value="oak")))
    assert fingerprint(page(text("a"), text("b"))) != fingerprint(page(text("b"), text("a")))
    assert fingerprint(page(text("a"))) != fingerprint(page(text("a"), dialog=Dialog(kind="alert", message="Hi")))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.test/?b=2&a=1", "http://a.test/?a=1&b=2", True),
        ("http://a.test/?q=oak&_=1704110400000", "http://a.test/?q=oak", True),
        ("http://a.test/?csrf_token=abc", "http://a.test/", True),
        ("http://a.test/?PHPSESSID=8sd7f6", "http://a.test/", True),
        ("http://a.test/p;jsessionid=1A2B?x=1", "http://a.test/p?x=1", True),
        ("http://a.test/#top", "http://a.test/", True),
        ("http://a.test/#/", "http://a.test/", True),
        ("http://a.test/#/note/1", "http://a.test/#/note/2", False),
        ("http://a.test/?page=1", "http://a.test/?page=2", False),
        ("http://a.test/a", "http://a.test/b", False),
        ("http://a.test/", "http://b.test/", False),
        ("http://a.test/?state=open", "http://a.test/?state=closed", False),
        ("http://a.test/2024-03-01-spring", "http://a.test/2024-04-02-spring", False),
        ("http://a.test/2024/03/01/", "http://a.test/2024/03/02/", False),
        ("http://a.test/ten-good-reasons-to-learn-python-3", "http://a.test/ten-bad-reasons-to-learn-python-3", False),
        ("http://a.test/List_of_Oaks_in_2024_by_Height", "http://a.test/List_of_Oaks_in_2025_by_Height", False),
        ("http://a.test/Top-10-Tips-for-2024", "http://a.test/Top-10-Tips-for-2025", False),
        ("http://a.test/5-minutes-ago", "http://a.test/6-minutes-ago", False),
        ("http://a.test/#/posts/2024-03-01", "http://a.test/#/posts/2024-03-02", False),
        ("http://a.test/?day=2024-03-01", "http://a.test/?day=2024-03-02", False),
        ("http://a.test/order/1042", "http://a.test/order/1043", False),
        ("http://a.test/deadbeef1", "http://a.test/deadbeef2", False),
        (
            "http://a.test/x/123e4567-e89b-12d3-a456-426614174000",
            "http://a.test/x/9B2E4567-E89B-42D3-A456-426614174999",
            True,
        ),
        ("http://a.test/x/9fceb02d0ae598e95dc970b7", "http://a.test/x/1fceb02d0ae598e95dc970b8", True),
        ("http://a.test/?x=Zx8aP0qR4tY6uI2oLkJh", "http://a.test/?x=aB3dE5fG7hI9jK1lMnOp", True),
        ("http://a.test/#/x/Zx8aP0q-4tY6uI2oLkJh_Q", "http://a.test/#/x/aB3dE5f-7hI9jK1lMnOp_Q", True),
        ("http://a.test/maze/10011795596934562284811", "http://a.test/maze/10021795596934562284812", True),
    ],
)
def test_addresses(one: str, other: str, same: bool) -> None:
    assert (address(one) == address(other)) == same


def test_patterns_leave_out_what_names_one_of_many() -> None:
    assert pattern_of("http://a.test/product/1") == pattern_of("http://a.test/product/22?utm_source=x")
    assert pattern_of("http://a.test/wiki/Oak") == pattern_of("http://a.test/wiki/Pine")
    assert pattern_of("http://a.test/list?page=1") == pattern_of("http://a.test/list?page=2")
    assert pattern_of("http://a.test/#/note/1") == pattern_of("http://a.test/#/note/2")
    assert pattern_of("http://a.test/about") != pattern_of("http://a.test/stock")
    assert pattern_of("http://a.test/list") != pattern_of("http://a.test/list?page=2")


def test_a_template_knows_controls_and_not_content() -> None:
    one = page(text("Oak"), control("button", "Buy"), url="http://a.test/product/1")
    other = page(text("Pine"), text("sold"), control("button", "Buy"), url="http://a.test/product/2")
    assert template_of(one) == template_of(other)
    assert template_of(one) != template_of(page(control("button", "Sell"), url="http://a.test/product/3"))


def test_a_templates_rows_may_have_buttons_of_their_own() -> None:
    def rows(*names: str) -> Observation:
        cells = [Element(id="", role="button", name=f"Edit {name}", headers=("Actions",)) for name in names]
        return page(*cells)

    assert template_of(rows("Oak")) == template_of(rows("Pine", "Steel"))


@given(st.text())
def test_masking_takes_any_text_and_settles(words: str) -> None:
    once = stable(words)
    assert isinstance(once, str)
    assert len(fingerprint(page(text(words), url=f"http://a.test/{words}"))) == 16


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.uuids())
def test_any_time_and_any_uuid_is_masked(hour: int, minute: int, second: int, uuid: object) -> None:
    words = stable(f"at {hour:02}:{minute:02}:{second:02} by {uuid}")
    assert words == "at <time> by <id>"


@pytest.mark.parametrize("part", ["a1b", "aB1", "-", "a", "0", "aA1-"])
def test_long_addresses_are_soon_read(part: str) -> None:
    began = time.process_time()
    assert address("http://a.test/" + part * 2000)
    assert time.process_time() - began < 2


@given(st.text(max_size=30), st.text(max_size=30))
def test_addresses_never_fail(path: str, query: str) -> None:
    url = f"http://a.test/{path}?{query}"
    assert re.match("http://a.test", address(url))
    assert pattern_of(url)
