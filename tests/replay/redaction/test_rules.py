import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import DataError, UsageError
from replay.redaction import DEFAULT_RULES, ElementRule, RedactionRules, TextRule, read_rules, rules_from

TOML = """
values = ["Projekt Aster"]
url_parameters = ["customer"]

[[texts]]
kind = "customer"
pattern = "KD-[0-9]{6}"

[[elements]]
kind = "iban"
role = "textbox"
name = "iban"
within = "payment"
"""


def test_a_toml_file_says_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(TOML)
    assert read_rules(path) == RedactionRules(
        values=("Projekt Aster",),
        url_parameters=("customer",),
        texts=(TextRule(kind="customer", pattern="KD-[0-9]{6}"),),
        elements=(ElementRule(kind="iban", role="textbox", name="iban", within="payment"),),
    )


def test_an_empty_json_file_says_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text("{}")
    assert read_rules(path) == DEFAULT_RULES


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "a table"),
        ({"value": ["x"]}, "unknown entry 'value'"),
        ({"values": "x"}, "needs a list"),
        ({"values": [1]}, "a text was expected"),
        ({"kinds": ["names"]}, "unknown kind"),
        ({"texts": [{"kind": "a"}]}, "lacks 'pattern'"),
        ({"texts": [{"kind": "a", "pattern": "("}]}, "no regular expression"),
        ({"texts": [{"kind": "A b", "pattern": "x"}]}, "no kind of secret"),
        ({"elements": [{"kind": "a"}]}, "needs a condition"),
    ],
)
def test_wrong_rules_are_named(data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rules_from(data)


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_rules(tmp_path / "none.toml")
    path = tmp_path / "rules.toml"
    path.write_text("= 3")
    with pytest.raises(DataError, match="neither TOML nor JSON"):
        read_rules(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["values", "texts", "kind"]), inner),
)


@given(JSON)
def test_whatever_a_file_says_it_is_rules_or_an_error(data: object) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(rules_from(data), RedactionRules)
