from pathlib import Path

import pytest

from browser_env.errors import InfraError
from experiments.benchmarks.venvs import DONE, cache_folder, make_venv, place_of


def test_the_cache_is_where_the_user_says(tmp_path: Path) -> None:
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "webdual" / "benchmarks"
    assert cache_folder({"HOME": str(tmp_path)}) == tmp_path / ".cache" / "webdual" / "benchmarks"


def test_other_pins_have_another_place(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert place_of("a", ["x==1", "y==2"], environ) == place_of("a", ["y==2", "x==1"], environ)
    assert place_of("a", ["x==1"], environ) != place_of("a", ["x==2"], environ)


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    pins = ["--no-index"]  # nothing is installed: pip says so
    place = place_of("empty", pins, environ)
    with pytest.raises(InfraError, match="could not be installed"):
        make_venv("empty", pins, environ=environ)
    assert not place.exists()
    place.mkdir(parents=True)
    (place / DONE).touch()
    assert make_venv("empty", pins, environ=environ) == str(place / "bin" / "python")
