import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import DataError
from browser_env.task import Task, VerifierSpec

TEXT = st.text(max_size=12)
PARAMS = st.dictionaries(TEXT, TEXT | st.integers() | st.booleans() | st.lists(TEXT, max_size=2), max_size=2)
TASK = Task(name="shop/pay", url="https://shop.example/", verifier=VerifierSpec(name="url", params={"equals": "x"}))


@given(
    st.builds(
        Task,
        name=TEXT,
        url=TEXT,
        verifier=st.builds(VerifierSpec, name=TEXT, params=PARAMS),
        goal=st.none() | TEXT,
        viewport=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
        max_steps=st.integers(1, 1000),
        allowed_origins=st.lists(TEXT, max_size=2).map(tuple),
        difficulty=st.none() | st.floats(0, 1),
        golden=st.lists(TEXT, max_size=3).map(tuple),
        snapshot=st.none() | TEXT,
    )
)
def test_a_task_survives_json(task: Task) -> None:
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


def test_a_task_of_before_snapshots_is_read() -> None:
    data = TASK.to_json()
    del data["snapshot"]
    assert Task.from_json(data) == TASK


def test_a_task_is_a_value() -> None:
    assert replace(TASK, max_steps=3) != TASK
    assert replace(TASK, max_steps=TASK.max_steps) == TASK


@pytest.mark.parametrize("name", ["name", "url", "verifier", "viewport"])
def test_a_missing_field_is_a_data_error(name: str) -> None:
    data = TASK.to_json()
    del data[name]
    with pytest.raises(DataError, match=f"not a task.*{name}"):
        Task.from_json(data)


@pytest.mark.parametrize(
    "changes", [{"code": "import os"}, {"verifier": None}, {"verifier": {"params": {}}}, {"viewport": 3}]
)
def test_anything_else_is_a_data_error(changes: dict[str, object]) -> None:
    with pytest.raises(DataError, match="not a task"):
        Task.from_json(TASK.to_json() | changes)
