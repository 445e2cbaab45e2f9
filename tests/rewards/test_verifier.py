import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import VERIFIERS, ElementState, Evidence, Verdict, VerifierError, verify

PAGE = Evidence(url="https://shop.example/cart?b=2&a=1#top", text="Order 12  saved.\nThank you", page_done=True)
BUTTON = ElementState(role="button", name="Pay  now", states=("clickable",))
BOX = ElementState(role="checkbox", name="Gift", value="on", states=("checked", "clickable"))
WORKING_PARAMS: dict[str, dict[str, Any]] = {
    "page_reward": {"mode": "strict"},
    "url": {"equals": "https://shop.example/"},
    "text": {"contains": "saved"},
    "element": {"role": "button", "count": 0},
    "form": {"values": {"name": "Anna"}},
    "answer": {"equals": ""},
    "download": {"ends": ".csv"},
    "request": {"method": "POST"},
    "rows": {"column": "Price", "equals": "3"},
    "sorted": {"column": "Price", "order": "ascending"},
}


def page(raw: Any, **changes: Any) -> Evidence:
    return Evidence(**({"page_done": True, "page_reward": raw} | changes))


def succeeds(name: str, evidence: Evidence, **params: Any) -> bool:
    verdict = verify(name, params, evidence)
    assert verdict.reason
    assert 0 <= verdict.reward <= 1
    return verdict.success


@pytest.mark.parametrize("name", VERIFIERS)
def test_no_evidence_is_never_success(name: str) -> None:
    nothing = Verdict(success=False, reward=0.0, reason="nothing was recorded")
    spec = {"name": name, "params": WORKING_PARAMS[name]}
    assert verify(name, WORKING_PARAMS[name], Evidence()) == nothing
    assert verify("not", {"of": spec}, Evidence()) == nothing
    assert verify("any", {"of": [{"name": "not", "params": {"of": spec}}]}, Evidence()) == nothing


@pytest.mark.parametrize("name", VERIFIERS)
def test_unknown_parameters_are_refused(name: str) -> None:
    with pytest.raises(VerifierError, match="unknown parameters"):
        verify(name, WORKING_PARAMS[name] | {"surprise": 1}, PAGE)


@pytest.mark.parametrize("name", ["", "__class__", "page_rewards", "URL"])
def test_an_unknown_name_is_refused_and_lists_the_known(name: str) -> None:
    with pytest.raises(VerifierError, match="known are page_reward, url"):
        verify(name, {}, PAGE)


# page_reward


@pytest.mark.parametrize(("raw", "reward"), [(1.0, 1.0), (1, 1.0), (2.5, 1.0), (0.99, 0.0), (0.0, 0.0), (-1.0, 0.0)])
def test_strict_needs_a_full_reward(raw: float, reward: float) -> None:
    verdict = verify("page_reward", {"mode": "strict"}, page(raw))
    assert (verdict.success, verdict.reward) == (reward == 1.0, reward)


@pytest.mark.parametrize(("raw", "reward"), [(0.25, 0.25), (-1.0, 0.0), (1.0, 1.0), (7.0, 1.0)])
def test_partial_cuts_the_reward_to_one(raw: float, reward: float) -> None:
    verdict = verify("page_reward", {"mode": "partial"}, page(raw))
    assert (verdict.success, verdict.reward) == (raw >= 1, reward)


@pytest.mark.parametrize(
    ("raw", "elapsed", "reward"),
    [(1.0, 2500.0, 0.75), (0.5, 5000.0, 0.25), (1.0, 0.0, 1.0), (1.0, 12_000.0, 0.0), (-1.0, 100.0, 0.0)],
)
def test_time_decays_the_reward(raw: float, elapsed: float, reward: float) -> None:
    evidence = page(raw, page_elapsed_ms=elapsed, page_limit_ms=10_000.0)
    verdict = verify("page_reward", {"mode": "time_decayed"}, evidence)
    assert (verdict.success, verdict.reward) == (raw >= 1, pytest.approx(reward))


@pytest.mark.parametrize("limit", [None, 0.0, -1.0, float("nan")])
def test_time_decay_without_a_limit_is_an_error_and_no_failure(limit: float | None) -> None:
    with pytest.raises(VerifierError, match="time limit"):
        verify("page_reward", {"mode": "time_decayed"}, page(1.0, page_limit_ms=limit))


