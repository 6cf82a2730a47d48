"""Runs as JSON-ready values, and runs made of such values, by cattrs.

Scores and probabilities are rounded to 4 decimals, edges of boxes to a tenth of a pixel and times
to a tenth of a millisecond, a tenth of what any figure made from them shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pekit_agents.errors import MissingDependency
from pekit_agents.evaluation.records import Draw, Run, Trial
from pekit_agents.types import Box
from pekit_agents.wording.messages import clause

try:
    from cattrs import BaseValidationError, Converter, transform_error
    from cattrs.gen import make_dict_unstructure_fn, override
except ModuleNotFoundError as exc:
    raise MissingDependency(
        f"runs are written and read with cattrs ({clause(exc)}); "
        'install it with: pip install "pekit-agents[eval]"'
    ) from exc

__all__ = ["as_run", "as_values"]

# The order of the keys in the file; the innermost record first, which the others hold.
_KEYS: Mapping[type, str] = {
    Trial: "photo group shows about boxes named possible scores seconds",
    Draw: "recognizer seed refs condition known references trials",
    Run: "protocol dataset root settings versions seconds draws",
}
# What is not written as its type is elsewhere.
_OWN: Mapping[type, Mapping[str, Any]] = {
    Run: {
        "settings": override(unstruct_hook=dict),
        "versions": override(unstruct_hook=dict),
        "seconds": override(unstruct_hook=lambda seconds: round(seconds, 1)),
    },
}


def as_values(run: Run) -> dict[str, Any]:
    """Return a run as JSON-ready values."""
    values: dict[str, Any] = _CONVERTER.unstructure(run)
    return values


def as_run(values: object) -> Run:
    """Return the run that values describe.

    Raises:
        ValueError: Something is missing or is not what it should be; the message says what and
            where.
    """
    try:
        return _CONVERTER.structure(values, Run)
    except BaseValidationError as exc:
        raise ValueError("; ".join(transform_error(exc, path="run"))) from exc


def _converter() -> Converter:
    made = Converter()
    made.register_structure_hook(Box, lambda edges, _: Box(*edges))
    made.register_unstructure_hook(Box, lambda box: [round(edge, 1) for edge in box.xyxy])
    made.register_unstructure_hook(float, lambda number: round(number, 4))
    for record, keys in _KEYS.items():
        write: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(
            record, made, **_OWN.get(record, {})
        )
        made.register_unstructure_hook(record, _in_order(write, keys.split()))
    return made


def _in_order(write: Callable[[Any], dict[str, Any]], keys: list[str]) -> Callable[[Any], Any]:
    def ordered(record: Any) -> dict[str, Any]:
        values = write(record)
        return {key: values[key] for key in keys}

    return ordered


_CONVERTER = _converter()
