"""The tools that are offered: the verbs as they are, and what brings a photo in besides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from inspect import Parameter as Argument
from typing import Any

from mcp.types import Tool, ToolAnnotations
from pydantic import BaseModel

from pekit_agents.server.mcp.outputs import HANDLE, TEXT, output_schema, record_schema
from pekit_agents.tools.schemas import arguments_model
from pekit_agents.tools.specs import Parameter, ToolSpec, tool_specs

__all__ = ["ADD_PHOTO", "ASK_FOR_PHOTO", "Offered", "offered", "takes_clips", "takes_pictures"]

ADD_PHOTO = ToolSpec(
    "add_photo",
    "Hand over a photo as base64 and get its handle. This is for programs, which have the bytes of "
    "the file: never make them up, and never copy them from a conversation.",
    (
        Parameter(
            "photo", str, Argument.empty, "The content of the image file, as base64 or a data URL."
        ),
    ),
    frozenset(),
)
ASK_FOR_PHOTO = ToolSpec(
    "ask_for_photo",
    "Ask the user for a photo: opens a page where it can be dropped. Use this when the user speaks "
    'of a photo that has no handle and no path. Afterwards the photo is "latest".',
    (Parameter("reason", str, "", "Why, in a short sentence that the user reads."),),
    frozenset(),
)
#: Whether only the memory is read, whether something is overwritten or lost, and whether a second
#: call changes nothing more.
_HINTS = {
    "remember_object": (False, False, False),
    "find_personal_objects": (True, False, True),
    "find_in_video": (True, False, True),
    "describe_personal": (True, False, True),
    "list_personal_objects": (True, False, True),
    "update_personal_object": (False, True, True),
    "correct_personal": (False, False, True),
    "add_photos": (False, False, True),
    "forget_personal_object": (False, True, True),
    "add_photo": (False, False, True),
    "ask_for_photo": (True, False, False),
}
_OWN_OUTPUTS = {
    "add_photo": record_schema({"text": TEXT, "image": HANDLE}, ("text", "image")),
    "ask_for_photo": record_schema(
        {
            "text": TEXT,
            "url": {"type": "string", "description": "Where a photo can be dropped."},
            "opened": {"type": "boolean", "description": "Whether the user agreed to open it."},
        },
        ("text", "url", "opened"),
    ),
}
_PATHS = " A path of a photo is taken, too."
_CLIP_PATHS = " A path of a clip is taken, too."


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool with what reads its arguments.

    Attributes:
        spec: What it is.
        model: Reads what a model gives, leniently.
    """

    spec: ToolSpec
    model: type[BaseModel]

    def described(self, *, paths: bool) -> Tool:
        """Return it as a client is told of it.

        Args:
            paths: Whether photos may be named by path.
        """
        name = self.spec.name
        reads, overwrites, repeatable = _HINTS[name]
        schema = _plain(self.model.model_json_schema())
        for picture in ("image", "images") if paths and takes_pictures(self.spec) else ():
            if picture in schema["properties"]:
                schema["properties"][picture]["description"] += _PATHS
        if paths and takes_clips(self.spec):
            schema["properties"]["clip"]["description"] += _CLIP_PATHS
        own = _OWN_OUTPUTS.get(name)
        return Tool(
            name=name,
            title=name.replace("_", " ").capitalize(),
            description=self.spec.description,
            input_schema=schema,
            output_schema=output_schema(name) if own is None else own,
            annotations=ToolAnnotations(
                read_only_hint=reads,
                destructive_hint=overwrites,
                idempotent_hint=repeatable,
                open_world_hint=False,
            ),
        )


@cache
def offered() -> dict[str, Offered]:
    """Return all tools by name, in the order in which they are offered."""
    specs = (*tool_specs(), ADD_PHOTO, ASK_FOR_PHOTO)
    return {spec.name: Offered(spec, arguments_model(spec)) for spec in specs}


def takes_pictures(spec: ToolSpec) -> bool:
    """Return whether a verb looks at pictures, of which "latest" is one."""
    return "recent" in spec.hosts


def takes_clips(spec: ToolSpec) -> bool:
    """Return whether a verb looks into clips, of which "latest" is one."""
    return "recent_clips" in spec.hosts


def _plain(schema: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names."""
    if isinstance(schema, dict):
        return {
            key: _plain(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema
