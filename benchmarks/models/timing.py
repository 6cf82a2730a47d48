"""Time and memory of one find with the models of the grounded-sam profile at their real sizes.

    python -m benchmarks.models.timing [--device cuda] [--dtype bfloat16] [--detector tiny]

The weights are random, because nothing is downloaded: times and memory are those of the real
models, what is found means nothing. The networks are saved to a temporary folder and loaded from
there as any profile is. Every stage runs once before it is timed. Proposals are the five best
boxes, each encoded in the whole photo.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.models.sizes import ARCHITECTURES
from pekit_agents import PeKit, Profile
from pekit_agents.demo.scenes import photo_path
from pekit_agents.models.hf.detection import DetectionSettings
from pekit_agents.models.hf.tiny import save_detector, save_encoder, save_segmenter, word_tokenizer
from pekit_agents.models.spec import ModelSpec
from pekit_agents.profiles import grounded_sam_profile

DETECTORS = {
    "tiny": "IDEA-Research/grounding-dino-tiny",
    "base": "IDEA-Research/grounding-dino-base",
}
SEGMENTERS = {"sam2.1-tiny": "facebook/sam2.1-hiera-tiny", "sam-base": "facebook/sam-vit-base"}
ENCODERS = {size: f"facebook/dinov2-{size}" for size in ("small", "base", "large")}
#: Five boxes whatever the random weights score.
SETTINGS = DetectionSettings(threshold=0.0, limit=5)


@dataclass(frozen=True)
class Cost:
    """(Seconds, processor seconds) of each stage, medians, and the most memory in GB."""

    seconds: dict[str, tuple[float, float]]
    memory: float


def save_real(folder: Path, detector: str, segmenter: str, encoder: str) -> None:
    """Save the three networks at their real sizes, one after the other."""
    for role, model in (
        ("detector", DETECTORS[detector]),
        ("segmenter", SEGMENTERS[segmenter]),
        ("encoder", ENCODERS[encoder]),
    ):
        ARCHITECTURES[model]().save_pretrained(folder / role)
    word_tokenizer(["dog"]).save_pretrained(folder / "detector")
    transformers.GroundingDinoImageProcessorPil().save_pretrained(folder / "detector")
    transformers.SamImageProcessorPil().save_pretrained(folder / "segmenter")


def save_toy(folder: Path) -> None:
    """Save three networks of a few thousand weights."""
    save_detector(folder / "detector")
    save_segmenter(folder / "segmenter")
    save_encoder(folder / "encoder")


def measure(profile: Profile, photo: Image.Image, repeats: int, device: str) -> Cost:
    """Return what each stage of remembering and finding costs; all of them end on the CPU."""
    with tempfile.TemporaryDirectory() as folder:
        kit = PeKit.open(folder, profile=profile)
        kit.remember("Biscuit", photo, category="dog")
        stages: dict[str, Callable[[], object]] = {
            "view (detector, segmenter)": lambda: profile.extractor.extract(photo, "dog"),
            "proposals (detector)": lambda: profile.proposer.propose(photo, ["dog"], "auto"),
            "features (encoder)": lambda: profile.encoder.encode([photo]),
            "find": lambda: kit.find(photo, threshold=-1.0),
        }
        seconds = {}
        for name, stage in stages.items():
            stage()
            runs = [timed(stage) for _ in range(repeats)]
            seconds[name] = tuple(map(statistics.median, zip(*runs, strict=True)))
    return Cost(seconds, peak_memory(device))


def timed(stage: Callable[[], object]) -> tuple[float, float]:
    """Return seconds by the clock and seconds of all processors, which other work barely moves."""
    started = time.perf_counter(), time.process_time()
    stage()
    return time.perf_counter() - started[0], time.process_time() - started[1]


def peak_memory(device: str) -> float:
    """Return GB: allocated by torch on CUDA, resident in the whole process elsewhere."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device)) / 1e9
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.models.timing", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--detector", choices=DETECTORS, default="base")
    parser.add_argument("--detector-size", type=int, default=800, help="shorter side in pixels")
    parser.add_argument("--segmenter", choices=SEGMENTERS, default="sam2.1-tiny")
    parser.add_argument("--encoder", choices=ENCODERS, default="large")
    parser.add_argument("--encoder-size", type=int, default=448, help="side of a square photo")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), default="float32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--photo", type=Path, help="default: scikit-image's astronaut, 512 x 512")
    parser.add_argument("--toy", action="store_true", help="toy networks, to try this script")
    return parser.parse_args(arguments)


def open_photo(path: Path | None) -> Image.Image:
    """Return a photo, or one that comes with scikit-image."""
    return Image.open(path or photo_path("astronaut.png")).convert("RGB")


def main(arguments: list[str] | None = None) -> None:
    """Print the time of each stage, and the memory."""
    args = parsed(arguments)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if args.toy:
            save_toy(folder)
        else:
            save_real(folder, args.detector, args.segmenter, args.encoder)
        run = {"device": args.device, "dtype": args.dtype}
        profile = grounded_sam_profile(
            detector=ModelSpec(str(folder / "detector"), image_size=args.detector_size, **run),
            segmenter=ModelSpec(str(folder / "segmenter"), **run),
            encoder=ModelSpec(str(folder / "encoder"), image_size=args.encoder_size, **run),
            extraction=SETTINGS,
            proposals=SETTINGS,
            augment=False,
        )
        photo = open_photo(args.photo)
        cost = measure(profile, photo, args.repeats, args.device)
    where = torch.cuda.get_device_name(args.device) if args.device.startswith("cuda") else "CPU"
    models = "toy networks" if args.toy else f"{args.detector}, {args.segmenter}, {args.encoder}"
    table = Table(title=f"{models}; random weights; {args.dtype}", title_justify="left")
    table.add_column("stage")
    for column in ("seconds", "processor seconds"):
        table.add_column(column, justify="right")
    for name, seconds in cost.seconds.items():
        table.add_row(name, *(f"{value:.2f}" for value in seconds))
    console = Console()
    console.print(table)
    print(f"Peak memory: {cost.memory:.1f} GB ({where}; {torch.get_num_threads()} threads)")
    print(f"Photo: {photo.width} x {photo.height}, detector {args.detector_size} px")
    print(f"Python {platform.python_version()}, torch {torch.__version__}, "
          f"transformers {transformers.__version__}")  # fmt: skip


if __name__ == "__main__":
    main()
