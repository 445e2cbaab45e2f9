from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser_env.action import Click, Upload
from browser_env.errors import ActionError
from browser_env.uploads import allowed_files, is_accepted
from tests.browser_env.bench import Bench


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """An upload folder beside a secret, with links to it."""
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    folder = tmp_path / "uploads"
    (folder / "inner").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "photo.png", "inner/three.txt"):
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "out").symlink_to(tmp_path)
    (folder / "same.txt").symlink_to(folder / "one.txt")
    return str(folder)


@pytest.fixture
def files(open_tab: Callable[..., Any]) -> Bench:
    return Bench(open_tab("files"))


@pytest.mark.parametrize("name", ["one.txt", "inner/three.txt", "same.txt", "inner/../one.txt"])
def test_files_inside_the_folder_are_allowed(folder: str, name: str) -> None:
    assert allowed_files((name,), folder)[0].is_file()


@pytest.mark.parametrize(
    "name",
    [
        *["", ".", "inner", "absent.txt", "../secret.txt", "link.txt", "loop.txt", "out/secret.txt", "/etc/passwd"],
        *["inner/../../secret.txt", "a\0b", "x" * 5000, "..", "~", "file:///etc/passwd"],
    ],
)
def test_nothing_else_is(folder: str, name: str) -> None:
    with pytest.raises(ActionError, match="upload folder; it holds") as caught:
        allowed_files((name,), folder)
    assert "secret" not in str(caught.value).split("holds")[1]
    assert len(str(caught.value)) < 400


def test_a_name_is_needed_and_a_folder(folder: str) -> None:
    with pytest.raises(ActionError, match="at least one name"):
        allowed_files((), folder)
    with pytest.raises(ActionError, match="no upload folder"):
        allowed_files(("one.txt",), None)


@pytest.mark.parametrize(
    ("name", "accept", "accepted"),
    [
        ("a.txt", "", True),
        ("a.txt", ".txt", True),
        ("a.TXT", ".pdf, .txt", True),
        ("a.txt", "text/plain", True),
        ("a.png", "image/*", True),
        ("a.txt", "image/*,.pdf", False),
        ("a.unknownending", "image/*", False),
    ],
)
def test_an_accept_list_is_kept_to(name: str, accept: str, accepted: bool) -> None:
    assert is_accepted(Path(name), accept) is accepted


@pytest.mark.parametrize("opener", ["Text file", "Pick"])
def test_a_file_is_uploaded(files: Bench, folder: str, opener: str) -> None:
    files.tab.act(Upload(files.ids[opener], ("one.txt",)), upload_folder=folder)
    assert files.tab.evaluate("text.files[0].text()") == "one.txt"
    told = files.tab.evaluate("log.filter((e) => e.id === 'text').map((e) => [e.type, e.trusted])")
    assert ["input", True] in told
    assert ["change", True] in told


def test_several_files_are_uploaded_where_the_field_takes_them(files: Bench, folder: str) -> None:
    files.act(Upload(files.ids["Many"], ("one.txt", "photo.png")), upload_folder=folder)
    assert files.tab.evaluate("Array.from(many.files, (file) => file.name)") == ["one.txt", "photo.png"]


@pytest.mark.parametrize(
    ("opener", "names", "message"),
    [
        ("Text file", ("one.txt", "two.txt"), "takes one file"),
        ("Text file", ("photo.png",), "takes .txt"),
        ("Nothing", ("one.txt",), "opens no file chooser"),
        ("Many", ("../secret.txt",), "no file"),
    ],
)
def test_what_a_field_does_not_take_is_an_action_error(
    files: Bench, folder: str, opener: str, names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ActionError, match=message):
        files.act(Upload(files.ids[opener], names), upload_folder=folder)
    assert files.tab.evaluate("[text.files.length, many.files.length]") == [0, 0]


def test_a_click_on_a_file_field_changes_nothing(files: Bench) -> None:
    files.act(Click(files.ids["Many"]))
    assert files.tab.evaluate("many.files.length") == 0
