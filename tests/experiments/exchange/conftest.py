from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser_env.env import BrowserEnv
from browser_env.serving import FolderServer
from browser_env.task import Task, VerifierSpec
from browser_env.task_source import as_task

PAGES = Path(__file__).parent / "pages"


@pytest.fixture(scope="package")
def site() -> Iterator[str]:
    """The address of this folder's pages."""
    with FolderServer(PAGES) as server:
        yield f"http://{server.address}"


@pytest.fixture(scope="package")
def order(site: str) -> Task:
    """A task that wants coffee ordered for Anna."""
    done = VerifierSpec(name="text", params={"contains": "Ordered Coffee for Anna"})
    return Task(
        name="order", url=f"{site}/order.html", goal="Order coffee for Anna.", verifier=done, viewport=(640, 300)
    )


@pytest.fixture(scope="module")
def selectors(site: str) -> Iterator[BrowserEnv]:
    """An environment on the page that selectors are tried on."""
    env = BrowserEnv(as_task(f"{site}/selectors.html", viewport=(640, 400)), pixels=False)
    env.reset(seed=0)
    yield env
    env.close()
