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
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
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
UNKNOWN = re.compile(  # how servers say that they do not know a field, in contrast to one whose value they refuse
    r"unknown|unrecogni[sz]ed|unexpected|unsupported|not (?:be )?(?:support|permitted|allowed)|extra (?:fields|inputs)",
    re.IGNORECASE,
)
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
        self._pushed: tuple[Path, str] | None = None  # the adapter that it has, and its name
        self._unknown: frozenset[str] = frozenset()  # wishes that the server does not know
        self._limit = "max_tokens"  # what the server calls it
        self._lock, self._pushing = threading.Lock(), threading.Lock()

    @property
    def name(self) -> str:
        """What the server calls its model."""
        return self.config.model

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return self.config.is_here

    @property
    def parallel(self) -> int:
        """How many messages it is asked at once."""
        return self.config.parallel

    @property
    def retried(self) -> int:
        """How many requests had to be sent again."""
        return self._poster.retried

    def complete(
        self,
        parts: Sequence[Part],
        *,
        most: int,
        temperature: float,
        system: str = "",
        as_json: bool = False,
        exact: bool = False,
    ) -> Completion:
        """Return a completion of a message of texts and pictures, at most so many tokens long.

        ``system`` goes before it. Where it must be drawn ``exact`` as asked, no wish is given up. Raise
        :class:`InfraError` where the server fails, :class:`UsageError` where it lacks the model, refuses the key or
        does not know such a wish.
        """
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": [_content(part) for part in parts]})  # type: ignore[dict-item]
        wishes = WISHES if as_json else {n: wish for n, wish in WISHES.items() if n != "response_format"}
        body = {"messages": messages, "temperature": temperature}
        return self._complete(body, wishes, most=most, exact=exact)

    def answer(self, asked: Sequence[Sequence[Part]], *, most: int, system: str) -> list[Completion]:
        """Return the likeliest answer, in JSON where the server can be held to it, to each message."""
        if not asked:
            return []
        with ThreadPoolExecutor(max_workers=min(self.parallel, len(asked))) as requests:
            ask = partial(self.complete, most=most, temperature=0.0, system=system, as_json=True)
            return list(requests.map(ask, asked))

    def push_adapter(self, folder: Path, *, name: str) -> None:
        """Have the server use the adapter in a folder that it can read, and forget the one before."""
        self._load(folder, name)
        before, self._pushed, self._model = self._pushed, (folder, name), name
        if before is not None and before[1] != name:
            with suppress(RefusedError):  # it may have been restarted, or forget the oldest by itself
                self._poster.ask("unload_lora_adapter", {"lora_name": before[1]})

    def _load(self, folder: Path, name: str) -> None:
        try:
            self._poster.ask("load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        except RefusedError as refusal:
            if not (refusal.again and "already been loaded" in refusal.said):  # else an earlier try did it
                raise InfraError(
                    f"{refusal}. vLLM takes adapters that it can read, started with --enable-lora and"
                    " VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
                ) from refusal

    def _restored(self) -> bool:
        """Load the adapter anew where the server has lost it, as after a restart; return whether it is there then."""
        if self._pushed is None:
            return False
        with self._pushing:  # of many requests that find it missing, one does it
            if self._pushed[1] not in self._models():
                self._load(*self._pushed)
        return True

    def _complete(self, body: dict[str, Any], wishes: dict[str, Any], *, most: int, exact: bool) -> Completion:
        may_restore = True
        while True:
            known = {name: wish for name, wish in wishes.items() if name not in self._unknown}
            sent = {"model": self._model, self._limit: most} | known | body
            try:
                answer = self._poster.ask("chat/completions", sent)
                break
            except RefusedError as refusal:
                if refusal.status == 404 and may_restore and self._restored():
                    may_restore = False
                elif not self._learned(refusal, sent, exact=exact):
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

    def _learned(self, refusal: RefusedError, sent: dict[str, Any], *, exact: bool) -> bool:
        """Note which wishes of a request the server does not know; return whether it is worth to ask without them."""
        if refusal.status not in (400, 422) or not UNKNOWN.search(refusal.said):
            return False
        named = {name for name in WISHES if name in sent and re.search(rf"\b{name}\b", refusal.said)}
        if named and exact:
            raise UsageError(
                f"{self.config.url} does not know {', '.join(sorted(named))}, which learning from what it draws needs;"
                f" use a server that does, as vLLM. It said: {refusal.said[:QUOTED]}"
            ) from refusal
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
