import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser_env.serving import FolderServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.html").write_text("<p>page")
    with FolderServer(tmp_path / "pages") as server:
        yield server


def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def test_pages_are_served_over_one_connection(server: FolderServer) -> None:
    connection = http.client.HTTPConnection(server.address, timeout=5)
    assert [get(connection, "/page.html") for _ in range(3)] == [(200, b"<p>page")] * 3
    assert get(connection, "/absent.html")[0] == 404
    connection.close()


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/..%2fsecret.txt"])
def test_nothing_outside_the_folder_is_served(server: FolderServer, path: str) -> None:
    connection = http.client.HTTPConnection(server.address, timeout=5)
    assert get(connection, path)[0] == 404
    connection.close()


def test_only_this_machine_is_served(server: FolderServer) -> None:
    assert server.address.startswith("127.0.0.1:")


def test_closing_ends_it_twice_over(server: FolderServer) -> None:
    server.close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        get(http.client.HTTPConnection(server.address, timeout=5), "/page.html")
