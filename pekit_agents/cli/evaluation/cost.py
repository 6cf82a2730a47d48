"""``pekit eval cost``: time and memory of each stage."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pekit_agents.cli.evaluation.options import (
    DataArgument,
    EndpointOption,
    LayoutOption,
    ModeOption,
    OutOption,
    default_out,
)
from pekit_agents.cli.evaluation.output import advancing, show_cost
from pekit_agents.cli.options import JsonOption, ProfileOption

__all__ = ["cost"]


def cost(
    data: DataArgument,
    photos: Annotated[int, typer.Option(min=2, help="how many photos to measure")] = 20,
    profile: ProfileOption = "embedded",
    mode: ModeOption = "auto",
    model: Annotated[
        str, typer.Option(help="time the answers of this LVLM too, as for `pekit describe`")
    ] = "",
    endpoint: EndpointOption = "",
    layout: LayoutOption = "auto",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time and memory of each stage (the paper's appendix)."""
    from pekit_agents.cli.describe import load_answerer
    from pekit_agents.evaluation.cost import measure_cost
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.runs.run_file import write_text
    from pekit_agents.profiles import load_profile

    dataset = load_dataset(data, layout)
    paths = [photo.path for photo in dataset.photos]
    spread = paths[:: max(1, len(paths) // photos)][:photos]
    answerer = load_answerer(model, endpoint) if model else None
    with advancing() as step:
        measured = measure_cost(
            spread, load_profile(profile), mode=mode, answerer=answerer, progress=step
        )
    file = (out or default_out(dataset, "cost")) / "cost.json"
    write_text(file, json.dumps(measured.to_dict(), indent=2))
    show_cost(measured, as_json=as_json, file=file)