def test_threshold_is_reached_or_not() -> None:
    assert succeeds("page_reward", page(0.5), mode="threshold", threshold=0.5)
    assert not succeeds("page_reward", page(0.49), mode="threshold", threshold=0.5)


@pytest.mark.parametrize("mode", ["strict", "partial", "time_decayed"])
@pytest.mark.parametrize("raw", [None, float("nan"), float("inf"), "1.0", True, [1], 10**400])
def test_a_reward_that_is_no_finite_number_earns_nothing(mode: str, raw: Any) -> None:
    assert verify("page_reward", {"mode": mode}, page(raw, page_limit_ms=1.0)).reward == 0.0


def test_a_reward_before_the_page_is_done_earns_nothing() -> None:
    assert not succeeds("page_reward", page(1.0, page_done=False), mode="strict")


@pytest.mark.parametrize("raw", [-1.0, -0.5, 0.25, 1.0])
def test_raw_is_what_the_page_gave(raw: float) -> None:
    verdict = verify("page_reward", {"mode": "raw"}, page(raw))
    assert (verdict.reward, verdict.success) == (raw, raw == 1.0)


@pytest.mark.parametrize(("mode", "reward"), [("strict", 1.0), ("raw", 0.93), ("partial", 0.93)])
def test_needed_is_the_raw_reward_from_which_the_goal_is_reached(mode: str, reward: float) -> None:
    verdict = verify("page_reward", {"mode": mode, "needed": 0.9}, page(0.93))
    assert (verdict.success, verdict.reward) == (True, reward)
    assert not succeeds("page_reward", page(0.89), mode=mode, needed=0.9)


@pytest.mark.parametrize(("mode", "reward"), [("strict", 0.0), ("raw", 1.0), ("partial", 1.0)])
def test_what_a_page_pays_for_without_looking_must_hold(mode: str, reward: float) -> None:
    verdict = verify("page_reward", {"mode": mode}, page(1.0, page_checks={"it is round": False, "it is red": True}))
    assert (verdict.success, verdict.reward) == (False, reward)
    assert "it paid although not: it is round" in verdict.reason
    assert succeeds("page_reward", page(1.0, page_checks={"it is round": True}), mode=mode)


