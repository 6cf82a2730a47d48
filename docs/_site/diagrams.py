"""``python docs/_site/diagrams.py`` draws the pictures that explain into docs/pictures.

Photos are those of the scikit-image package; boxes, probabilities, vectors, files and sizes are
what the embedded profile finds and stores while the pictures are drawn.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from pekit_agents import PeKit
from pekit_agents.calibration import STRICTNESS
from pekit_agents.demo import photo_path
from pekit_agents.embedding import coverage
from pekit_agents.images import load_image
from pekit_agents.prompting import annotate
from pekit_agents.retrieval import Finding
from pekit_agents.settings import MatchSettings
from pekit_agents.types import Box, View

PICTURES = Path(__file__).parents[1] / "pictures"
_PAPER, _INK, _FAINT, _LINE = (255, 255, 255), (32, 36, 44), (96, 102, 112), (190, 196, 204)
_BLUE, _ORANGE, _GREY = (38, 98, 190), (204, 96, 20), (120, 126, 136)
_BLUR = 4.5  # pixels: at this blur the answer depends on the strictness
_COLOUR_OF = {"named": _BLUE, "possible": _ORANGE, "silence": _GREY}
_SAID = {"named": '"This is Ruby."', "possible": '"Is this Ruby?"', "silence": "no name"}


@dataclass
class Sheet:
    """A white card to draw on; positions are pixels from its upper left corner."""

    picture: Image.Image
    draw: ImageDraw.ImageDraw

    @classmethod
    def of(cls, width: int, height: int) -> Sheet:
        """Return an empty card with a border, which stands out on dark pages, too."""
        picture = Image.new("RGB", (width, height), _PAPER)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 0, width - 1, height - 1), outline=_LINE)
        return cls(picture, draw)

    def text(
        self, at: tuple[float, float], words: str, size: int = 17, colour=_INK, anchor: str = "la"
    ) -> None:
        """Write lines of text; ``anchor`` is Pillow's, of the first line."""
        for number, line in enumerate(words.split("\n")):
            spot = (at[0], at[1] + number * size * 1.3)
            self.draw.text(
                spot, line, fill=colour, font=ImageFont.load_default(size), anchor=anchor
            )

    def photo(self, at: tuple[int, int], photo: Image.Image, size: tuple[int, int]) -> None:
        """Lay a photo at a size."""
        self.picture.paste(photo.resize(size, Image.Resampling.LANCZOS), at)

    def found(self, at: tuple[int, int], finding: Finding, size: tuple[int, int]) -> None:
        """Lay a photo with its plates, which are drawn at the size at which they are read."""
        self.photo(at, finding.image, size)
        small = self.picture.crop((*at, at[0] + size[0], at[1] + size[1]))
        if finding.everything:
            self.picture.paste(annotate(small, finding.at_size(size).everything), at)

    def arrow(self, start: tuple[int, int], end: tuple[int, int], colour=_INK) -> None:
        """Draw an arrow in a straight line."""
        self.draw.line((start, end), fill=colour, width=3)
        way = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
        across = np.array([-way[1], way[0]])
        wings = [tuple(end - 12 * way + side * 7 * across) for side in (-1, 1)]
        self.draw.polygon([end, *wings], fill=colour)

    def vector(self, at: tuple[int, int], numbers, size: tuple[int, int]) -> None:
        """Draw a vector as a strip: blue below zero, orange above."""
        rows = np.asarray(numbers, np.float64).reshape(-1, 32)
        share = np.clip(rows / (2.5 * rows.std()), -1, 1)[:, :, None]
        end = np.where(share > 0, _ORANGE, _BLUE)
        pixels = (255 + (end - 255.0) * np.abs(share)).round().astype(np.uint8)
        strip = Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST)
        self.picture.paste(strip, at)
        self.draw.rectangle((*at, at[0] + size[0], at[1] + size[1]), outline=_LINE)

    def save(self, name: str, folder: Path) -> Path:
        """Write the card as a JPEG."""
        path = folder / name
        self.picture.save(path, quality=74, optimize=True)
        return path


def answer_of(finding: Finding) -> str:
    """Return which of the three answers a photo got: "named", "possible" or "silence"."""
    if finding.matches:
        return "named"
    return "possible" if finding.possible else "silence"


def probability_of(finding: Finding) -> str:
    """Return the probability of the strongest match in words, empty in silence."""
    return f"probability {finding.everything[0].probability:.2f}" if finding.everything else ""


def three_answers(kit: PeKit, photos: dict[str, Image.Image]) -> Sheet:
    """Return a sheet with a photo for each of the three answers."""
    sheet = Sheet.of(960, 350)
    for column, (title, photo) in enumerate(photos.items()):
        finding, left = kit.find(photo), 20 + column * 310
        answer = answer_of(finding)
        sheet.found((left, 52), finding, (300, 202))
        sheet.text((left, 18), title, 18, _FAINT)
        sheet.text((left, 266), answer, 24, _COLOUR_OF[answer])
        sheet.text((left + 300, 270), probability_of(finding), 17, _FAINT, "ra")
        sheet.text((left, 306), f"an agent says: {_SAID[answer]}", 17)
    return sheet


def strictness_columns(kit: PeKit, photo: Image.Image) -> Sheet:
    """Return a sheet with one photo judged at each of the three words of strictness."""
    sheet = Sheet.of(960, 560)
    for column, (word, share) in enumerate(STRICTNESS.items()):
        finding, left = kit.find(photo, strictness=word), 20 + column * 310
        answer, wrong = answer_of(finding), round(100 * share)
        sheet.text((left, 16), f'"{word}"', 24)
        sheet.text(
            (left, 54),
            f"of 100 photos of other things of\nits kind about {wrong} get its name:",
            16,
        )
        for dot in range(100):
            x, y = left + dot % 25 * 12, 104 + dot // 25 * 14
            sheet.draw.ellipse((x, y, x + 9, y + 9), fill=_ORANGE if dot < wrong else _LINE)
        sheet.text((left, 180), "one blurred photo of Ruby itself:", 16)
        sheet.found((left, 208), finding, (300, 202))
        sheet.text((left, 424), answer, 24, _COLOUR_OF[answer])
        sheet.text((left + 300, 428), probability_of(finding), 17, _FAINT, "ra")
        sheet.text((left, 464), f"an agent says: {_SAID[answer]}", 17)
    sheet.arrow((130, 525), (850, 525))
    sheet.text((20, 516), "names more", 17)
    sheet.text((940, 516), "errs less", 17, anchor="ra")
    return sheet


def correction(kit: PeKit, photo: Image.Image) -> Sheet:
    """Return a sheet with a question, both answers of the owner, and what follows from each."""
    sheet = Sheet.of(960, 500)
    asked = kit.find(photo)
    kit.reject(asked.possible[0])
    rejected = kit.find(photo)
    kit.clear_corrections("Ruby")
    kit.confirm(asked.possible[0])
    confirmed = kit.find(photo)
    sheet.found((20, 130), asked, (300, 202))
    sheet.text((20, 98), "a photo: possible", 20, _ORANGE)
    sheet.text((20, 342), f'{probability_of(asked)}\nan agent asks: "Is this Ruby?"', 17)
    cases = (("Yes", confirmed, "confirm: the region becomes\na view of Ruby", 20),
             ("No", rejected, "reject: the region becomes\na negative of Ruby", 265))  # fmt: skip
    for word, finding, done, top in cases:
        answer = answer_of(finding)
        colour = _COLOUR_OF[answer]
        sheet.arrow((330, 230), (390, top + 100), colour)
        sheet.text((400, top + 62), f'"{word}"', 24, colour)
        sheet.text((400, top + 98), done, 17)
        sheet.found((650, top), finding, (270, 182))
        sheet.text((650, top + 186), f"then: {answer}", 20, colour)
        sheet.text((920, top + 189), probability_of(finding), 17, _FAINT, "ra")
    return sheet


