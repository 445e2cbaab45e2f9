import pytest

from rewards.match import MatchError, contains_words, matches_pattern, number_in, same_url, squeezed, url_under


def test_white_space_of_any_kind_is_one_blank() -> None:
    assert squeezed(" a\u00a0\n\tb ") == "a b"


def test_borders_hold_only_where_the_wanted_text_ends_in_a_word() -> None:
    assert contains_words("total:$5", "$5", ignore_case=False, whole_words=True)
    assert not contains_words("total:$50", "$5", ignore_case=False, whole_words=True)
    assert contains_words("straße", "STRASSE", ignore_case=True, whole_words=True)


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?P<x>", "[z-a]"])
def test_a_broken_pattern_is_an_error(pattern: str) -> None:
    with pytest.raises(MatchError, match="not a regular expression"):
        matches_pattern(pattern, "text")


def test_numbers_are_compared_as_decimals() -> None:
    assert number_in(" 0.30 ", 0.3, tolerance=0.0)
    assert number_in("0.4", 0.3, tolerance=0.1)
    assert not number_in("0.41", 0.3, tolerance=0.1)


def test_what_is_asked_for_must_be_a_url() -> None:
    with pytest.raises(MatchError, match="scheme"):
        same_url("https://a.org/", "a.org")
    with pytest.raises(MatchError, match="scheme"):
        url_under("https://a.org/", "https://[")
