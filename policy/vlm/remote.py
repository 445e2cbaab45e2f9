"""Replies written by a server that holds the same weights, for learning from them here."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from browser_env.errors import InfraError
from policy.vlm.generation import Row
from policy.vlm.pretrained import save_adapter
from policy.vlm.server import Server


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

    def write(self, rows: Sequence[Row], *, generator: torch.Generator | None) -> None:
        """Fill in all rows' tokens; the likeliest ones where there is no generator."""
        asked = [row.prompt.asked.parts for row in rows if row.prompt.asked is not None]
        completions = self._server.complete(asked, most=self._most, temperature=float(generator is not None))
        for row, done in zip(rows, completions, strict=True):
            if done.tokens is None or done.log_probs is None:
                raise InfraError(
                    f"{self._server.config.url} does not say which tokens it wrote; use a server that does, as vLLM"
                )
            row.tokens, row.log_probs = list(done.tokens), list(done.log_probs)
