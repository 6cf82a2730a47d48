"""The arguments of a verb as a pydantic model, for frameworks that check with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, create_model

if TYPE_CHECKING:
    from pekit_agents.tools.specs import ToolSpec

__all__ = ["arguments_model"]


def arguments_model(spec: ToolSpec) -> type[BaseModel]:
    """Return a model of what a language model gives; what is no field of it is dropped."""
    fields: dict[str, Any] = {
        parameter.name: (
            parameter.annotation,
            Field(
                ... if parameter.required else parameter.default, description=parameter.description
            ),
        )
        for parameter in spec.parameters
    }
    return create_model(spec.name, **fields)
