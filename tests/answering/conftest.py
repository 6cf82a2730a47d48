"""A picture to ask about, and a server that speaks OpenAI's protocol as it is told to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from pekit_agents.testing import solid_scene


@pytest.fixture
def photo() -> Image.Image:
    return solid_scene({"red": (20, 20, 80, 80)})


@dataclass
class Stub:
    """What the server is to say, and what it heard.

    Attributes:
        url: Where its API begins.
        status: The status of every reply.
        reply: Its body: JSON-ready, or text as it is.
        headers: Further headers of the reply.
        may_reply: Cleared, it hears and waits with the reply.
        heard: (path, headers, body) of each request.
    """

    url: str = ""
    status: int = 200
    reply: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    may_reply: threading.Event = field(default_factory=threading.Event)
    heard: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def says(self, text: str | None, **more: Any) -> None:
        message = {"role": "assistant", "content": text, **more.pop("message", {})}
        choice = {"index": 0, "message": message, "finish_reason": "stop", **more}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self.reply = {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": "stub",
            "choices": [choice],
            "usage": usage,
        }


def handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            stub.heard.append((self.path, headers, body))
            stub.may_reply.wait(20)
            text = stub.reply if isinstance(stub.reply, str) else json.dumps(stub.reply)
            self.send_response(stub.status)
            for name, value in {"Content-Type": "application/json", **stub.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            with contextlib.suppress(BrokenPipeError):  # a client that has given up
                self.end_headers()
                self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    made.may_reply.set()
    made.says("It is asleep.")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.may_reply.set()
    server.shutdown()
    server.server_close()
    thread.join()
