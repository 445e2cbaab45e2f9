"""A server that speaks OpenAI's chat protocol: replies, what they cost, and adapters pushed to it."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from browser_env.errors import InfraError, UsageError
from policy.vlm.prompt import Prompt

KEY = "OPENAI_API_KEY"  # the environment variable that holds the server's key, where it wants one
BUSY = (408, 409, 425, 429, 500, 502, 503, 504)  # answers after which it is worth to ask again
TOKEN_ID = "token_id:"  # how vLLM spells a token when asked for ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where a server is, and how patient one is with it."""

    url: str  # up to and with /v1
    model: str
    timeout_s: float = 120.0  # for one answer
    retries: int = 5
    backoff_s: float = 0.5  # before the first retry; doubles with each, with chance mixed in
    parallel: int = 16  # requests at once

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"a server's address begins with http:// or https://, unlike {self.url!r:.80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a server wrote."""

    text: str
    tokens: tuple[int, ...] | None  # None: the server does not say which
    log_probs: tuple[float, ...] | None
    tokens_read: int
    tokens_written: int


class Server:
    """A client; threads may share one."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.tokens_read = self.tokens_written = self.retried = 0  # so far
        self._model = config.model
        self._pushed: str | None = None
        self._lock = threading.Lock()

    def complete(self, prompts: Sequence[Prompt], *, most: int, temperature: float) -> list[Completion]:
        """Return a completion of each prompt, at most so many tokens long; raise :class:`InfraError` where it fails."""
        if not prompts:
            return []
        with ThreadPoolExecutor(max_workers=min(self.config.parallel, len(prompts))) as requests:
            return list(requests.map(lambda p: self._complete(p, most=most, temperature=temperature), prompts))

    def push_adapter(self, folder: Path, *, name: str) -> None:
        """Have the server use the adapter in a folder that it can read, and forget the one before."""
        self._post("load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        before, self._pushed, self._model = self._pushed, name, name
        if before is not None and before != name:
            self._post("unload_lora_adapter", {"lora_name": before})

    def _complete(self, prompt: Prompt, *, most: int, temperature: float) -> Completion:
        answer = self._post(
            "chat/completions",
            {
                "model": self._model,
                "messages": [{"role": "user", "content": _content(prompt)}],
                "max_tokens": most,
                "temperature": temperature,
                "top_p": 1.0,
                "logprobs": True,
                "return_tokens_as_token_ids": True,
            },
        )
        try:
            completion = _completion(json.loads(answer))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InfraError(f"{self.config.url} answered something else than a completion: {answer!r:.200}") from error
        with self._lock:
            self.tokens_read += completion.tokens_read
            self.tokens_written += completion.tokens_written
        return completion

    def _post(self, path: str, body: dict[str, Any]) -> bytes:
        """Send a request; ask again, ever later, while the server is busy or away."""
        why: object = None
        for attempt in range(self.config.retries + 1):
            if attempt:
                time.sleep(self.config.backoff_s * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
                with self._lock:
                    self.retried += 1
            try:
                return self._send(path, body)
            except urllib.error.HTTPError as error:
                why = f"HTTP {error.code}: {error.read(200).decode(errors='replace')}"
                if error.code not in BUSY:
                    raise InfraError(f"{self.config.url}/{path} refused: {why}") from error
            except OSError as error:  # it is away, or too slow
                why = error
        raise InfraError(f"{self.config.url}/{path} did not answer, {self.config.retries + 1} times: {why}")

    def _send(self, path: str, body: dict[str, Any]) -> bytes:
        key = os.environ.get(KEY)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        request = urllib.request.Request(
            f"{self.config.url.rstrip('/')}/{path}", data=json.dumps(body).encode(), headers=headers
        )
        with urllib.request.urlopen(request, timeout=self.config.timeout_s) as response:
            data: bytes = response.read()
        return data


def _content(prompt: Prompt) -> list[dict[str, Any]]:
    image = [] if prompt.image is None else [{"type": "image_url", "image_url": {"url": _data_url(prompt)}}]
    return [{"type": "text", "text": prompt.before}, *image, {"type": "text", "text": prompt.after}]


def _data_url(prompt: Prompt) -> str:
    assert prompt.image is not None
    buffer = io.BytesIO()
    Image.fromarray(prompt.image).save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _completion(answer: dict[str, Any]) -> Completion:
    choice, usage = answer["choices"][0], answer.get("usage") or {}
    scored = (choice.get("logprobs") or {}).get("content") or []
    spelled = [str(item["token"]) for item in scored]
    known = bool(spelled) and all(token.startswith(TOKEN_ID) for token in spelled)
    return Completion(
        text=choice["message"]["content"] or "",
        tokens=tuple(int(token.removeprefix(TOKEN_ID)) for token in spelled) if known else None,
        log_probs=tuple(float(item["logprob"]) for item in scored) if scored else None,
        tokens_read=int(usage.get("prompt_tokens", 0)),
        tokens_written=int(usage.get("completion_tokens", 0)),
    )
