"""``pekit eval frames``: from videos to photos, as the paper takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pekit_agents.cli.evaluation.output import advancing
from pekit_agents.cli.options import JsonOption
from pekit_agents.cli.output import print_json, say
from pekit_agents.wording.messages import counted

__all__ = ["frames"]


def frames(
    videos: Annotated[Path, typer.Argument(help="videos and annotations of This-Is-My")],
    out: Annotated[Path, typer.Argument(help="folder for the frames: a data set of its own")],
    references: Annotated[int, typer.Option(min=1, help="clear frames of each thing")] = 5,
    every: Annotated[int, typer.Option(min=1, help="search every so manyth frame")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Take frames of videos that introduce things, and frames to search (This-Is-My)."""
    from pekit_agents.evaluation.datasets.frames import sample_frames

    with advancing() as step:
        sampled = sample_frames(
            videos,
            out,
            references=references,
            every=every,
            progress=lambda done, total: step("frames", done, total),
        )
    things, photos = len(sampled.dataset.things), len(sampled.dataset.photos)
    if as_json:
        skipped = dict(sampled.skipped)
        print_json({"out": str(out), "things": things, "photos": photos, "skipped": skipped})
        return
    say(f"{counted(things, 'thing')} and {counted(photos, 'frame')} to search: {out}")
    for segment, why in sampled.skipped.items():
        say(f"Left out {segment}: {why}")
