"""``received``: the body of a request, JSON or a form, read into its model without stopping others.

A form has files where JSON has base64: ``photos`` (or ``photo``), the handles of pictures that
were sent before in ``pictures`` (or ``picture``), and where boxes are understood a JSON list of
them in ``boxes``: one for each photo or null, files first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.problems import Problem
from pekit_agents.server.rest.bodies import MOST_PHOTOS, Body, LibraryPhotos

__all__ = ["Received", "body_of", "digest_of", "inlined", "received"]

_M = TypeVar("_M", bound=Body)

_FORM, _JSON = "multipart/form-data", "application/json"
_FIELDS = 2 * MOST_PHOTOS  # beside files: a handle for each photo, and what is said of the thing
_HANDLES = {"photos": "pictures", "photo": "picture"}  # what a form calls photos sent before
_BOXES = "boxes"


@dataclass(frozen=True, slots=True)
class Received(Generic[_M]):
    """A body that was read.

    Attributes:
        body: What it says.
        digest: A hash of all of it; the same however a form is divided into parts.
    """

    body: _M
    digest: str


def received(model: type[_M]) -> Callable[..., Awaitable[Received[_M]]]:
    """Return what reads the body of a request into a model, as a dependency."""

    async def read(request: Request, service: ServiceOf, user: UserOf) -> Received[_M]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
        try:
            if kind == _FORM:
                values = await _values_of(request, model)
                return await service.look_up(user, lambda: _checked(model, values))
            if kind == _JSON:
                content = await request.body()
                return await service.look_up(user, lambda: _parsed(model, content))
        except ClientDisconnect as exc:
            raise Problem(400, "expected a whole body, found that the client went away") from exc
        raise Problem(
            415,
            f"expected {_JSON} or {_FORM}, found {kind or 'a body without a content type'}",
            headers={"Accept-Post": f"{_JSON}, {_FORM}"},
        )

    return read


def digest_of(body: Body) -> str:
    """Return a hash of all that a body says; photos by their content."""
    told = json.dumps(body.model_dump(), sort_keys=True, default=_content)
    return hashlib.sha256(told.encode()).hexdigest()


def body_of(model: type[Body]) -> dict[str, Any]:
    """Return how the OpenAPI describes a body that :func:`received` reads."""
    content = {
        _JSON: {"schema": inlined(model.model_json_schema())},
        _FORM: {"schema": _form_of(model)},
    }
    if _BOXES in content[_FORM]["schema"]["properties"]:
        content[_FORM]["encoding"] = {_BOXES: {"contentType": _JSON}}
    return {"requestBody": {"required": True, "content": content}}


async def _values_of(request: Request, model: type[Body]) -> dict[str, Any]:
    """Return what a form holds, as a model takes it."""
    async with request.form(max_files=MOST_PHOTOS, max_fields=_FIELDS) as form:
        read: dict[str, list[Any]] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                read.setdefault(name, []).append((value.filename or "", await value.read()))
            else:
                read.setdefault(name, []).append(value)
    values: dict[str, Any] = {}
    for name, handles in _HANDLES.items():
        if name in model.model_fields and (name in read or handles in read):
            photos = [_sent(model, each) for each in read.pop(name, [])]
            photos += [{"picture": each} for each in read.pop(handles, [])]
            values[name] = photos if name == "photos" else _single(photos)
    for photo, box in zip(values.get("photos", ()), _boxes(read, values), strict=False):
        if isinstance(photo, dict) and box is not None:
            photo["box"] = box
    return values | {name: _content_of(_single(given)) for name, given in read.items()}


def _sent(model: type[Body], given: Any) -> Any:
    if not isinstance(given, tuple):
        return given  # text where a file is expected: the model says so
    name, content = given
    return {"photo_id" if model is LibraryPhotos else "name": name, "data": content}


def _boxes(read: dict[str, list[Any]], values: dict[str, Any]) -> list[Any]:
    """Return the box of each photo of a form."""
    if _BOXES not in read or "photos" not in values:
        return []
    count, given = len(values["photos"]), _single(read.pop(_BOXES))
    try:
        boxes = json.loads(given)
    except (TypeError, ValueError, RecursionError):
        boxes = None
    if not isinstance(boxes, list) or len(boxes) != count:
        raise RequestValidationError(
            [
                {
                    "loc": ("body", _BOXES),
                    "msg": f"expected a JSON list of {count} boxes, one for each photo or null",
                    "type": "boxes",
                }
            ]
        )
    return boxes


def _single(given: list[Any]) -> Any:
    return given[0] if len(given) == 1 else given


def _content_of(given: Any) -> Any:
    return given[1] if isinstance(given, tuple) else given


def _checked(model: type[_M], values: dict[str, Any]) -> Received[_M]:
    try:
        body = model.model_validate(values)
    except ValidationError as exc:
        raise _told(exc) from exc
    return Received(body, digest_of(body))


def _parsed(model: type[_M], content: bytes) -> Received[_M]:
    try:
        body = model.model_validate_json(content, strict=True)
    except ValidationError as exc:
        raise _told(exc) from exc
    return Received(body, digest_of(body))


def _told(exc: ValidationError) -> RequestValidationError:
    """Return what is wrong, without what was sent."""
    errors = exc.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in errors])


def _content(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return hashlib.sha256(value).hexdigest()


def _form_of(model: type[Body]) -> dict[str, Any]:
    """Return the schema of the form that stands for a model."""
    schema = inlined(model.model_json_schema())
    properties, required = schema["properties"], set(schema.get("required", ()))
    file = {"type": "string", "format": "binary"}
    for name, handles in _HANDLES.items():
        if name not in properties:
            continue
        told = json.dumps(properties.pop(name))
        many = name == "photos"
        properties[name] = (
            {"type": "array", "items": file, "maxItems": MOST_PHOTOS} if many else file
        )
        if '"picture"' in told:
            required.discard(name)
            handle = {"type": "string", "description": "Handles of pictures that were sent before."}
            properties[handles] = {"type": "array", "items": handle} if many else handle
        if '"box"' in told:
            properties[_BOXES] = {
                "type": "array",
                "description": "A box or null for each photo, files first, as JSON.",
                "items": {
                    "anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}]
                },
            }
    if "file" in properties:
        properties["file"] = file
    return {
        "title": f"{model.__name__}Form",
        "type": "object",
        "properties": properties,
        "required": sorted(required),
    }


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with what it refers to in place of the references."""
    named = schema.pop("$defs", {})

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return put(named[value["$ref"].rpartition("/")[2]])
        return {key: put(each) for key, each in value.items()}

    whole: dict[str, Any] = put(schema)
    return whole