def test_a_threshold_is_the_pages_reward_alone() -> None:
    assert succeeds("page_reward", page(0.6, page_checks={"it is round": False}), mode="threshold", threshold=0.5)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"mode": "kind"},
        {"mode": ["strict"]},
        {"mode": "threshold"},
        {"mode": "threshold", "threshold": "1"},
        {"mode": "threshold", "threshold": float("nan")},
        {"mode": "threshold", "threshold": 10**400},
        {"mode": "strict", "threshold": 1.0},
    ],
)
def test_page_reward_refuses_wrong_parameters(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("page_reward", params, page(1.0))


# url


@pytest.mark.parametrize(
    ("wanted", "success"),
    [
        ("https://shop.example/cart?a=1&b=2#top", True),
        ("HTTPS://SHOP.example:443/cart?b=2&a=1#top", True),
        ("https://shop.example/cart?a=1&b=2", False),
        ("https://shop.example/cart?a=1#top", False),
        ("https://shop.example/cart/?a=1&b=2#top", False),
        ("http://shop.example/cart?a=1&b=2#top", False),
        ("https://shop.example:444/cart?a=1&b=2#top", False),
    ],
)
def test_url_equals_but_for_the_order_of_parameters(wanted: str, success: bool) -> None:
    assert succeeds("url", PAGE, equals=wanted) == success


@pytest.mark.parametrize(
    ("here", "prefix", "success"),
    [
        ("https://a.org/shop", "https://a.org/shop", True),
        ("https://a.org/shop/1?x=y", "https://a.org/shop", True),
        ("https://a.org/shop/1", "https://a.org/shop/", True),
        ("https://a.org", "https://a.org/", True),
        ("https://a.org/any", "https://a.org", True),
        ("https://a.org/s?b=2&a=1", "https://a.org/s?a=1", True),
        ("https://a.org/s?a=1&a=2", "https://a.org/s?a=1", False),
        ("https://a.org/app#/cart", "https://a.org/app#/cart", True),
        ("https://a.org/app#/home", "https://a.org/app#/cart", False),
        ("https://a.org/shopping", "https://a.org/shop", False),
        ("https://a.org/shop", "https://a.org/shop/", False),
        ("https://a.org.evil.net/shop", "https://a.org", False),
        ("https://a.org@evil.net/shop", "https://a.org", False),
        ("https://a.org/shop/../admin", "https://a.org/shop", False),
        ("https://a.org/shop/%2e%2E/admin", "https://a.org/shop", False),
        ("http://a.org/shop", "https://a.org/shop", False),
        ("https://a.org:99999/", "https://a.org/", False),
        ("https://[::bad/", "https://a.org/", False),
        ("", "https://a.org/", False),
    ],
)
def test_url_prefix_ends_at_a_segment(here: str, prefix: str, success: bool) -> None:
    assert succeeds("url", Evidence(url=here, title="x"), prefix=prefix) == success


def test_url_regex_matches_the_whole() -> None:
    assert succeeds("url", PAGE, regex=r"https://shop\.example/cart\?.*")
    assert not succeeds("url", PAGE, regex=r"https://shop\.example/cart")


def test_url_query_is_among_the_parameters_once() -> None:
    assert succeeds("url", PAGE, query={"a": "1"})
    assert succeeds("url", PAGE, query={"a": "1"}, prefix="https://shop.example/")
    assert not succeeds("url", PAGE, query={"a": "12"})
    assert not succeeds("url", PAGE, query={"c": ""})
    assert not succeeds("url", Evidence(url="https://a.org/?a=1&a=2"), query={"a": "1"})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"equals": "https://a.org", "prefix": "https://a.org"},
        {"equals": "/cart"},
        {"prefix": ""},
        {"prefix": 3},
        {"regex": "("},
        {"regex": "a" * 1001},
        {"query": ["a"]},
        {"query": {"a": 1}},
    ],
)
def test_url_refuses_wrong_parameters(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("url", params, PAGE)


# text


@pytest.mark.parametrize(
    ("params", "success"),
    [
        ({"contains": "12 saved."}, True),
        ({"contains": "saved. Thank"}, True),
        ({"contains": "Order 1"}, False),
        ({"contains": "aved"}, False),
        ({"contains": "aved", "whole_words": False}, True),
        ({"contains": "SAVED"}, False),
        ({"contains": "SAVED", "ignore_case": True}, True),
        ({"contains": "failed", "absent": True}, True),
        ({"contains": "saved", "absent": True}, False),
        ({"contains": ".*"}, False),
        ({"regex": r"Order \d+ saved"}, True),
        ({"regex": r"order \d+"}, False),
        ({"regex": r"order \d+", "ignore_case": True}, True),
        ({"regex": r"Order \d{3}"}, False),
        ({"regex": r"Order \d{3}", "absent": True}, True),
    ],
)
def test_text_is_on_the_page(params: dict[str, Any], success: bool) -> None:
    assert verify("text", params, PAGE).success == success


def test_a_pattern_never_searches_a_boundless_text() -> None:
    long = Evidence(text="a" * 20_001)
    with pytest.raises(VerifierError, match="characters"):
        verify("text", {"regex": "a+b", "absent": True}, long)
    assert succeeds("text", long, contains="aab", absent=True)


@pytest.mark.parametrize(
    "params",
    [{}, {"contains": ""}, {"contains": "  "}, {"contains": "a", "regex": "a"}, {"contains": "a", "absent": 1}],
)
def test_text_refuses_wrong_parameters(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("text", params, PAGE)


# element


@pytest.mark.parametrize(
    ("params", "success"),
    [
        ({"role": "button"}, True),
        ({"role": "button", "name": "Pay now"}, True),
        ({"role": "button", "name": "Pay"}, False),
        ({"role": "link", "name": "Pay now"}, False),
        ({"name": "Gift", "states": ["checked"]}, True),
        ({"name": "Gift", "without_states": ["checked"]}, False),
        ({"states": ["checked", "disabled"]}, False),
        ({"value": "on"}, True),
        ({"value": ""}, True),
        ({"states": ["clickable"], "count": 2}, True),
        ({"states": ["clickable"], "count": 1}, False),
        ({"role": "dialog", "count": 0}, True),
        ({"role": "button", "count": 0}, False),
    ],
)
def test_elements_are_counted(params: dict[str, Any], success: bool) -> None:
    assert verify("element", params, Evidence(elements=(BUTTON, BOX))).success == success


@pytest.mark.parametrize(
    "params",
    [{}, {"count": 1}, {"role": "a", "count": -1}, {"role": "a", "count": True}, {"role": "a", "states": "checked"}],
)
def test_element_refuses_wrong_parameters(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("element", params, PAGE)


# form


@pytest.mark.parametrize(
    ("held", "success"),
    [
        ({"name": "Anna", "age": "30"}, True),
        ({"name": "Anna"}, True),
        ({"name": "anna"}, False),
        ({"name": "Anna "}, False),
        ({"Name": "Anna"}, False),
        ({}, False),
    ],
)
def test_form_values_are_exact(held: dict[str, str], success: bool) -> None:
    evidence = Evidence(url="https://a.org/", form_values=held)
    assert succeeds("form", evidence, values={"name": "Anna"}) == success


def test_an_empty_value_differs_from_a_missing_control() -> None:
    assert succeeds("form", Evidence(form_values={"note": ""}), values={"note": ""})
    assert not succeeds("form", Evidence(form_values={"other": ""}), values={"note": ""})


@pytest.mark.parametrize("values", [None, {}, [], {"a": 1}, {1: "a"}])
def test_form_refuses_wrong_parameters(values: Any) -> None:
    with pytest.raises(VerifierError):
        verify("form", {"values": values}, PAGE)


# answer


@pytest.mark.parametrize(
    ("given_answer", "params", "success"),
    [
        (" blue \n whale", {"equals": "Blue Whale"}, True),
        ("bluewhale", {"equals": "Blue Whale"}, False),
        ("blue whales", {"equals": "Blue Whale"}, False),
        ("cafe\u0301", {"equals": "caf\u00e9"}, True),
        ("blue whale", {"equals": "Blue Whale", "exact": True}, False),
        ("Blue Whale", {"equals": "Blue Whale", "exact": True}, True),
        ("b", {"one_of": ["A", "B"]}, True),
        ("c", {"one_of": ["A", "B"]}, False),
        ("a b", {"one_of": ["A", "B"]}, False),
        ("", {"equals": ""}, True),
        ("42", {"number": 42}, True),
        ("42.0", {"number": 42}, True),
        ("1,234.5", {"number": 1234.5}, True),
        ("12,34", {"number": 1234}, False),
        ("1.1", {"number": 1.0, "tolerance": 0.1}, True),
        ("1.11", {"number": 1.0, "tolerance": 0.1}, False),
        ("-3", {"number": 3}, False),
        ("42 euros", {"number": 42}, False),
        ("nan", {"number": 42}, False),
        ("1e2", {"number": 100}, False),
        ("٤٢", {"number": 42}, False),
        ("9" * 200, {"number": 9}, False),
        ("1" + "0" * 30 + "1", {"number": 1e31}, False),
        (None, {"equals": ""}, False),
    ],
)
def test_answers(given_answer: str | None, params: dict[str, Any], success: bool) -> None:
    assert verify("answer", params, Evidence(title="page", answer=given_answer)).success == success


def test_giving_up_is_no_answer() -> None:
    assert not succeeds("answer", Evidence(answer="42", gave_up=True), number=42)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"equals": "a", "number": 1},
        {"equals": 1},
        {"one_of": []},
        {"one_of": "ab"},
        {"number": "1"},
        {"number": float("inf")},
        {"number": 1, "tolerance": -1},
        {"equals": "a", "tolerance": 1},
        {"number": 1, "exact": True},
    ],
)
def test_answer_refuses_wrong_parameters(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("answer", params, Evidence(answer="a"))


# all, any, not

TRUE = {"name": "text", "params": {"contains": "saved"}}
FALSE = {"name": "text", "params": {"contains": "failed"}}
HALF = {"name": "page_reward", "params": {"mode": "partial"}}


@pytest.mark.parametrize(
    ("name", "of", "success", "reward"),
    [
        ("all", [TRUE, TRUE], True, 1.0),
        ("all", [TRUE, FALSE], False, 0.0),
        ("all", [TRUE, HALF], False, 0.5),
        ("any", [FALSE, TRUE], True, 1.0),
        ("any", [FALSE, HALF], False, 0.5),
        ("any", [FALSE, FALSE], False, 0.0),
        ("not", FALSE, True, 1.0),
        ("not", TRUE, False, 0.0),
        ("not", {"name": "any", "params": {"of": [FALSE, {"name": "not", "params": {"of": TRUE}}]}}, True, 1.0),
    ],
)
def test_combinations(name: str, of: Any, success: bool, reward: float) -> None:
    verdict = verify(name, {"of": of}, Evidence(text="saved", page_done=True, page_reward=0.5))
    assert (verdict.success, verdict.reward) == (success, reward)


def test_a_failed_combination_gives_the_failing_parts_reason() -> None:
    assert "failed" in verify("all", {"of": [TRUE, FALSE]}, PAGE).reason


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("all", {}),
        ("all", {"of": []}),
        ("all", {"of": TRUE}),
        ("any", {"of": ["text"]}),
        ("any", {"of": [TRUE | {"weight": 2}]}),
        ("any", {"of": [TRUE, {"name": "nothing"}]}),
        ("any", {"of": [{"name": "text", "params": None}]}),
        ("not", {"of": [TRUE]}),
        ("not", {}),
        ("not", {"of": TRUE, "also": TRUE}),
    ],
)
def test_combinations_refuse_wrong_parameters(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify(name, params, PAGE)


def test_nesting_has_an_end() -> None:
    spec: dict[str, Any] = TRUE
    for _ in range(1000):
        spec = {"name": "not", "params": {"of": spec}}
    with pytest.raises(VerifierError, match="nested"):
        verify("not", {"of": spec}, PAGE)


# properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["mode", "threshold", "equals", "prefix", "regex", "query", "contains", "role", "count", "of"])


@given(st.sampled_from([*VERIFIERS, "all", "any", "not"]), st.dictionaries(KEYS, JSON, max_size=3))
def test_any_parameters_give_a_verdict_or_a_verifier_error(name: str, params: dict[str, Any]) -> None:
    try:
        verdict = verify(name, params, PAGE)
    except VerifierError:
        return
    assert 0 <= verdict.reward <= 1


@given(st.text(max_size=40), st.text(max_size=20))
def test_pages_cannot_make_a_verifier_raise(here: str, words: str) -> None:
    evidence = Evidence(url=here, text=words, answer=words, title="x")
    for name, params in (
        ("url", {"prefix": "https://a.org/x"}),
        ("url", {"query": {"a": "1"}}),
        ("text", {"contains": "saved", "ignore_case": True}),
        ("answer", {"number": 7}),
    ):
        assert verify(name, params, evidence) == verify(name, params, Evidence.from_json(evidence.to_json()))


def test_specs_are_plain_json() -> None:
    spec = {"of": [TRUE, {"name": "not", "params": {"of": FALSE}}]}
    assert verify("all", json.loads(json.dumps(spec)), PAGE).success


# download


@pytest.mark.parametrize(
    ("params", "success"),
    [
        ({"equals": "Report.CSV"}, True),
        ({"ends": ".csv"}, True),
        ({"equals": ".csv"}, False),
        ({"ends": "report.csv.exe"}, False),
    ],
)
def test_files_are_judged_by_their_names(params: dict[str, str], success: bool) -> None:
    evidence = Evidence(url="http://x/", downloads=("other.txt", "report.csv"))
    assert verify("download", params, evidence).success is success
    assert not verify("download", params, replace(evidence, downloads=())).success
    assert Evidence.from_json(evidence.to_json()) == evidence


@pytest.mark.parametrize("params", [{}, {"equals": "a", "ends": "b"}, {"ends": 3}])
def test_a_download_is_asked_for_in_one_way(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("download", params, Evidence(url="http://x/"))
