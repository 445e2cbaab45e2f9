"""Replies written by a server that holds the same weights, for learning from them here."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import torch
from torch import nn

from browser_env.errors import InfraError, UsageError
from policy.vlm.generation import Row
from policy.vlm.pretrained import save_adapter
from policy.vlm.requests import Requests
from policy.vlm.server import Completion, Server


class RemoteGeneration:
    """Writes replies as :class:`policy.vlm.generation.Generation` does; the server draws, and says what it drew."""

    def __init__(self, server: Server, *, folder: Path, most: int) -> None:
        self._server, self._folder, self._most = server, folder, most
        self._name = f"webdual-{uuid.uuid4().hex[:8]}"  # other policies' adapters may be there too
        self._version: int | None = None  # that the server has

    def renew(self, model: nn.Module, *, version: int) -> None:
        """Have the server use the weights as they are now."""
        if version == self._version:
            return
        name = f"{self._name}-{version}"
        save_adapter(self._folder / name, model)
        self._server.push_adapter((self._folder / name).absolute(), name=name)
        if self._version is not None:  # the server has read it
            shutil.rmtree(self._folder / f"{self._name}-{self._version}", ignore_errors=True)
        self._version = version

    def begin(self, generator: torch.Generator | None) -> RemoteReplies:
        """Return where rows are written; the likeliest tokens where there is no generator."""
        temperature = float(generator is not None)
        requests = Requests[Row](self._server, most=self._most, temperature=temperature, exact=True)
        return RemoteReplies(requests, url=self._server.config.url)


class RemoteReplies:
    """Rows that a server writes side by side, as :class:`policy.vlm.generation.Replies` does here."""

    def __init__(self, requests: Requests[Row], *, url: str) -> None:
        self._requests, self._url = requests, url

    def add(self, row: Row) -> None:
        """Have a row written."""
        assert row.prompt.asked is not None
        self._requests.ask(row, row.prompt.asked.parts)

    def advance(self, *, wait_s: float) -> list[Row]:
        """Return the rows that are finished, once one is or time is up."""
        return [self._written(row, done) for row, done in self._requests.answered(wait_s=wait_s)]

    def close(self) -> None:
        """Give up what is not finished."""
        self._requests.close()

    def _written(self, row: Row, done: Completion) -> Row:
        if done.tokens is None or done.log_probs is None:
            raise InfraError(f"{self._url} does not say which tokens it wrote; use a server that does, as vLLM")
        if done.tokens_read and done.tokens_read != len(row.prompt.ids):
            raise UsageError(
                f"{self._url} read {done.tokens_read} tokens of a prompt that has"
                f" {len(row.prompt.ids)} here: its chat template or its pictures' size differ. Start it with the"
                " same model and processor settings, e.g. --mm-processor-kwargs of vLLM"
            )
        row.tokens, row.log_probs = list(done.tokens), list(done.log_probs)
        return row
