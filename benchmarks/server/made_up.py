"""``MadeUp``: requests that a hostile client may think of, drawn from what the server offers."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmarks.server.in_process import Call, answer_to
from benchmarks.server.people import HOST, Person, built

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["MadeUp"]

#: What stands in a path, a field or an argument.
_TEXTS = (
    "",
    " ",
    "latest",
    "none",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://169.254.169.254/",
    "img_" + "0" * 32,
    "img_" + "f" * 32 + ".about",
    "a' OR '1'='1",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "%00",
    "\0",
    "\ud7ff\uffff",
    "é" * 300,
    "x" * 20000,
    "0",
    "-1",
    "true",
    "null",
    "auto",
    "is",
)
_NUMBERS = (0, 1, 2, -1, 7, 10**6, 2**63, -(2**70), 0.5, float("1e308"))
_PATHS = (
    "//v1/objects",
    "/static/../v1/objects",
    "/static/..%2f..%2f..%2fsettings.py",
    "/v1/../v1/objects",
    "/v1/objects/",
    "/v1/%2e%2e/objects",
    "/mcp/..",
    "/metrics",
    "/docs",
    "/.server/tokens.json",
    "/static/%2e%2e/templates/base.html",
    "/v1/users/ann/objects",
    "/v1/objects?user_id=ann&user=ann",
)
_MCP = (("accept", "application/json, text/event-stream"), ("content-type", "application/json"))
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class MadeUp:
    """Draws requests: all that the server offers, with what others have and what nobody has.

    Args:
        app: The server; its routes and tools are read from it.
        rng: Draws.
        people: Users: the first is never one who draws.
        slow: Whether to draw bodies that stop to arrive, each of which takes its time.
    """

    def __init__(
        self, app: FastAPI, rng: random.Random, people: list[Person], *, slow: bool = True
    ) -> None:
        self._rng, self._people, self._slow = rng, people, slow
        self._spec = app.openapi()
        self._operations = [
            (method.upper(), path, operation)
            for path, operations in self._spec["paths"].items()
            for method, operation in operations.items()
        ]
        self._pages = [
            (method, context.path, _fields(context))
            for included in app.routes
            for context in getattr(included, "effective_route_contexts", tuple)()
            for method in sorted(context.methods)
            if context.path not in self._spec["paths"]
        ]
        self._tools: list[dict[str, Any]] = []
        self._uris: list[str] = []

    async def look_around(self, app: FastAPI, person: Person) -> None:
        """Read which tools and resources the server offers over MCP."""
        for method, key in (("tools/list", "tools"), ("resources/templates/list", "")):
            call = self._mcp(person, method, {})
            result = _result((await answer_to(app, call)).body)
            if key:
                self._tools = result["tools"]
            else:
                self._uris = [each["uriTemplate"] for each in result["resourceTemplates"]]

    def call(self, person: Person) -> Call:
        """Return a request of a user."""
        kinds = (self._rest, self._rest, self._page, self._tool, self._tool, self._odd)
        return self._rng.choice(kinds)(person)

    def _rest(self, person: Person) -> Call:
        method, path, operation = self._rng.choice(self._operations)
        query = [
            f"{each['name']}={quote(str(self._value(each['schema'])))}"
            for each in operation.get("parameters", ())
            if each["in"] == "query" and self._rng.random() < 0.5
        ]
        headers = tuple(
            (each["name"], self._word())
            for each in operation.get("parameters", ())
            if each["in"] == "header" and self._rng.random() < 0.3
        )
        target = self._filled(path) + ("?" + "&".join(query) if query else "")
        content = operation.get("requestBody", {}).get("content", {})
        given: dict[str, Any] = {}
        if content:
            kind = self._rng.choice(sorted(content))
            value = self._value(content[kind]["schema"])
            given = {"json": value} if "json" in kind else self._form(value)
        return _safely(method, target, (*person.headers, *_clean(headers)), path, given)

    def _page(self, person: Person) -> Call:
        method, path, fields = self._rng.choice(self._pages)
        given = {}
        if method == "POST":
            given = self._form({each: self._any() for each in fields})
        return _safely(method, self._filled(path), person.headers, path, given)

    def _tool(self, person: Person) -> Call:
        draw = self._rng.random()
        if draw < 0.7:
            tool = self._rng.choice(self._tools)
            arguments = self._value(tool["inputSchema"])
            if self._rng.random() < 0.3:
                arguments |= {self._rng.choice(("user_id", "user", "recent")): "ann"}
            params = {"name": tool["name"], "arguments": arguments}
            return self._mcp(person, "tools/call", params)
        if draw < 0.9:
            uri = self._filled(self._rng.choice([*self._uris, "file:///{path}", "pekit://{x}"]))
            return self._mcp(person, "resources/read", {"uri": uri})
        arguments = {"question": self._word(), "image": self._word()}
        return self._mcp(person, "prompts/get", {"name": "describe", "arguments": arguments})

    def _odd(self, person: Person) -> Call:
        """Return a request that something is wrong with but what it asks for."""
        rng, call = self._rng, self._rest(person)
        other = rng.choice(self._people)
        kinds: dict[str, Call] = {
            "path": replace(call, target=rng.choice(_PATHS)),
            "no token": replace(call, headers=(("host", HOST), *call.headers[2:])),
            "token": replace(call, headers=(("host", HOST), self._token(other), *call.headers[2:])),
            "cookie": replace(
                call, headers=(("host", HOST), ("cookie", f"pekit_session={self._forged(other)}"))
            ),
            "host": replace(call, headers=(("host", rng.choice(_HOSTS)), *call.headers[1:])),
            "site": replace(
                call, headers=(("host", HOST), ("origin", "http://evil.example"), *call.headers[2:])
            ),
            "method": replace(call, method=rng.choice(("PUT", "TRACE", "BREW", "CONNECT", "HEAD"))),
            "length": replace(call, headers=(*call.headers, ("content-length", self._word()[:20]))),
            "forwarded": replace(call, headers=(*call.headers, ("x-forwarded-user", "ann"))),
            "garbage": replace(call, body=(rng.randbytes(rng.randrange(4000)),)),
        }
        if self._slow:
            headers = (*person.headers, ("content-length", "100000"))
            late = (b'{"name":', None)
            kinds["slow"] = Call("POST", "/v1/objects", headers, late)
        kind = rng.choice(sorted(kinds))
        return replace(kinds[kind], kind=f"odd: {kind}")

    def _mcp(self, person: Person, method: str, params: Mapping[str, Any]) -> Call:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = (*person.headers, *_MCP, ("mcp-protocol-version", "2025-06-18"))
        body = json.dumps(message).encode("utf-8", "replace")
        length = ("content-length", str(len(body)))
        return Call("POST", "/mcp", (*headers, length), (body,), f"mcp: {method}")

    def _token(self, other: Person) -> tuple[str, str]:
        token, rng = other.token, self._rng
        forged = (
            token[:-1],
            token + "x",
            token.upper(),
            other.hashed[0],
            other.user_id,
            "",
            "null",
        )
        kind = rng.choice(("Bearer ", "Basic ", "bearer", ""))
        return "authorization", kind + rng.choice(forged)

    def _forged(self, other: Person) -> str:
        data = base64.urlsafe_b64encode(json.dumps(other.hashed[0]).encode()).decode().rstrip("=")
        return f"{data}.{'a' * 6}.{'b' * 27}"

    def _filled(self, path: str) -> str:
        return _PARAMETER.sub(lambda _: quote(self._word(), safe=self._rng.choice("/ ")), path)

    def _word(self) -> str:
        """Return an id or handle of somebody, or something that is none."""
        ids = sorted(set().union(*(person.known for person in self._people)))
        return self._rng.choice(ids if ids and self._rng.random() < 0.6 else _TEXTS)

    def _any(self) -> Any:
        return self._rng.choice((self._word(), self._rng.choice(_NUMBERS), self._photo()))

    def _photo(self) -> bytes:
        rng, drawn = self._rng, self._rng.choice(self._people[1:])
        photo = drawn.photo("yellow", rng.randrange(80))  # nobody's colour
        photo = photo.replace(drawn.marker.encode(), b"nobody's")
        return rng.choice((photo, photo[: len(photo) // 2], rng.randbytes(500), b""))

    def _value(self, schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911  # a line for each kind
        """Return something of a schema, or something else."""
        rng = self._rng
        if "$ref" in schema:
            return self._value(self._spec["components"]["schemas"][schema["$ref"].split("/")[-1]])
        if "anyOf" in schema:
            return self._value(rng.choice(schema["anyOf"]))
        kind = schema.get("type")
        if kind == "object":
            needed = schema.get("required", ())
            return {
                name: self._value(part)
                for name, part in schema.get("properties", {}).items()
                if (name in needed and rng.random() < 0.95) or rng.random() < 0.5
            }
        if rng.random() < 0.1:
            return rng.choice((None, [], {}, 1, "x", [[["x"]]]))
        if kind == "array":
            return [self._value(schema.get("items", {})) for _ in range(rng.randrange(4))]
        if kind in {"integer", "number"}:
            return rng.choice(_NUMBERS)
        if kind == "boolean":
            return rng.random() < 0.5
        if "enum" in schema:
            return rng.choice(schema["enum"])
        if schema.get("format") == "binary":
            return self._photo()
        if schema.get("contentEncoding") == "base64":
            return base64.b64encode(self._photo()).decode()
        return self._word()

    def _form(self, value: Any) -> dict[str, Any]:
        """Return a form: files are what is bytes."""
        if not isinstance(value, dict):
            return {"content": str(value).encode("utf-8", "replace")}
        files, data = [], {}
        for name, each in value.items():
            for part in each if isinstance(each, list) else [each]:
                if isinstance(part, bytes):
                    files.append((name, (self._rng.choice(("a.png", "../a", "")), part)))
                else:
                    data[name] = part if isinstance(part, str) else json.dumps(part, default=str)
        return {"data": data, "files": files} if files else {"data": data}


_HOSTS = ("evil.example", "", "localhost.evil.example", "localhost@evil.example", "[::1", "*")


def _safely(
    method: str, target: str, headers: tuple[tuple[str, str], ...], kind: str, given: dict[str, Any]
) -> Call:
    try:
        return built(method, target, headers, kind=f"{method} {kind}", **given)
    except (ValueError, TypeError, OverflowError):  # no client writes that: send it as it is
        return Call(method, target, headers, (repr(given).encode("utf-8", "replace"),), kind)


def _clean(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return headers as a server would hand them on."""
    return tuple((name, re.sub(r"[^ -~]", "?", value)[:2000]) for name, value in headers)


def _fields(context: Any) -> list[str]:
    """Return the names of what a page takes as a form."""
    dependant = getattr(context.original_route, "dependant", None)
    names = [each.alias for each in getattr(dependant, "body_params", ())]
    return names or ["name", "photos", "photo", "verdict", "region", "object_id", "next", "token"]


def _result(body: bytes) -> dict[str, Any]:
    """Return the result of an answer over MCP."""
    (line,) = re.findall(rb"^data: (\{.*)$", body, re.MULTILINE) or [body]
    result: dict[str, Any] = json.loads(line)["result"]
    return result
