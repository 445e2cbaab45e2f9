from __future__ import annotations

from typing import Any

from browser_env.merging import MAX_ELEMENTS, View, merge, place

Row = list[Any]


def _row(number: int, *, box: tuple[float, ...] = (1, 2, 30, 40), parent: str | None = None, **more: Any) -> Row:
    return [f"e{number}", "button", f"n{number}", "", ["clickable"], list(box), True, parent, more]


def _frame(index: int, *, x: float = 100, y: float = 50, scale: float = 1, shown: tuple[float, ...] = ()) -> Row:
    return {"index": index, "x": x, "y": y, "scaleX": scale, "scaleY": scale, "shown": shown or (x, y, x + 80, y + 60)}


def _reading(*rows: Row, focus: str | None = None) -> dict[str, Any]:
    return {"elements": list(rows), "focus": focus, "truncated": False}


def test_one_frame_is_what_it_says() -> None:
    merged = merge([_reading(_row(1), _row(2, parent="e1"), focus="e2")], [(None, 0)])
    assert [(e.id, e.parent, e.box) for e in merged.elements] == [
        ("e1", None, (1, 2, 30, 40)),
        ("e2", "e1", (1, 2, 30, 40)),
    ]
    assert (merged.focus, merged.focused_frame, merged.truncated) == ("e2", 0, False)


def test_nested_frames_are_moved_scaled_and_cut() -> None:
    readings = [
        _reading(_row(1, frame=_frame(0)), _row(2), focus="e1"),
        _reading(_row(11, frame=_frame(0, x=10, y=10, scale=0.5)), focus="e11"),
        _reading(_row(21), _row(22, box=(0, 101, 9, 9)), focus="e22"),
    ]
    merged = merge(readings, [(None, 0), (0, 0), (1, 0)])
    assert [e.id for e in merged.elements] == ["e1", "e11", "e21", "e22", "e2"]
    assert [e.parent for e in merged.elements] == [None, "e1", "e11", "e11", None]
    assert merged.elements[2].box == (110.5, 61, 15, 20)
    assert [e.visible for e in merged.elements] == [True, True, True, False, True]
    assert (merged.focus, merged.focused_frame) == ("e22", 2)


def test_a_frame_that_cannot_be_read_is_left_out() -> None:
    merged = merge([_reading(_row(1, frame=_frame(0)), focus="e1"), None], [(None, 0), (0, 0)])
    assert [e.id for e in merged.elements] == ["e1"]
    assert merged.focus == "e1"


def test_what_covers_a_frame_covers_what_is_in_it() -> None:
    assert "covered" in place(_row(1), View(owner="e9", covered=True)).states


def test_too_many_elements_leave_those_that_show() -> None:
    hidden = [[*_row(i)[:6], False, *_row(i)[7:]] for i in range(1, 1001)]
    inner = _reading(*(_row(2000 + i, parent="e2000" if i else None) for i in range(500)))
    merged = merge([_reading(*hidden, _row(1500, frame=_frame(0))), inner], [(None, 0), (0, 0)])
    assert merged.truncated
    assert len(merged.elements) == MAX_ELEMENTS
    assert sum(element.visible for element in merged.elements) == 501
    assert {element.parent for element in merged.elements} == {None, "e1500", "e2000"}
