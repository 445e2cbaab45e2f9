import pytest

from replay.redaction import DEFAULT_RULES, RedactionRules, TextRule
from replay.redaction.finding import find, find_in_addresses, is_card, kind_of_field, kind_of_key


def found(text: str, rules: RedactionRules = DEFAULT_RULES) -> list[tuple[str, str]]:
    return list(dict.fromkeys((item.kind, item.value) for item in find(text, rules)))


@pytest.mark.parametrize(
    ("digits", "card"),
    [
        ("4111 1111 1111 1111", True),
        ("378282246310005", True),
        ("6011-1111-1111-1117", True),
        ("4111 1111 1111 1112", False),
        ("0000 0000 0000 0000", False),
        ("411111111111", False),
        ("4111111111111111111111", False),
        ("", False),
    ],
)
def test_a_card_number_has_its_length_and_check_digit(digits: str, card: bool) -> None:
    assert is_card(digits) == card


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("Write to Anna.M+x@mail.example.org, please", [("email", "Anna.M+x@mail.example.org")]),
        ("at @home or a@b", []),
        ("Card 4111-1111-1111-1111.", [("card", "4111-1111-1111-1111")]),
        ("Order 4111111111111112", []),
        ("No. 22 4111 1111 1111 1111 12", [("card", "4111 1111 1111 1111")]),
        ("Your verification code is 123456.", [("code", "123456")]),
        ("Ihr Sicherheitscode: 4711", [("code", "4711")]),
        ("One-time password: 12 34 56", [("code", "12 34 56")]),
        ("482913 is your login code", [("code", "482913")]),
        ("Postal code: 10115", []),
        ("error code 50012", []),
        ("Your 2000 points", []),
        ("The password is hunter22.", [("password", "hunter22")]),
    ],
)
def test_what_a_text_shows(text: str, secrets: list[tuple[str, str]]) -> None:
    assert found(text) == secrets


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Password", "password"),
        ("Neues Passwort", "password"),
        ("Contraseña", "password"),
        ("Card number", "card"),
        ("CVC", "card"),
        ("Verification code", "code"),
        ("Code", "code"),
        ("Digit 3 of 6", "code"),
        ("Postal code", None),
        ("Promo code", None),
        ("Name", None),
        ("Compass", None),
        ("API key", "password"),
        ("Secret access key", "password"),
        ("Client secret", "password"),
        ("API key name", None),
        ("Search API Keys", None),
        ("Secret santa", None),
    ],
)
def test_a_field_is_known_by_its_name(name: str, kind: str | None) -> None:
    assert kind_of_field(name, DEFAULT_RULES) == kind


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("pin", "code"),
        ("user.login.pin", "code"),
        ("account[userPin]", "code"),
        ("tokens.token.0", "parameter"),
        ("TOKEN", "parameter"),
        ("new_password", "password"),
        ("cardNumber", "card"),
        ("email", "parameter"),
        ("zip_code", None),
        ("token.name", None),
        ("0", None),
        ("", None),
    ],
)
def test_a_key_is_known_by_its_last_name(key: str, kind: str | None) -> None:
    assert kind_of_key(key, DEFAULT_RULES) == kind


def test_addresses_give_their_secret_parameters() -> None:
    text = "see https://u:p%20w@shop.test/a?Token=x%2By&page=2#code=99 now"
    assert list(find_in_addresses(text, DEFAULT_RULES)) == [
        ("password", "p w"),
        ("parameter", "x+y"),
        ("parameter", "99"),
    ]


def test_a_rule_gives_its_group() -> None:
    rules = RedactionRules(kinds=(), texts=(TextRule(kind="customer", pattern=r"customer (\d+)"),))
    assert found("customer 77 of a@b.org", rules) == [("customer", "77")]
