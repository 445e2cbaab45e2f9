"""Replies written by a server that holds the same weights, for learning from them here."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from browser_env.errors import InfraError, UsageError
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
        temperature = float(generator is not None)
        completions = self._server.complete(asked, most=self._most, temperature=temperature, exact=True)
        for row, done in zip(rows, completions, strict=True):
            if done.tokens is None or done.log_probs is None:
                raise InfraError(
                    f"{self._server.config.url} does not say which tokens it wrote; use a server that does, as vLLM"
                )
            if done.tokens_read and done.tokens_read != len(row.prompt.ids):
                raise UsageError(
                    f"{self._server.config.url} read {done.tokens_read} tokens of a prompt that has"
                    f" {len(row.prompt.ids)} here: its chat template or its pictures' size differ. Start it with the"
                    " same model and processor settings, e.g. --mm-processor-kwargs of vLLM"
                )
            row.tokens, row.log_probs = list(done.tokens), list(done.log_probs)
