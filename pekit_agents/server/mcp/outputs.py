"""The schemas of what tools return: ``output_schema`` of a verb. No picture is in any of it."""

from __future__ import annotations

from typing import Any

__all__ = ["HANDLE", "TEXT", "output_schema", "record_schema"]

_JSON = dict[str, Any]

TEXT: _JSON = {"type": "string", "description": "All of it in words."}
HANDLE: _JSON = {"type": "string", "description": "The handle of a picture."}
_NUMBER: _JSON = {"type": "number"}


def _or_null(kind: str, about: str) -> _JSON:
    """Return a schema in the form that clients with a simpler one can still read."""
    return {"anyOf": [{"type": kind}, {"type": "null"}], "description": about}


_PROBABILITY = _or_null("number", "From 0 to 1; null where the profile knows none.")
_OBJECT: _JSON = {
    "type": "object",
    "properties": {
        "object_id": {"type": "string"},
        "name": {"type": "string"},
        "category": {"type": "string"},
        "context": {"type": "string", "description": "What the user said about it."},
        "n_views": {"type": "integer", "description": "Photos that it is remembered from."},
        "created_at": {"type": "string"},
        "n_negatives": {"type": "integer"},
    },
    "required": ["object_id", "name", "category", "context", "n_views"],
}
_CANDIDATE = {
    "object_id": {"type": "string"},
    "name": {"type": "string"},
    "category": {"type": "string"},
    "score": _NUMBER,
    "probability": _PROBABILITY,
}
_MATCH: _JSON = {
    "type": "object",
    "properties": {
        **_CANDIDATE,
        "box_xyxy": {
            "type": "array",
            "items": _NUMBER,
            "description": "In pixels of the upright photo, from its upper left.",
        },
        "possible": {"type": "boolean", "description": "Too unsure to be named: ask the user."},
        "or": {"type": "array", "items": {"type": "object", "properties": _CANDIDATE}},
        "region": {"type": "integer", "description": "The number of the sighting."},
        "opinion": {"type": "string"},
    },
    "required": [*_CANDIDATE, "box_xyxy", "possible", "or", "region"],
}
_MATCHES: _JSON = {"type": "array", "items": _MATCH}
_PICTURE = _or_null("string", "The handle of a picture.")
_LISTED: _JSON = {
    "objects": {"type": "array", "items": _OBJECT},
    "total": {"type": "integer"},
}
_FOUND: _JSON = {
    "image": _PICTURE,
    "annotated_image": _or_null("string", "With the boxes drawn in."),
    "size_wh": {"type": "array", "items": {"type": "integer"}},
    "matches": _MATCHES,
    "possible": _MATCHES,
    "denied": _MATCHES,
    "proposals": {"type": "integer"},
}
_TIME: _JSON = {"type": "number", "description": "Seconds from the beginning of the clip."}
_SIGHTING: _JSON = {
    "type": "object",
    "properties": {
        "number": {"type": "integer"},
        **_CANDIDATE,
        "possible": _MATCH["properties"]["possible"],
        "or": _MATCH["properties"]["or"],
        "start": _TIME,
        "end": _TIME,
        "ongoing": {"type": "boolean", "description": "In sight where the search ended."},
        "looks": {"type": "integer"},
        "key_frame": {
            "type": "object",
            "properties": {"time": _TIME, "box_xyxy": _MATCH["properties"]["box_xyxy"]},
        },
    },
    "required": ["number", *_CANDIDATE, "possible", "or", "start", "end"],
}
_SEEN: _JSON = {
    "clip": {"type": "string", "description": "The handle of the clip."},
    "contact_sheet": _or_null("string", "The handle of a picture of all sightings."),
    "rest": _or_null("number", "From where on to search next, in seconds; null at the end."),
    "size_wh": {"type": "array", "items": {"type": "integer"}},
    "until": _TIME,
    "sampled": {"type": "integer"},
    "searched": {"type": "integer"},
    "complete": {"type": "boolean"},
    "damage": {"type": "array", "items": {"type": "string"}},
    "sightings": {"type": "array", "items": _SIGHTING},
}
_PICTURES: _JSON = {
    "type": "array",
    "description": "The pictures worth looking at.",
    "items": {
        "type": "object",
        "properties": {
            "image": HANDLE,
            "url": {"type": "string", "description": "Where the user can open it."},
        },
        "required": ["image"],
    },
}
#: What each verb's record holds, and what of it is always there.
_RECORDS: dict[str, tuple[_JSON, tuple[str, ...]]] = {
    "remember_object": ({"object": _OBJECT}, ("object",)),
    "find_personal_objects": (
        _FOUND,
        ("image", "annotated_image", "size_wh", "matches", "possible", "proposals"),
    ),
    "find_in_video": (
        {**_SEEN, "frames": {"type": "object", "description": "Frames by number of sighting."}},
        ("clip", "contact_sheet", "rest", "sightings"),
    ),
    "describe_personal": (
        {**_FOUND, **_SEEN, **_LISTED, "answer": {"type": "string"}},
        ("image",),
    ),
    "list_personal_objects": (_LISTED, ("objects", "total")),
    "update_personal_object": ({"object": _OBJECT}, ("object",)),
    "correct_personal": (
        {
            "image": HANDLE,
            "verdict": {"type": "string", "enum": ["is", "is_not"]},
            "learnt": {"type": "boolean", "description": "Whether anything changed."},
            "object": _OBJECT,
        },
        ("image", "verdict", "learnt", "object"),
    ),
    "add_photos": (
        {
            "object": _OBJECT,
            "added": {"type": "integer"},
            "photos": {"type": "array", "items": HANDLE},
        },
        ("object", "added", "photos"),
    ),
    "forget_personal_object": (
        {"object_id": {"type": "string"}, "name": {"type": "string"}},
        ("object_id", "name"),
    ),
}


def output_schema(verb: str) -> _JSON:
    """Return the schema of what a verb returns: its words, its record and its pictures."""
    properties, required = _RECORDS[verb]
    return record_schema(
        {"text": TEXT, **properties, "pictures": _PICTURES}, ("text", *required, "pictures")
    )


def record_schema(properties: _JSON, required: tuple[str, ...]) -> _JSON:
    """Return the schema of a record."""
    return {"type": "object", "properties": properties, "required": list(required)}
