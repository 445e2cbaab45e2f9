from typing import Any

import pytest

from rewards import Evidence, VerifierError, verify
from rewards.evidence import Sent

ORDER = Sent(method="POST", url="http://shop.test/basket?x=1", fields={"product": "3", "note.to": "A  B"}, status=303)


def succeeds(*sent: Sent, **params: Any) -> bool:
    return verify("request", params, Evidence(url="http://shop.test/", sent=sent)).success


def test_method_address_and_fields_have_to_fit() -> None:
    assert succeeds(ORDER, method="POST", equals="http://shop.test/basket?x=1", fields={"product": "3"})
    assert succeeds(ORDER, prefix="http://shop.test/basket", fields={"note.to": "A B"})
    assert not succeeds(ORDER, method="PUT")
    assert not succeeds(ORDER, equals="http://shop.test/basket")
    assert not succeeds(ORDER, prefix="http://shop.test/bask")
    assert not succeeds(ORDER, fields={"product": "4"})
    assert not succeeds(ORDER, fields={"product": "3", "quantity": ""})
    assert not succeeds(method="POST")


@pytest.mark.parametrize(("status", "counts"), [(200, True), (303, True), (None, True), (400, False), (500, False)])
def test_a_request_that_failed_does_not_count(status: int | None, counts: bool) -> None:
    assert succeeds(Sent(method="POST", url="http://shop.test/", status=status), method="POST") == counts


def test_one_of_several_requests_is_enough() -> None:
    assert succeeds(Sent(method="DELETE", url="http://shop.test/1"), ORDER, method="POST", fields={"product": "3"})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"method": "GET"},
        {"equals": "http://a.test/", "prefix": "http://a.test/"},
        {"fields": {"a": 1}},
        {"fields": ["a"]},
        {"equals": "no address"},
        {"prefix": ""},
    ],
)
def test_wrong_parameters_are_errors(params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError):
        verify("request", params, Evidence(url="http://shop.test/"))
