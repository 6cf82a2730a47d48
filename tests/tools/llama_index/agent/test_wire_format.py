"""What goes over the wire to OpenAI's two APIs, seen by a local stand-in for their server."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pekit_agents.tools.image_store import handle_of

openai = pytest.importorskip(
    "llama_index.llms.openai", reason="llama-index-llms-openai is not installed"
)
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
FIND = {"name": "find_personal_objects", "arguments": "{}"}


class _Provider(BaseHTTPRequestHandler):
    """Answers first with two tool calls, then with a text."""

    def do_POST(self):
        bodies = self.server.bodies
        bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = _response if self.path.endswith("/responses") else _completion
        data = json.dumps(answer(len(bodies) == 1)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def _completion(first):
    message = {"role": "assistant", "content": "" if first else "It is Biscuit."}
    if first:
        message["tool_calls"] = [
            {"id": f"call_{at}", "type": "function", "function": FIND} for at in range(2)
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if first else "stop"}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [choice],
        "usage": USAGE,
    }


def _response(first):
    text = {"type": "output_text", "text": "It is Biscuit.", "annotations": []}
    said = {"type": "message", "id": "m1", "role": "assistant", "status": "completed"}
    asked = [
        {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", **FIND}
        for at in range(2)
    ]
    return {
        "id": "r1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-4o",
        "status": "completed",
        "output": asked if first else [{**said, "content": [text]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


@pytest.fixture
def provider():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    server.bodies = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.bodies, f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def _data(part):
    url = part["image_url"]
    return base64.b64decode((url if isinstance(url, str) else url["url"]).partition(",")[2])


def _pictures(message):
    parts = message.get("content")
    return [part for part in parts if "image_url" in part] if isinstance(parts, list) else []


@pytest.mark.parametrize("api", ["OpenAI", "OpenAIResponses"])
async def test_the_provider_gets_pictures_in_user_messages_only(
    make_agent, said, photo, remember, provider, api
):
    remember("Biscuit", "red", context="Eats shoes.")
    bodies, url = provider
    llm = getattr(openai, api)(model="gpt-4o", api_base=url, api_key="none", max_retries=0)
    agent = make_agent(llm, user_id="ann", streaming=False)
    original = photo("red", "blue")
    result = await agent.run(said("Who is this?", original))
    assert result.response.content == "It is Biscuit."

    first, second = (body.get("messages") or body["input"] for body in bodies)
    (user,) = [message for message in first if message.get("role") == "user"]
    words, label, picture, told = user["content"]
    assert (words["text"], label["text"]) == ("Who is this?", f"[image {handle_of(original)}]")
    assert _data(picture)[:2] == b"\xff\xd8"  # a JPEG with boxes; the original is a PNG
    assert 'called "Biscuit"' in told["text"]

    results = [message for message in second if _is_result(message)]
    assert len(results) == 2
    assert second[-3:-1] == results  # nothing stands between them, and the pictures come after
    assert not any("data:image" in json.dumps(message) for message in results)
    assert second[-1]["role"] == "user"
    assert len(_pictures(second[-1])) == 1
    assert sum(len(_pictures(message)) for message in second) == 2


def _is_result(message):
    return message.get("role") == "tool" or message.get("type") == "function_call_output"
