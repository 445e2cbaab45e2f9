"""What licence a page says that it is under."""

from __future__ import annotations

import pytest

from browser_env.snapshot.exchange import Exchange, Request, Response, Snapshot
from experiments.compiler.licensing import UNKNOWN, licence_of

URL = "http://site.test/"


def licence(markup: str, text: str = "") -> str:
    answer = Response(status=200, headers=(("content-type", "text/html"),), body="page")
    page = Exchange(request=Request(method="GET", url=URL), response=answer)
    return licence_of(Snapshot(exchanges=(page,), bodies={"page": markup.encode()}), URL, text)


@pytest.mark.parametrize(
    ("markup", "text", "said"),
    [
        ('<a rel="license" href="/cc">x</a>', "", "/cc"),
        ('<meta name="dcterms.rights" content="CC BY 4.0">', "© 2024", "CC BY 4.0"),
        ('<script type="application/ld+json">{"license": "MIT"}</script>', "", "MIT"),
        ("<p>x", "Welcome\n© 2024 Lund", "© 2024 Lund"),
        ("<p>x", "Welcome", UNKNOWN),
    ],
)
def test_it_is_quoted(markup: str, text: str, said: str) -> None:
    assert licence(markup, text) == said


@pytest.mark.parametrize(
    "broken", ["<![foo[", "<![[", "<!", "<!DOCTYPE [", "<![CDATA[", "<script>", "\x00<a", "<" * 50]
)
def test_broken_markup_says_nothing(broken: str) -> None:
    assert licence(broken) == UNKNOWN
