from browser_env.observation import Element, Observation
from policy.alignment import Link, align
from policy.config import CompactConfig
from policy.page import read_page


def links(goal: str, *elements: tuple[str, str]) -> list[list[int]]:
    listed = tuple(Element(id=f"e{i}", role="button", name=n, value=v) for i, (n, v) in enumerate(elements))
    return align(read_page(Observation(goal=goal, elements=listed), CompactConfig())).links.tolist()


def test_a_quoted_name_is_the_strongest_link() -> None:
    assert links('Click "ok" ok', ("ok", "")) == [[0, 0, Link.QUOTED, 0, Link.EXACT]]


def test_case_tells_names_apart() -> None:
    assert links("Click Ok", ("ok", ""), ("Ok", "")) == [[0, Link.NAME], [0, Link.EXACT]]


def test_part_of_a_name_is_a_word() -> None:
    assert links("Click user now", ("user name", "")) == [[0, Link.WORD, 0]]


def test_a_value_is_linked_where_the_goal_has_all_of_it() -> None:
    assert links("Type a b here", ("Field", "a b"), ("Field", "a c")) == [[0, Link.VALUE, Link.VALUE, 0], [0] * 4]


def test_a_label_before_an_element_is_its_context() -> None:
    assert links("the user is", ("user", ""), ("", "")) == [[0, Link.EXACT, 0], [0, Link.CONTEXT, 0]]


def test_an_empty_goal_has_no_links() -> None:
    assert links("", ("a", "b")) == [[]]
