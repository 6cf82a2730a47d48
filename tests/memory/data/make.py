"""What README.md says was made with the code of commit 699b95e; later code is not run with it."""

import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image

from pekit_agents import PeKit
from pekit_agents.testing import PALETTE, fake_profile


def photo(colour, left=20):
    picture = Image.new("RGB", (160, 120), (128, 128, 128))
    picture.paste(colour, (left, 20, left + 60, 80))
    return picture


folder, fake = Path(sys.argv[1]), fake_profile()
profile = replace(fake, matching=replace(fake.matching, threshold=0.95))
kit = PeKit.open(folder / "memory", user_id="ann", profile=profile, keep_crops=True)
red, blue, yellow, cyan = (PALETTE[name] for name in ("red", "blue", "yellow", "cyan"))
kit.remember("Biscuit", [photo(red), photo(red, 40)], category="dog", context="Eats shoes.")
ruby = kit.remember("Ruby", photo(blue), category="motorcycle", context="Rebuilt in 2014.")
kit._memory.add_negatives(ruby.object_id, kit.find(photo(yellow)).vectors)
kit.remember("Gone", photo(cyan), category="toy")
kit.forget("Gone")
print(kit.review.keep(kit.find(photo((255, 68, 68))), label="drawer"))  # nearly red
kit.export(folder / "memory.pekit")
for colour in (red, blue, yellow):
    print(colour, [match.object.name for match in kit.find(photo(colour, 30)).matches])
