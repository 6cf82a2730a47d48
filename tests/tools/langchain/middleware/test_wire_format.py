"""What goes over the wire to model providers, seen by a local stand-in for their servers."""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from langchain.agents import create_agent

from pekit_agents.tools.image_store import handle_of

USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
FIND = {"name": "find_personal_objects", "arguments": "{}"}
DATA_URL = "data:image/"


class _Provider(BaseHTTPRequestHandler):
    """Answers both OpenAI APIs: first with two tool calls, then with a text."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        first = len(self.server.bodies) == 1 and body.get("tools")
        answer = (
            _response(first, len(self.server.bodies))
            if self.path.endswith("/responses")
            else _completion(first)
        )
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def _completion(call):
    message = {"role": "assistant", "content": "" if call else "It is Biscuit."}
    if call:
        message["tool_calls"] = [
            {"id": f"call_{at}", "type": "function", "function": FIND} for at in range(2)
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "stub",
        "choices": [choice],
        "usage": USAGE,
    }


def _response(call, number):
    text = {"type": "output_text", "text": "It is Biscuit.", "annotations": []}
    output = [
        {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", **FIND}
        for at in range(2)
    ]
    if not call:
        said = {"type": "message", "id": "m1", "role": "assistant", "status": "completed"}
        output = [{**said, "content": [text]}]
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": "stub",
        "status": "completed",
        "output": output,
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
    yield server, f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def _data(url):
    return base64.b64decode(url.partition(",")[2])


@pytest.fixture
def ask(personal, remember, said, photo):
    """Ask an agent with a model who is in a photo that shows Biscuit."""

    def run(model, **options):
        remember("Biscuit", "red", context="Eats shoes.")
        agent = create_agent(model, middleware=[personal(**options)])
        state = agent.invoke({"messages": [said("Who is this?", photo("red", "blue"))]})
        assert state["messages"][-1].text == "It is Biscuit."
        return photo("red", "blue")

    return run


def _check_chat_completions(bodies, original):
    first, second = (body["messages"] for body in bodies)
    (user,) = [message for message in first if message["role"] == "user"]
    text, label, picture, words = user["content"]
    assert (text["text"], label["text"]) == ("Who is this?", f"[image {handle_of(original)}]")
    assert picture["type"] == "image_url"
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert _data(picture["image_url"]["url"]) != original
    assert '"Biscuit"' in words["text"]
    assert '"Eats shoes."' in words["text"]

    assert [message["role"] for message in second][-4:] == ["assistant", "tool", "tool", "user"]
    assert DATA_URL not in json.dumps([m for m in second if m["role"] != "user"])
    *_, picture = second[-1]["content"]
    assert _data(picture["image_url"]["url"])[:2] == b"\xff\xd8"
    assert "pekit" not in json.dumps(second)


def test_openai_chat_completions(provider, ask):
    openai = pytest.importorskip("langchain_openai")
    server, url = provider
    original = ask(openai.ChatOpenAI(model="gpt-4o", base_url=url, api_key="x"))
    _check_chat_completions(server.bodies, original)


def test_openai_responses(provider, ask):
    openai = pytest.importorskip("langchain_openai")
    server, url = provider
    original = ask(
        openai.ChatOpenAI(model="gpt-4o", base_url=url, api_key="x", use_responses_api=True)
    )
    first, second = (body["input"] for body in server.bodies)
    (user,) = [item for item in first if item.get("role") == "user"]
    assert [part["type"] for part in user["content"]] == [
        "input_text",
        "input_text",
        "input_image",
        "input_text",
    ]
    assert user["content"][2]["image_url"].startswith("data:image/jpeg;base64,")
    assert _data(user["content"][2]["image_url"]) != original
    outputs = [item for item in second if item["type"] == "function_call_output"]
    assert len(outputs) == 2
    assert DATA_URL not in json.dumps(outputs)
    assert second[-1]["role"] == "user"
    assert second[-1]["content"][-1]["type"] == "input_image"


def test_a_community_model_that_calls_tools(provider, ask, monkeypatch):
    community = pytest.importorskip("langchain_community.chat_models.zhipuai")
    signing = SimpleNamespace(encode=lambda *_args, **_options: "token")
    monkeypatch.setitem(sys.modules, "jwt", signing)
    server, url = provider
    model = community.ChatZhipuAI(
        model="glm-4.5v", zhipuai_api_key="a.b", zhipuai_api_base=f"{url}/chat/completions"
    )
    _check_chat_completions(server.bodies, ask(model))


@pytest.mark.filterwarnings("ignore:The `dict` method", "ignore:The class `ChatOpenAI`")
def test_a_community_model_that_calls_no_tools(provider, personal, remember, said, photo):
    pytest.importorskip("openai")
    community = pytest.importorskip("langchain_community.chat_models.openai")
    server, url = provider
    remember("Biscuit", "red")
    model = community.ChatOpenAI(model="stub", base_url=url, api_key="x")
    agent = create_agent(model, middleware=[personal(tools=[])])
    agent.invoke({"messages": [said("Who is this?", photo("red"))]})
    (body,) = server.bodies
    assert "tools" not in body
    *_, picture, words = body["messages"][-1]["content"]
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert '"Biscuit"' in words["text"]
