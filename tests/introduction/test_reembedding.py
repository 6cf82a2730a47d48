"""What belongs to the old encoder does not outlive it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pekit_agents import PeKit
from pekit_agents.embedding.local_features import PatchDescriber
from pekit_agents.testing import ColourEncoder, fake_profile, solid_scene
from pekit_agents.types import Details


def test_details_of_the_old_encoder_are_dropped(tmp_path):
    root, red = tmp_path / "memory", solid_scene({"red": (20, 20, 90, 90)})
    kit = PeKit.open(root, fake_profile(), keep_crops=True)
    cup = kit.remember("Cup", red, category="mug")
    details = Details(*(np.full(shape, 77, np.int8) for shape in ((30, 8), (30, 2), 30)))
    record = kit._memory.get(cup.object_id)
    kit._memory.append_views(
        cup.object_id, record.vectors[:1], crops=[record.views[0].crop], details=[details]
    )
    old = record.views
    assert kit._memory.get(cup.object_id).views[1].details is not None

    def on_disk():
        return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())

    assert b"M" * 100 in on_disk()
    new = PeKit.reembed(root, fake_profile("colour@2"))
    views = new._memory.get(cup.object_id).views
    assert [view.details for view in views] == [None, None]
    assert (views[0].view_id, views[0].crop) == (old[0].view_id, old[0].crop)
    assert b"M" * 100 not in on_disk()


def test_details_are_made_anew_where_the_new_profile_describes(tmp_path):
    root, red = tmp_path / "memory", solid_scene({"red": (20, 20, 90, 90)})
    PeKit.open(root, fake_profile(), keep_crops=True).remember("Cup", red, category="mug")
    encoder = ColourEncoder("colour@2")
    new = PeKit.reembed(root, replace(fake_profile("colour@2"), describer=PatchDescriber(encoder)))
    (view,) = new.views("Cup")
    reds = view.details.colours[:, 1] > 50  # b* of red is 70
    assert reds.mean() > 0.7
