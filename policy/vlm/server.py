"""A server that speaks OpenAI's chat protocol: replies, what they cost, and adapters pushed to it."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from browser_env.errors import InfraError, UsageError
from browser_env.observation import Screenshot
from policy.vlm.posting import KEY, QUOTED, Poster, RefusedError, api_key, masked
from policy.vlm.posting import ServerConfig as ServerConfig

TOKEN_ID = "token_id:"  # how vLLM spells a token when asked for ids
WISHES: dict[str, Any] = {  # asked for until the server says that it does not know them
    "logprobs": True,
    "return_tokens_as_token_ids": True,
    "top_p": 1.0,  # and no other limits: servers take them from the model's own settings
    "top_k": -1,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "response_format": {"type": "json_object"},
}
MOST_LETTERS = 8192  # of a reply; of a longer one, the end is read
Part = str | Screenshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a server wrote."""

    text: str
    cut: bool  # it wanted to write more
    tokens: tuple[int, ...] | None  # None: the server does not say which
    log_probs: tuple[float, ...] | None
    tokens_read: int  # 0: the server does not say
    tokens_written: int


class Server:
    """A client; threads may share one."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.tokens_read = self.tokens_written = 0  # so far
        self._poster = Poster(config)
        self._model = config.model
        self._pushed: str | None = None
        self._unknown: frozenset[str] = frozenset()  # wishes that the server does not know
        self._limit = "max_tokens"  # what the server calls it
        self._lock = threading.Lock()

    @property
    def retried(self) -> int:
        """How many requests had to be sent again."""
        return self._poster.retried

    def complete(
        self, asked: Sequence[Sequence[Part]], *, most: int, temperature: float, system: str = "", as_json: bool = False
    ) -> list[Completion]:
        """Return a completion of each message of texts and pictures, at most so many tokens long.

        ``system`` goes before each. Raise :class:`InfraError` where the server fails, :class:`UsageError` where it
        lacks the model or refuses the key.
        """
        if not asked:
            return []

        def one(parts: Sequence[Part]) -> Completion:
            messages = [{"role": "system", "content": system}] if system else []
            messages.append({"role": "user", "content": [_content(part) for part in parts]})  # type: ignore[dict-item]
            wishes = WISHES if as_json else {n: wish for n, wish in WISHES.items() if n != "response_format"}
            return self._complete({"messages": messages, "temperature": temperature}, wishes, most=most)

        with ThreadPoolExecutor(max_workers=min(self.config.parallel, len(asked))) as requests:
            return list(requests.map(one, asked))

    def push_adapter(self, folder: Path, *, name: str) -> None:
        """Have the server use the adapter in a folder that it can read, and forget the one before."""
        try:
            self._poster.ask("load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        except RefusedError as refusal:
            if not (refusal.again and "already been loaded" in refusal.said):  # else an earlier try did it
                raise InfraError(
                    f"{refusal}. vLLM takes adapters that it can read, started with --enable-lora and"
                    " VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
                ) from refusal
        before, self._pushed, self._model = self._pushed, name, name
        if before is not None and before != name:
            self._poster.ask("unload_lora_adapter", {"lora_name": before})

    def _complete(self, body: dict[str, Any], wishes: dict[str, Any], *, most: int) -> Completion:
        while True:
            known = {name: wish for name, wish in wishes.items() if name not in self._unknown}
            sent = {"model": self._model, self._limit: most} | known | body
            try:
                answer = self._poster.ask("chat/completions", sent)
                break
            except RefusedError as refusal:
                if not self._learned(refusal, sent):
                    raise self._explained(refusal) from refusal
        try:
            completion = _completion(json.loads(answer))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            said = masked(answer.decode(errors="replace"))
            raise InfraError(f"{self.config.url} answered something else than a completion: {said!r:.200}") from error
        with self._lock:
            self.tokens_read += completion.tokens_read
            self.tokens_written += completion.tokens_written
        return completion

    def _learned(self, refusal: RefusedError, sent: dict[str, Any]) -> bool:
        """Note which wishes of a request the server does not know; return whether it is worth to ask without them."""
        if refusal.status not in (400, 422):
            return False
        named = {name for name in WISHES if name in sent and re.search(rf"\b{name}\b", refusal.said)}
        renamed = "max_completion_tokens" in refusal.said and "instead" in refusal.said
        with self._lock:
            self._unknown |= named
            self._limit = "max_completion_tokens" if renamed else self._limit
        return bool(named) or self._limit not in sent

    def _explained(self, refusal: RefusedError) -> Exception:
        """Return what to do about a refusal."""
        url = self.config.url
        if refusal.status in (401, 403):
            what = "refuses the key in" if api_key() else "wants a key; put it into the environment variable"
            return UsageError(f"{url} {what} {KEY}. It said: {refusal.said[:QUOTED]}")
        if refusal.status == 404:
            models = self._models()
            if models and self._model not in models:
                return UsageError(f"{url} has no model {self._model!r:.100}; it has {', '.join(models[:20])}")
            return UsageError(
                f"{url} has no chat completions of {self._model!r:.100}; its address ends in /v1 mostly."
                f" It said: {refusal.said[:QUOTED]}"
            )
        return refusal

    def _models(self) -> list[str]:
        """Return the models that the server has, none where it does not say."""
        try:
            return [masked(str(model["id"]))[:100] for model in json.loads(self._poster.ask("models"))["data"]]
        except (InfraError, ValueError, KeyError, TypeError, RecursionError):
            return []


def _content(part: Part) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    buffer = io.BytesIO()
    Image.fromarray(part).save(buffer, format="PNG")
    url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _completion(answer: dict[str, Any]) -> Completion:
    choice, usage = answer["choices"][0], answer.get("usage") or {}
    text = choice["message"]["content"] or ""
    if not isinstance(text, str):
        raise TypeError("a reply is a text")
    scored = (choice.get("logprobs") or {}).get("content") or []
    spelled = [str(item["token"]) for item in scored]
    log_probs = tuple(float(item["logprob"]) for item in scored)
    known = bool(spelled) and all(token.startswith(TOKEN_ID) for token in spelled)
    return Completion(
        text=masked(text[-MOST_LETTERS:]),
        cut=choice.get("finish_reason") == "length",
        tokens=tuple(int(token.removeprefix(TOKEN_ID)) for token in spelled) if known else None,
        log_probs=log_probs if log_probs and all(map(math.isfinite, log_probs)) else None,
        tokens_read=_count(usage.get("prompt_tokens")),
        tokens_written=_count(usage.get("completion_tokens")),
    )


def _count(value: object) -> int:
    return value if type(value) is int and value > 0 else 0
