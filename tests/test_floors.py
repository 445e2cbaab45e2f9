"""Imports go down only, and the outside worlds each have one door."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("rewards", "browser_env", "replay", "policy", "experiments")
TYPES = {f"browser_env.{name}" for name in ("acting", "action", "episode", "errors", "marks", "observation", "task")}
MAY_IMPORT = {  # package -> ours that it may import, as packages or as single modules
    "rewards": {"rewards"},
    "browser_env": {"browser_env", "rewards"},
    "replay": {"replay", "rewards"} | TYPES,
    "policy": {"policy", "replay", "rewards"} | TYPES,
    "experiments": set(PACKAGES),
}
DOORS = {"playwright": "", "mlflow": "experiments/tracking.py"}  # "": nobody; Playwright installs the browser
LIGHT = ("rewards", "replay")  # packages that import without torch and without a browser, as TYPES do
HEAVY = ("torch", "playwright", "mlflow", "transformers")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def imported(tree: ast.AST, *, package: str) -> Iterator[str]:
    """Yield every imported module's full name, wherever the import stands, dynamic ones of constants included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
            yield from {name if is_module(name) else base for name in names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def imports_of(path: Path) -> set[str]:
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return set(imported(ast.parse(path.read_text(encoding="utf-8")), package=package))


def executed_imports_of(path: Path) -> set[str]:
    """The imports that happen when the code runs, those for type checkers left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = []
    return set(imported(tree, package=""))


def allowed(name: str, package: str) -> bool:
    return any(name == known or name.startswith(f"{known}.") for known in MAY_IMPORT[package])


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_down_only(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(package)
        for name in sorted(imports_of(path))
        if name.partition(".")[0] in (*PACKAGES, "tests") and not allowed(name, package)
    ]
    assert not wrong


@pytest.mark.parametrize("library", DOORS)
def test_an_outside_world_has_one_door(library: str) -> None:
    importers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sources(package)
        if any(name.partition(".")[0] == library for name in executed_imports_of(path))
    }
    assert importers <= {DOORS[library]}


def test_one_module_loads_pretrained_weights() -> None:
    loaders = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sources(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "from_pretrained"
    }
    assert len(loaders) <= 1, loaders


def test_light_modules_import_without_torch_and_without_a_browser() -> None:
    names = sorted({module_name(path) for package in LIGHT for path in sources(package)} | TYPES)
    code = (
        "import importlib, sys\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"sys.exit(repr([name for name in {HEAVY} if name in sys.modules]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b as c", {"a.b"}),
        ("from rewards import cost, Outcome", {"rewards.cost", "rewards"}),
        ("def f():\n    from policy.x import y", {"policy.x"}),
        ("if TYPE_CHECKING:\n    import torch", {"torch"}),
        ("from . import store", {"replay.store"}),
        ("from .store import ReplayStore", {"replay.store"}),
        ("importlib.import_module('mlflow')", {"mlflow"}),
        ("x = 'import torch'", set()),
    ],
)
def test_imports_are_seen_wherever_they_stand(source: str, names: set[str]) -> None:
    assert set(imported(ast.parse(source), package="replay")) == names
