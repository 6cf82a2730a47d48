"""Answers from any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, ...

Written on the plain protocol rather than on OpenAI's client, so that a local server needs one
small dependency, and no redirect or foreign address ever sees the key.
"""

from __future__ import annotations

import base64
import ipaddress
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pekit_agents.answering.pictures import JPEG, MAX_SIDE, to_jpeg
from pekit_agents.answering.replies import require_text
from pekit_agents.errors import InvalidInput, MissingDependency, ModelError
from pekit_agents.wording.messages import clause

try:
    import httpx2
except ImportError as exc:
    raise MissingDependency(
        'httpx2 is not installed; type: pip install "pekit-agents[endpoint]"'
    ) from exc

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["OpenAIAnswerModel"]

_KEY_VARIABLE = "OPENAI_API_KEY"
_REMEDIES = {
    401: f"check the key: pass api_key or set {_KEY_VARIABLE}",
    403: "the key may not use this model",
    404: "check base_url (it usually ends in /v1) and the model's name",
    413: "the picture is too large for the server; lower max_side",
    429: "too many requests or no credit left; wait and try again",
}


class OpenAIAnswerModel:
    """Asks a chat-completions endpoint with one user message: the picture, then the text.

    May be used from several threads.

    Args:
        base_url: Where the API begins, such as ``"http://localhost:8000/v1"``.
        model: The model's name on that server.
        api_key: The key; by default that of the environment variable ``OPENAI_API_KEY``, which
            is sent over https or to this machine only. A local server usually needs none.
        timeout: Seconds to wait for a connection and between two pieces of the reply.
        max_side: Larger pictures are shrunk to this longer side in pixels.
        options: Further fields of the request, such as ``{"temperature": 0}``,
            ``{"max_tokens": 300}`` or ``{"max_completion_tokens": 300}``.

    Raises:
        InvalidInput: The address is not http or https, or holds a password; no model is named.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None = None,
        timeout: float = 120.0,
        max_side: int = MAX_SIDE,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        url = _checked(base_url)
        if not model.strip():
            raise InvalidInput("expected the name of a model on the server, found none")
        self._url = f"{str(url).rstrip('/')}/chat/completions"
        self._model = model
        self._max_side = max_side
        self._options = dict(options or {})
        self._key = api_key or (os.environ.get(_KEY_VARIABLE, "") if _private(url) else "")
        self._client = httpx2.Client(timeout=timeout, headers=_authorization(self._key))

    def __repr__(self) -> str:
        return f"OpenAIAnswerModel({self._url!r}, {self._model!r})"

    def answer(self, image: RGBImage | None, text: str) -> str:
        """Return the model's answer.

        Raises:
            ModelError: The server cannot be reached, refuses, is too slow, or its reply is not
                a chat completion with text.
        """
        body = {**self._options, "model": self._model, "messages": [self._message(image, text)]}
        return self._text(self._posted(body))

    def _message(self, image: RGBImage | None, text: str) -> dict[str, Any]:
        if image is None:
            return {"role": "user", "content": text}  # text-only models know no parts
        data = base64.b64encode(to_jpeg(image, self._max_side)).decode("ascii")
        picture = {"type": "image_url", "image_url": {"url": f"data:{JPEG};base64,{data}"}}
        return {"role": "user", "content": [picture, {"type": "text", "text": text}]}

    def _posted(self, body: Mapping[str, Any]) -> httpx2.Response:
        try:
            response = self._client.post(self._url, json=body)
        except httpx2.TimeoutException as exc:
            raise ModelError(
                f"{self._url} did not answer in time ({type(exc).__name__}); raise timeout, or "
                "look whether the server is busy loading the model"
            ) from exc
        except httpx2.HTTPError as exc:
            raise ModelError(
                f"cannot reach {self._url}: {clause(exc)}; check the address and "
                "that the server runs"
            ) from exc
        if response.status_code != httpx2.codes.OK:
            raise ModelError(self._refusal(response))
        return response

    def _refusal(self, response: httpx2.Response) -> str:
        status = response.status_code
        remedy = _REMEDIES.get(status, "see the server's log" if status >= 500 else "")
        parts = [f"{self._url} refused with status {status}", _said(response), remedy]
        words = "; ".join(part for part in parts if part)
        return words.replace(self._key, "***") if self._key else words

    def _text(self, response: httpx2.Response) -> str:
        try:
            choice = response.json()["choices"][0]
            message = choice["message"]
            text, reason = message["content"], choice.get("finish_reason")
            refusal = message.get("refusal")
        except (ValueError, LookupError, TypeError, AttributeError) as exc:
            raise ModelError(
                f"expected a chat completion from {self._url}, found {response.text!r:.120}; "
                "check that base_url is that of an OpenAI-compatible API"
            ) from exc
        return require_text(text or "", f"{self._model} at {self._url}", reason=refusal or reason)


def _checked(base_url: str) -> httpx2.URL:
    try:
        url = httpx2.URL(base_url)
    except (httpx2.InvalidURL, TypeError) as exc:
        raise InvalidInput(f"expected base_url as http(s)://host/v1, found {base_url!r}") from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidInput(f"expected base_url as http(s)://host/v1, found {base_url!r}")
    if url.userinfo or url.query or url.fragment:
        raise InvalidInput(
            "expected base_url as http(s)://host/v1 without password, query or fragment; pass "
            "the key as api_key"
        )
    return url


def _private(url: httpx2.URL) -> bool:
    """Say whether what is sent to an address can be read on the way by nobody else."""
    if url.scheme == "https" or url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def _authorization(key: str) -> dict[str, str]:
    if not key:
        return {}
    if not key.isascii() or not key.isprintable():
        raise InvalidInput("expected a key in one line of plain ASCII; look for a stray newline")
    return {"Authorization": f"Bearer {key}"}


def _said(response: httpx2.Response) -> str:
    """Return the server's own words, cut short."""
    try:
        error = response.json()["error"]
        words = error["message"] if isinstance(error, dict) else error
    except (ValueError, LookupError, TypeError):
        words = response.text
    return " ".join(str(words).split())[:200]
