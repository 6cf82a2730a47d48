"""A verb's arguments: ``arguments_model`` checks, ``wrong_arguments`` says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError, create_model

if TYPE_CHECKING:
    from pekit_agents.tools.specs import ToolSpec

__all__ = ["arguments_model", "wrong_arguments"]


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


def wrong_arguments(exc: ValidationError) -> str:
    """Return what is wrong with arguments, for the model that gave them."""
    wrong = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors())
    return "expected other arguments; " + "; ".join(wrong)