def photo_to_answer(kit: PeKit, view: View, reference: Image.Image, photo: Image.Image) -> Sheet:
    """Return a sheet with every stage from two photos to an answer."""
    sheet = Sheet.of(1180, 700)
    finding = kit.find(photo, mode="scene")
    match, decide = finding.matches[0], MatchSettings()
    sheet.text((20, 16), "Introduce, once", 24, _BLUE)
    _stage(sheet, 20, 56, "1  a reference photo", reference)
    _stage(sheet, 320, 56, "2  extract: the object alone", _alone(view, reference))
    sheet.text((620, 56), "3  embed: one view", 17)
    sheet.vector((620, 84), view.vector, (224, 150))
    sheet.text(
        (620, 240),
        f"{len(view.vector)} numbers: the mean of\nthe features under the mask",
        15,
        _FAINT,
    )
    sheet.draw.rounded_rectangle((930, 84, 1150, 234), 14, outline=_BLUE, width=3)
    sheet.text((1040, 112), "4  the memory", 17, _INK, "ma")
    sheet.text((1040, 144), 'name "Ruby"\ncategory "motorcycle"\nviews, no photo', 16, _FAINT, "ma")
    for left in (250, 550, 850):
        sheet.arrow((left, 159), (left + 60, 159))
    sheet.text((20, 316), "Ask, of any photo", 24, _BLUE)
    _stage(sheet, 20, 356, f"5  propose: {len(finding.proposals)} regions", _boxed(finding))
    sheet.text((320, 356), "6  embed each region", 17)
    for number, vector in enumerate(finding.vectors[:3]):
        sheet.vector((320, 384 + 52 * number), vector[:192], (224, 44))
    sheet.text((320, 546), "in the same way as a view;\nthe beginnings of three", 15, _FAINT)
    sheet.text((620, 356), "7  match: which of three answers?", 17)
    for number, (answer, words) in enumerate(
        (
            ("named", f"{decide.named} or more"),
            ("possible", f"{decide.possible} to {decide.named}"),
            ("silence", f"less than {decide.possible}"),
        )
    ):
        top = 388 + 48 * number
        chosen = number == 0
        box = (620, top, 840, top + 40)
        colour = _COLOUR_OF[answer]
        sheet.draw.rounded_rectangle(
            box, 9, outline=colour, width=3, fill=colour if chosen else _PAPER
        )
        sheet.text((634, top + 20), answer, 18, _PAPER if chosen else colour, "lm")
        sheet.text((828, top + 20), words, 15, _PAPER if chosen else _FAINT, "rm")
    sheet.text((620, 546), f"here {match.object.name}, {match.probability:.2f}", 15, _FAINT)
    sheet.text((930, 356), "8  prompt: plates and text", 17)
    sheet.found((930, 384), finding, (220, 150))
    sentence = next(part for part in finding.prompt().text.split("\n\n") if "entity" in part)
    sheet.text((930, 540), textwrap.fill(sentence, 32), 15, _FAINT)
    for left in (250, 550, 850):
        sheet.arrow((left, 459), (left + 60, 459))
    sheet.arrow((1040, 240), (800, 350), _BLUE)
    sheet.arrow((1040, 606), (1040, 634))
    sheet.text((1040, 640), "your LVLM answers", 20, _INK, "ma")
    sheet.text((1040, 670), 'for example: "Ruby is in the garage."', 16, _FAINT, "ma")
    sheet.text(
        (20, 630),
        "No weight is trained. Introducing a thing adds views;\nforgetting it takes them away.",
        18,
    )
    return sheet


def _stage(sheet: Sheet, left: int, top: int, title: str, photo: Image.Image) -> None:
    sheet.text((left, top), title, 17)
    sheet.photo((left, top + 28), photo, (220, 150))


def _alone(view: View, photo: Image.Image) -> Image.Image:
    """Return the photo with everything outside of the view's mask darkened."""
    mask = coverage(view.proposal, Box(0, 0, *photo.size), (photo.height, photo.width))
    light = 0.2 + 0.8 * mask[:, :, None]
    return Image.fromarray((np.asarray(photo) * light).round().astype(np.uint8))


def _boxed(finding: Finding) -> Image.Image:
    """Return the photo with the box of every region."""
    picture = finding.image.copy()
    for region in finding.proposals:
        ImageDraw.Draw(picture).rectangle(region.box.xyxy, outline=(25, 155, 80), width=5)
    return picture


def memory_on_disk(kit: PeKit, view: View, place: Path) -> Sheet:
    """Return a sheet of what a memory of one object with its crop wrote into a folder."""
    sheet = Sheet.of(960, 520)
    sheet.text((20, 18), "memory/", 22, _BLUE)
    sheet.text((330, 22), "the directory that PeKit.open was given", 17, _FAINT)
    (user,) = (entry for entry in place.iterdir() if entry.is_dir())
    sheet.text((50, 58), f"{user.name[:12]}...{user.name[-4:]}/", 20, _BLUE)
    sheet.text((330, 60), "one folder for each user: the SHA-256 of the user id", 17, _FAINT)
    parts = {
        "objects.lance/": "a LanceDB table, one row for each object",
        "review/": "doubtful matches, kept for a decision",
        "lock": "the lock of whoever writes",
    }
    for row, (name, words) in enumerate(parts.items()):
        size = _kilobytes(user / name)
        sheet.text((80, 96 + 36 * row), name, 20, _BLUE)
        sheet.text((330, 98 + 36 * row), words, 17, _FAINT)
        sheet.text((940, 98 + 36 * row), size, 17, _FAINT, "ra")
    sheet.draw.rounded_rectangle((20, 226, 940, 500), 14, outline=_BLUE, width=3)
    sheet.text((40, 240), "one row: one object", 20, _BLUE)
    obj, (stored,) = kit.get("Ruby"), kit.views("Ruby")
    texts = f'name "{obj.name}"\ncategory "{obj.category}"\ncontext "{obj.context}"'
    sheet.text((40, 280), texts, 17)
    sheet.text((40, 366), "negatives: vectors of\nthings that it is not", 17)
    sheet.text((300, 252), "for each reference photo: a view", 17, _FAINT)
    sheet.vector((300, 284), view.vector, (190, 128))
    sheet.text((300, 422), "a vector\n(details: another 15 kB)", 17)
    crop = Image.open(BytesIO(stored.crop.picture))
    sheet.photo((520, 284), crop, (190, 128))
    sheet.text((520, 422), "a crop, only with\nkeep_crops=True", 17)
    sheet.photo((740, 284), Image.open(BytesIO(stored.crop.mask)).convert("RGB"), (190, 128))
    sheet.text((740, 422), "its outline, only with\nkeep_crops=True", 17)
    return sheet


