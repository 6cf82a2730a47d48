"""Composed clips as files: H.264 that shows the frames, with what is true beside it."""

from __future__ import annotations

import numpy as np
import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.clips.composing import compose_clips
from pekit_agents.evaluation.clips.truth import read_truths

av = pytest.importorskip("av")

from pekit_agents.evaluation.clips.writing import TRUTH_FILE, write_clips  # noqa: E402


def test_a_file_shows_the_frames_at_their_times(dataset, backgrounds, tmp_path):
    clips = compose_clips(
        dataset, backgrounds, seed=3, count=2, size_wh=(160, 90), seconds=(2.0, 2.4)
    )
    steps = []
    files = write_clips(clips, tmp_path / "out", progress=lambda *step: steps.append(step))
    assert [file.name for file in files] == ["clip-000.mp4", "clip-001.mp4"]
    assert steps == [(1, 2), (2, 2)]
    for clip, file in zip(clips.clips, files, strict=True):
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            decoded = [(float(f.time), f.to_image()) for f in container.decode(stream)]
        drawn = list(clip.frames())
        assert len(decoded) == len(drawn)
        for (time, seen), (true, picture) in zip(decoded, drawn, strict=True):
            assert time == pytest.approx(true, abs=0.001)
            assert seen.size == (160, 90)
            gap = np.abs(np.asarray(seen, int) - np.asarray(picture, int)).mean()
            assert gap < 12  # colours lose half of their pixels
    kept = read_truths(tmp_path / "out" / TRUTH_FILE)
    assert [each.to_dict() for each in kept] == [clip.truth.to_dict() for clip in clips.clips]


def test_a_folder_with_files_is_left_alone(dataset, backgrounds, tmp_path):
    clips = compose_clips(dataset, backgrounds, count=1, size_wh=(160, 90), seconds=(2.0, 2.4))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="empty folder"):
        write_clips(clips, tmp_path / "out")
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["mine.txt"]
