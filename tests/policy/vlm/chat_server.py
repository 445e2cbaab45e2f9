"""A small real server that answers as vLLM does, and is busy, slow or wrong where a test wants it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True, kw_only=True)
class Trouble:
    """An answer in place of the right one."""

    status: int = 200
    said: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    promised: int = 0  # bytes that are announced and never come
    drip_s: float = 0.0  # between one byte and the next


@dataclass(slots=True, kw_only=True)
class Model:
    """What the server answers, and what it was asked."""

    text: str = "I see it: click((500, 500))"
    tokens: tuple[int, ...] = (7, 9)
    token_ids: bool = True
    finish_reason: str = "stop"
    usage: dict[str, Any] | None = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 2})
    key: str = ""  # that it wants
    names: tuple[str, ...] = ("m",)
    unknown: tuple[str, ...] = ()  # fields of requests that it refuses
    troubles: list[Trouble] = field(default_factory=list)  # its next answers
    delay_s: float = 0.0
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)  # that it was sent

    def answer(self, path: str, body: dict[str, Any], key: str | None) -> Trouble:
        if self.key and key != f"Bearer {self.key}":
            return refusal(401, f"Incorrect API key provided: {key}")
        if self.troubles:
            return self.troubles.pop(0)
        if path == "models":
            return Trouble(said=json.dumps({"data": [{"id": name} for name in self.names]}).encode())
        if path.endswith("lora_adapter"):
            self.names = (*self.names, body["lora_name"])
            return Trouble(said=b"Success: LoRA adapter 'x' added successfully.")
        if body["model"] not in self.names:
            return refusal(404, f"The model `{body['model']}` does not exist.")
        refused = [name for name in self.unknown if name in body]
        if refused:
            return refusal(400, f"Unrecognized request argument supplied: {refused[0]}")
        return Trouble(said=json.dumps(self.completion(body)).encode())

    def completion(self, body: dict[str, Any]) -> dict[str, Any]:
        tokens = [f"token_id:{token}" for token in self.tokens] if self.token_ids else ["I", " see"]
        scored = [{"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": []} for token in tokens]
        message = {"role": "assistant", "content": self.reply(body), "reasoning_content": None}
        choice = {"index": 0, "message": message, "logprobs": {"content": scored}, "finish_reason": self.finish_reason}
        return {"id": "1", "object": "chat.completion", "choices": [choice], "usage": self.usage}

    def reply(self, body: dict[str, Any]) -> str:
        return self.text


def refusal(status: int, message: str) -> Trouble:
    return Trouble(status=status, said=json.dumps({"error": {"message": message, "code": status}}).encode())


@contextlib.contextmanager
def serving(served: Model) -> Iterator[Model]:
    """Run a server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self.reply({})

        def reply(self, body: dict[str, Any]) -> None:
            served.asked.append((self.path, body))
            served.keys.append(self.headers.get("Authorization"))
            time.sleep(served.delay_s)
            answer = served.answer(self.path.removeprefix("/v1/"), body, self.headers.get("Authorization"))
            with contextlib.suppress(ConnectionError):  # who asked has gone
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.said) + answer.promised))
                self.end_headers()
                for part in [answer.said] if not answer.drip_s else map(bytes, zip(answer.said, strict=False)):
                    self.wfile.write(part)
                    time.sleep(answer.drip_s)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