def erased(place: Path) -> Sheet:
    """Return a sheet of which files hold something of an object, before and after forgetting it."""
    kit = PeKit.open(place, user_id="ann", keep_crops=True)
    kit.remember("Chelsea", photo_path("chelsea.png"), category="cat")
    kit.remember("Ruby", photo_path("motorcycle_left.png"), category="motorcycle")
    kit.update("Ruby", context="Rebuilt in 2014.")
    (view,) = kit.views("Ruby")
    middle = len(view.crop.picture) // 2  # the ends of all JPEGs are alike
    searched = {
        "name": b"Ruby",
        "note": b"Rebuilt",
        "crop": view.crop.picture[middle : middle + 100],
    }
    before = _holding(place, searched)
    kit.forget("Ruby")
    sheet = Sheet.of(960, 215)
    sheet.photo((20, 60), Image.open(BytesIO(view.crop.picture)), (200, 135))
    sheet.text((20, 18), "Ruby, to be forgotten", 20)
    sides = (("before: what is in the files", before), ("after", _holding(place, searched)))
    for column, (title, files) in enumerate(sides):
        left = 300 + 370 * column
        sheet.text((left, 18), title, 20, _BLUE)
        for row, (name, found) in enumerate(files.items()):
            words, colour = (", ".join(found), _ORANGE) if found else ("nothing of Ruby", _FAINT)
            sheet.text((left, 62 + 34 * row), name, 17)
            sheet.text((left + 120, 62 + 34 * row), words, 17, colour)
    sheet.arrow((560, 130), (640, 130))
    sheet.text((600, 100), "forget", 17, _INK, "ma")
    return sheet


def _holding(place: Path, searched: dict[str, bytes]) -> dict[str, list[str]]:
    """Return which of the searched bytes each data file below a folder holds, and the others."""
    held: dict[str, list[str]] = {}
    paths = sorted(place.rglob("*"), key=lambda path: path.suffix != ".lance")
    for path in filter(Path.is_file, paths):
        rows = sum(name.startswith("rows") for name in held)
        name = f"rows, file {rows + 1}" if path.suffix == ".lance" else "other files"
        content = path.read_bytes()
        found = [what for what, its_bytes in searched.items() if its_bytes in content]
        held[name] = held.get(name, []) + found
    return held


def _kilobytes(path: Path) -> str:
    """Return the size of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return f"{sum(each.stat().st_size for each in files) / 1000:.0f} kB"


def draw_all(folder: Path) -> list[Path]:
    """Write every diagram into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    left, right = (load_image(photo_path(f"motorcycle_{side}.png")) for side in ("left", "right"))
    blurred = right.filter(ImageFilter.GaussianBlur(_BLUR))
    photos = {
        "from another camera": right,
        "the same, blurred": blurred,
        "a cat": load_image(photo_path("chelsea.png")),
    }
    with tempfile.TemporaryDirectory() as place:
        kit = PeKit.open(place, user_id="ann", keep_crops=True)
        kit.remember("Ruby", left, category="motorcycle", context="Rebuilt in 2014.")
        view = kit.extract_view(left, category="motorcycle")
        kit.review.keep(kit.find(blurred), label="IMG_0042.jpg")
        sheets = {
            "three-answers.jpg": three_answers(kit, photos),
            "strictness.jpg": strictness_columns(kit, blurred),
            "photo-to-answer.jpg": photo_to_answer(kit, view, left, right),
            "memory-on-disk.jpg": memory_on_disk(kit, view, Path(place)),
            "correction.jpg": correction(kit, blurred),  # last: it changes what is remembered
        }
        with tempfile.TemporaryDirectory() as other:
            sheets["forgetting.jpg"] = erased(Path(other))
        return [sheet.save(name, folder) for name, sheet in sheets.items()]


if __name__ == "__main__":
    for drawn in draw_all(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES):
        print(drawn)
