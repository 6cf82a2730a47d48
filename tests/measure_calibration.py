"""How well a calibration holds that ``pekit calibrate`` makes, on real weights.

``python tests/measure_calibration.py THINGS --strangers MORE`` takes the embedded model as if it
was any other: its raw features, of both blocks or of one alone (``--block 9``), without its
statistics, its bank, its calibration and its guide. It prints what ``pekit calibrate THINGS``
prints. Then, in each draw, a random half of the things makes a calibration, the others are
remembered, and the photos of MORE, none of which anything was made from, are searched.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from pekit_agents.calibrating.assessing import Answers
from pekit_agents.calibrating.looking import look_at, plain_features
from pekit_agents.calibrating.making import REFS, calibrate, recognizer_of
from pekit_agents.calibrating.photos import shown_in
from pekit_agents.calibrating.trials import drawn, own_things
from pekit_agents.cli.calibrate import show_calibration, show_rows
from pekit_agents.cli.evaluation_output import advancing
from pekit_agents.encoder_calibration import read_calibration, write_calibration
from pekit_agents.evaluation.bench import default_cache
from pekit_agents.matching import MatchSettings
from pekit_agents.models.focus import BLOCK_DIM
from pekit_agents.models.focus_graph import BLOCKS
from pekit_agents.profiles import Profile, calibrated_profile, load_profile


class RawEncoder:
    """The embedded model's features of both blocks, or of one of them, as they are."""

    def __init__(self, encoder, block: int | None) -> None:
        start = 0 if block is None else BLOCK_DIM * BLOCKS.index(block)
        self.dim = BLOCK_DIM * len(BLOCKS) if block is None else BLOCK_DIM
        self.blocks = len(BLOCKS) if block is None else 1
        self.id = f"{encoder.id.rpartition('/')[0]}/raw/{block or 'both'}"
        self._encoder, self._columns = encoder, slice(start, start + self.dim)

    def encode(self, images):
        return [grid[..., self._columns] for grid in self._encoder.encode(images)]

    def normalize(self, vectors):
        parts = vectors.reshape(len(vectors), self.blocks, -1)
        norms = np.linalg.norm(parts, axis=2, keepdims=True) * self.blocks**0.5
        return (parts / np.maximum(norms, 1e-12)).reshape(vectors.shape).astype(np.float32)


class Unguided:
    """A proposer that knows nothing of what is remembered, as those of other models."""

    def __init__(self, proposer) -> None:
        self.propose = proposer.propose


def raw_profile(block: int | None) -> Profile:
    """Return the embedded profile without all that was measured of it."""
    shipped = load_profile("embedded")
    return replace(
        shipped,
        name="raw",
        encoder=RawEncoder(shipped.encoder, block),
        proposer=Unguided(shipped.proposer),
        matching=MatchSettings(max_weight=0.5),
        strangers=None,
        describer=None,
    )


def halves(folder: Path, names: list[str], seed: int, scratch: Path) -> tuple[Path, set[str]]:
    """Return a folder with the photos of a random half of the things, and the other half."""
    order = np.random.default_rng(seed).permutation(sorted(names)).tolist()
    half = scratch / f"half-{seed}"
    half.mkdir()
    for name in order[::2]:
        shutil.copytree(name, half / Path(name).name)
    return half, set(order[1::2])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("things", type=Path)
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--block", type=int, choices=BLOCKS)
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--cache", type=Path, default=default_cache())
    options = parser.parse_args(arguments)
    profile, shared = raw_profile(options.block), {"cache": options.cache, "tools": "raw"}
    with advancing() as step:
        show_calibration(*calibrate(profile, options.things, progress=step, **shared))
    features = plain_features(profile, options.cache, "raw")
    shown = shown_in(options.things)
    more = [(path, name) for path, name in shown_in(options.strangers)]
    with advancing() as step:
        seen = look_at([*shown, *more], features, "object", lambda *at: step("photos", *at))
    own, strangers = seen[: len(shown)], seen[len(shown) :]
    number = {name: each.thing for (_, name), each in zip(shown, own, strict=True)}
    names = [name for name, thing in number.items() if thing in own_things(own)]
    answers = {count: Answers(seen) for count in REFS}
    shares: dict[int, list[float]] = {count: [] for count in REFS}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(options.draws):
            half, others = halves(options.things, names, seed, Path(scratch))
            measured, _ = calibrate(profile, half, **shared)
            write_calibration(Path(scratch) / "made.npz", measured)
            made = calibrated_profile(profile, read_calibration(Path(scratch) / "made.npz"))
            rng = np.random.default_rng(seed)
            known = {number[name] for name in others}
            chosen = {thing: drawn(own, thing, max(REFS), rng) for thing in sorted(known)}
            used = {each.path for photos in chosen.values() for each in photos}
            left = [each for each in own if each.thing in known and each.path not in used]
            for count, counted in answers.items():
                kit = recognizer_of(features, made)
                kit.learn(
                    {str(t): [each.path for each in some[:count]] for t, some in chosen.items()},
                    {str(thing): "object" for thing in known},
                )
                for photo in left:
                    first = [n.name for n in kit.look(photo.path).named[:1] if not n.alternatives]
                    counted.own([photo.thing], [first == [str(photo.thing)]])
                named = [bool(kit.look(photo.path).named) for photo in strangers]
                counted.strangers([photo.thing for photo in strangers], named)
                shares[count].append(sum(named) / len(named))
    rows = [counted.row(profile.matching.false_alarms, n) for n, counted in answers.items()]
    show_rows("made from one half, the other remembered, other photos searched", rows)
    for count, found in shares.items():
        each = ", ".join(f"{share:.2f}" for share in sorted(found))
        print(f"False alarms of each memory, {count} of each thing at most: {each}")


if __name__ == "__main__":
    main(sys.argv[1:])
