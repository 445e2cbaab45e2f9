"""Tasks that only read send nothing that may change their site; judged by the server's own log."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from browser_env.action import Click, Wait
from browser_env.judgement import StepResult
from browser_env.reading import only_reads
from browser_env.snapshot.exchange import Request
from browser_env.snapshot.recording import Recorder
from browser_env.task import Task, VerifierSpec
from rewards.evidence import Sent
from tests.browser_env.conftest import Episodes
from tests.experiments.compiler.sites.sender import sender
from tests.experiments.compiler.sites.serving import Served, served

READS = ("GET", "Search", "GraphQL query")
WRITES = (
    *(
        "GraphQL mutation",
        "POST",
        "Form data",
        "PUT",
        "PATCH",
        "DELETE",
        "XHR",
        "Beacon",
        "Keepalive",
        "Worker",
        "Shared worker",
    ),
    *("Submit", "Submit in a tab"),
)
NEVER = VerifierSpec(name="url", params={"regex": "(?!)"})


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with served(sender) as site:
        yield site


@pytest.fixture(params=["alone", "recorded"])
def watched(request: pytest.FixtureRequest, episodes: Episodes) -> Iterator[Episodes]:
    episodes.environment._recorder = Recorder() if request.param == "recorded" else None
    yield episodes
    episodes.environment._recorder = None


def click(episodes: Episodes, page: Served, name: str, *, read_only: bool = True) -> StepResult:
    task = Task(name="test/sender", url=page.url, goal="", verifier=NEVER, read_only=read_only)
    observation = episodes.reset(task)
    page.log.clear()
    result: StepResult = episodes.step(Click(next(e.id for e in observation.elements if e.name == name)))
    if name in ("Worker", "Shared worker"):  # a step does not wait for one to begin, which takes long on a busy machine
        for _ in range(60):
            later: StepResult = episodes.step(Wait(500))
            result = replace(later, blocked=(*result.blocked, *later.blocked))
            if result.blocked or page.log:
                break
    return result


@pytest.mark.parametrize("name", READS)
def test_what_reads_arrives(watched: Episodes, page: Served, name: str) -> None:
    result = click(watched, page, name)
    assert len(page.log) == 1
    assert result.blocked == ()
    assert watched.environment.evidence.sent == ()


@pytest.mark.parametrize("name", WRITES)
def test_what_changes_never_arrives(watched: Episodes, page: Served, name: str) -> None:
    result = click(watched, page, name)
    assert page.changes == []
    assert any(what.startswith(("POST ", "PUT ", "PATCH ", "DELETE ")) for what in result.blocked)


def test_while_recording_no_socket_is_opened(episodes: Episodes, page: Served) -> None:
    episodes.environment._recorder = Recorder()
    result = click(episodes, page, "WebSocket")
    episodes.environment._recorder = None
    assert page.log == []
    assert result.blocked == (f"WebSocket {page.url.replace('http', 'ws')}socket",)
    assert any(element.name == "sent WebSocket" for element in result.observation.elements)


@pytest.mark.parametrize("name", ["POST", "DELETE", "XHR", "Submit", "Beacon"])
def test_without_the_rule_it_arrives(episodes: Episodes, page: Served, name: str) -> None:
    assert click(episodes, page, name, read_only=False).blocked == ()
    assert len(page.changes) == 1


def test_evidence_holds_what_was_sent(episodes: Episodes, page: Served) -> None:
    click(episodes, page, "POST", read_only=False)
    fields = {"title": "Oak", "by.name": "Anna", "tags.0": "a", "tags.1": "2", "password": "redacted"}
    sent = Sent(method="POST", url=f"{page.url}write", fields=fields, status=200)
    assert episodes.environment.evidence.sent == (sent,)
    click(episodes, page, "Form data", read_only=False)
    assert episodes.environment.evidence.sent == (replace(sent, fields={"a": "1", "b.0": "2", "b.1": "3"}),)
    click(episodes, page, "Submit", read_only=False)
    assert episodes.environment.evidence.sent == (replace(sent, fields={"name": "Anna", "password": "redacted"}),)
    click(episodes, page, "Rejected", read_only=False)
    assert episodes.environment.evidence.sent[0].status == 422


def test_what_was_refused_is_sent_without_an_answer(episodes: Episodes, page: Served) -> None:
    click(episodes, page, "POST")
    assert [(sent.method, sent.status) for sent in episodes.environment.evidence.sent] == [("POST", None)]


@pytest.mark.parametrize(
    ("method", "path", "body", "reads"),
    [
        ("GET", "/delete", b"", True),
        ("POST", "/api/search", b"", True),
        ("POST", "/api/search_notes", b"", True),
        ("POST", "/api/suggest", b"", True),
        ("POST", "/api/list-delete", b"", False),
        ("POST", "/api/search-delete", b"", False),
        ("POST", "/api/queries", b'{"query": "SELECT 1"}', False),
        ("POST", "/api/queries", b'{"name": "Mine", "query": "SELECT 1"}', False),
        ("POST", "/api/list", b'{"name": "Groceries"}', False),
        ("POST", "/api/list", b'{"name": "Groceries", "query": "x"}', False),
        ("POST", "/api/list", b'{"query": "oak", "page": 2}', True),
        ("POST", "/api/filter", b"", False),
        ("POST", "/api/filter", b'["query"]', False),
        ("POST", "/api/count", b"{broken", False),
        ("POST", "/api/count", b"[" * 100_000, False),
        ("POST", "/api/count", b'{"filter": {"state": "open"}}', True),
        ("POST", "/api/get_users", b"", False),
        ("POST", "/query", b'{"query": "DROP TABLE users"}', False),
        ("POST", "/api/research", b"", False),
        ("PUT", "/api/search", b"", False),
        ("POST", "/graphql", b'{"query": "query Q { a }"}', True),
        ("POST", "/graphql", rb'{"query": "\n  {\n ...f\n} fragment f on Q { a }"}', True),
        ("POST", "/queries", rb'{"query": "{\"collection\": \"a\"}"}', False),
        ("POST", "/graphql", b'{"query": "fragment F on T { a } mutation { b }"}', False),
        ("POST", "/graphql", b'[{"query": "{ a }"}, {"query": "mutation { b }"}]', False),
        ("POST", "/graphql", b'{"query": "\\u006dutation { b }"}', False),
        ("MOVE", "/search", b"", False),
    ],
)
def test_which_requests_only_read(method: str, path: str, body: bytes, reads: bool) -> None:
    assert only_reads(Request(method=method, url=f"http://a.test{path}", body=body)) == reads


@pytest.mark.parametrize(("body", "reads"), [(b"q=oak&limit=5", True), (b"q=oak&title=x", False), (b"title=x", False)])
def test_which_forms_only_read(body: bytes, reads: bool) -> None:
    kind = (("content-type", "application/x-www-form-urlencoded"),)
    assert only_reads(Request(method="POST", url="http://a.test/list", body=body, headers=kind)) == reads
