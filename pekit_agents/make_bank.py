"""Makes the bank of unknown things that the embedded profile ships.

Run it on folders of photos that show all kinds of things, a few of each; no labels are read, and
no pixel is kept::

    python -m pekit_agents.make_bank FOLDER ...

Photos in a subfolder show one thing, those in FOLDER itself each another. The bank should be like
the photos that people take: where many of one kind are in it, memories of that kind are held to
a stricter threshold. The shipped file was made from 93 photos, of which 90 gave regions: 15
objects of the DreamBooth photos, and 15 photos of scenes, animals, surfaces and things in the
scikit-image wheel.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from pekit_agents.bank import SHIPPED, pool_strangers, write_bank
from pekit_agents.calibrating.photos import shown_in
from pekit_agents.profiles import load_profile

__all__: list[str] = []


def main(
    folders: Annotated[list[str], typer.Argument(help="searched deep")],
    out: Annotated[Path | None, typer.Option(help="default: the file the package ships")] = None,
) -> None:
    """Make the embedded profile's bank of unknown things from folders of varied photos."""
    photos = [each for folder in folders for each in shown_in(Path(folder))]
    if not photos:
        sys.exit(f"expected photos under {', '.join(folders)}, found none")
    profile = load_profile("embedded")
    console = Console(stderr=True)
    watched = track(photos, description=f"{len(photos)} photos", console=console)
    bank = pool_strangers(watched, profile.proposer, profile.encoder)
    target = out or Path(str(SHIPPED))
    write_bank(target, bank)
    things = len(set(bank.things.tolist()))
    Console().print(
        f"{len(photos)} photos of {things} things, {len(bank.photos)} regions: {target}"
    )


if __name__ == "__main__":
    typer.run(main)
